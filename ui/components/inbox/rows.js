// One line of the list of events: a row where there is room, a card where there is not.

function box(label, act) {
  const made = element("input");
  made.type = "checkbox";
  made.tabIndex = -1;
  made.setAttribute("aria-label", label);
  made.onchange = act;
  return made;
}

function cell(name, text, below) {
  const made = element("td", name);
  const words = element("div", "words", text);
  words.title = text;
  made.append(words);
  if (below) {
    const small = element("div", "below", below);
    small.title = below;
    made.append(small);
  }
  return made;
}

// How surprise went from an event's start to its end; the dashes are the alarm level.
const WIDE = 72, HIGH = 28;

function curve(course, level) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "curve");
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  svg.setAttribute("aria-hidden", "true");
  const y = (share) => (HIGH - 1 - share * (HIGH - 2)).toFixed(1);
  const step = course.length > 1 ? (WIDE - 2) / (course.length - 1) : 0;
  let path = "", gap = true;
  course.forEach((share, at) => {
    if (share === null) return void (gap = true);
    const x = (1 + at * step).toFixed(1);
    // A part alone is a dot: a line of no length with round ends.
    path += `${gap ? "M" : "L"}${x} ${y(share)}${gap ? `h0` : ""}`;
    gap = false;
  });
  for (const [name, d] of [["level", `M0 ${y(level)}H${WIDE}`], ["course", path]]) {
    const line = document.createElementNS(svg.namespaceURI, "path");
    line.setAttribute("class", name);
    line.setAttribute("d", d);
    svg.append(line);
  }
  return svg;
}

function line(told, pick, level) {
  const row = element("tr");
  row.dataset.id = told.id;
  row.tabIndex = -1;
  const first = element("td", "pick");
  if (pick) first.append(pick);
  const urgency = element("td", "urgency");
  const mark = element("span", "mark", told.urgency);
  mark.style.setProperty("--mark", told.colour);
  mark.title = told.why;
  urgency.append(mark);
  if (told.kind) urgency.append(element("div", "below", told.kind));
  const asset = element("td", "asset");
  const name = link("words", told.asset, told.address);
  name.title = told.asset;
  name.tabIndex = -1;
  asset.append(name, element("div", "below", told.fleet));
  const sensors = element("td", "sensors");
  const names = element("div", "words");
  told.sensors.forEach((text, at) => names.append(element("span", at ? "minor" : "", text)));
  names.title = told.sensors.join(", ");
  sensors.append(names);
  const peak = element("td", "peak");
  if (told.peak) peak.append(element("span", "", told.peak));
  if (told.course.length) peak.append(curve(told.course, level));
  row.append(
    first, urgency, asset, sensors,
    cell("began", told.began, told.ago), cell("lasted", told.lasted), peak,
    cell("state", told.state, told.muted), cell("owner", told.owner),
  );
  return row;
}
