// Counts, each of which leads to what it counts.

function count(told) {
  const made = link(told.value === "0" ? "count zero" : "count", undefined, told.address);
  if (told.title) made.title = told.title;
  if (told.chosen) made.setAttribute("aria-current", "true");
  const label = element("div", "label");
  if (told.colour) {
    const mark = element("i");
    mark.style.background = told.colour;
    label.append(mark);
  }
  label.append(element("span", "", told.label));
  made.append(label, element("div", "value", told.value));
  return made;
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".tally");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  root.setAttribute("aria-label", data.label);
  root.replaceChildren(...data.counts.map(count));
}
