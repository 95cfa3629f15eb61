// A short list of lines, each of which leads somewhere within the site.

function line(told) {
  const row = told.address ? link("line", "", told.address) : element("div", "line");
  const mark = element("span", told.colour ? "mark" : "mark none");
  if (told.colour) mark.style.background = told.colour;
  const text = element("span", "text", told.text);
  text.title = told.text;
  const words = element("span", "words");
  words.append(text);
  if (told.below) {
    const below = element("span", "below", told.below);
    below.title = told.below;
    words.append(below);
  }
  row.append(mark, words, element("span", "beside", told.beside));
  const item = element("li");
  item.append(row);
  return item;
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".briefs");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  root.setAttribute("aria-label", data.label);
  root.classList.toggle("wraps", data.wraps);
  root.classList.toggle("unmarked", !data.lines.some((told) => told.colour));
  root.replaceChildren(...data.lines.map(line));
}
