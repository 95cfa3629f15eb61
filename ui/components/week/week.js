// A week: seven columns of a day each; what overlaps stands beside each other.

const DAY = 1440;
const HIGH = 576;
const LEAST = 42;  // minutes that a mark is high at least, so that it can be read

function lanes(marks) {
  const ends = [];
  let group = [];
  const placed = [];
  for (const mark of marks) {
    if (ends.length && ends.every((end) => end <= mark.at)) {
      group.forEach((one) => { one.of = ends.length; });
      ends.length = 0;
      group = [];
    }
    let lane = ends.findIndex((end) => end <= mark.at);
    if (lane < 0) lane = ends.length;
    ends[lane] = mark.at + Math.max(mark.lasts, LEAST);
    const one = { mark, lane, of: 1 };
    group.push(one);
    placed.push(one);
  }
  group.forEach((one) => { one.of = ends.length; });
  return placed;
}

function block({ mark, lane, of }) {
  const made = mark.address ? link("mark", undefined, mark.address) : element("div", "mark");
  made.classList.toggle("hollow", mark.hollow);
  made.style.setProperty("--colour", mark.colour);
  const lasts = Math.min(Math.max(mark.lasts, LEAST), DAY - mark.at + LEAST);
  const top = Math.min(mark.at, DAY - LEAST);
  made.style.top = `${(top / DAY) * HIGH}px`;
  made.style.height = `${(lasts / DAY) * HIGH}px`;
  made.style.left = `${(lane / of) * 100}%`;
  made.style.width = `calc(${100 / of}% - 2px)`;
  made.title = `${mark.time} ${mark.told}`;
  made.setAttribute("aria-label", `${mark.time} ${mark.told}`);
  if (!mark.address) made.setAttribute("role", "img");
  made.append(element("span", "time", mark.time), element("span", "", mark.text));
  return made;
}

function day(told, number, data) {
  const made = element("div", told.today ? "day today" : "day");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", `${told.name} ${told.date}`);
  const own = data.marks.filter((mark) => mark.day === number);
  made.append(...lanes(own).map(block));
  if (told.today) {
    const line = element("div", "now");
    line.style.top = `${(data.now / DAY) * HIGH}px`;
    made.append(line);
  }
  return made;
}

function chip(told) {
  const made = element("div", told.hollow ? "chip hollow" : "chip", told.text);
  made.style.setProperty("--colour", told.colour);
  made.title = told.told;
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", told.told);
  return made;
}

function chips(data) {
  const row = element("div", "heads");
  row.append(element("div"), ...data.days.map((_, number) => {
    const cell = element("div", "chips");
    cell.append(...data.often.filter((told) => told.day === number).map(chip));
    return cell;
  }));
  return row;
}

function head(told) {
  const made = element("div", told.today ? "head today" : "head", told.name);
  made.append(element("span", "date", told.date));
  return made;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".week");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  for (const name of ["muted", "grid", "accent"]) {
    root.style.setProperty(`--${name}`, data.colours[name]);
  }
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", data.label);
  const heads = element("div", "heads");
  heads.append(element("div"), ...data.days.map(head));
  const hours = element("div", "hours");
  for (const hour of [4, 8, 12, 16, 20]) {
    const at = element("span", "", `${String(hour).padStart(2, "0")}:00`);
    at.style.top = `${(hour / 24) * HIGH}px`;
    hours.append(at);
  }
  const body = element("div", "body");
  body.append(hours, ...data.days.map((told, number) => day(told, number, data)));
  root.replaceChildren(heads, ...(data.often.length ? [chips(data)] : []), body);
  if (!data.marks.length && !data.often.length) root.append(element("p", "none", data.words.nothing));
}
