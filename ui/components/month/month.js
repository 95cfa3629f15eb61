// A month on a sheet.

const MOST = 5;

function entry(told) {
  if (!told) return element("div", "gap");
  const made = link("entry", "\u00a0", told.address);
  if (told.begins) {
    const words = element("span", "words", told.text);
    words.style.setProperty("--days", told.days);
    made.append(words);
  }
  made.classList.toggle("begins", told.begins);
  made.classList.toggle("ends", told.ends);
  made.classList.toggle("chosen", told.chosen);
  made.style.setProperty("--colour", told.colour);
  made.title = told.title;
  made.setAttribute("aria-label", told.title);
  if (told.chosen) made.setAttribute("aria-current", "true");
  return made;
}

function day(told, data, component, last) {
  const made = element("div", "day");
  made.setAttribute("role", "gridcell");
  made.setAttribute("aria-label", told.today ? `${told.words}, ${data.words.today}` : told.words);
  made.classList.toggle("outside", told.outside);
  made.classList.toggle("today", told.today);
  made.classList.toggle("last", last);
  const head = element("div", "head");
  head.append(element("span", "number", String(told.number)));
  if (data.adds) {
    const add = element("button", "add", "+");
    add.type = "button";
    add.title = data.words.add;
    add.setAttribute("aria-label", `${data.words.add}: ${told.words}`);
    add.onclick = () => component.setTriggerValue("day", told.day);
    head.append(add);
  }
  made.append(head, ...told.entries.slice(0, MOST).map(entry));
  const beyond = told.entries.slice(MOST).filter((one) => one);
  if (beyond.length) {
    const rest = element("span", "more", `+${beyond.length}`);
    rest.title = beyond.map((one) => one.title).join("\n");
    made.append(rest);
  }
  return made;
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".month");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  const sheet = element("div", "sheet");
  sheet.setAttribute("role", "grid");
  sheet.setAttribute("aria-label", data.label);
  for (const name of data.weekdays) {
    const head = element("div", "weekday", name);
    head.setAttribute("role", "columnheader");
    sheet.append(head);
  }
  const final = data.days.length - 7;
  sheet.append(...data.days.map((told, n) => day(told, data, component, n >= final)));
  root.replaceChildren(sheet);
}
