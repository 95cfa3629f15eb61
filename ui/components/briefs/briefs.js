// A short list of lines, each of which leads somewhere within the site.

function element(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function open(address) {
  history.pushState({}, "", address);
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

function line(told) {
  const row = element(told.address ? "a" : "div", "line");
  if (told.address) {
    row.href = told.address;
    row.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      open(told.address);
    };
  }
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
  root.classList.toggle("unmarked", !data.lines.some((told) => told.colour));
  root.replaceChildren(...data.lines.map(line));
}
