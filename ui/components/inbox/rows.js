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

function bar(share) {
  const made = element("span", "far");
  const part = element("i");
  part.style.width = `${Math.round(share * 100)}%`;
  made.append(part);
  return made;
}

function line(told, pick) {
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
  if (told.peak) peak.append(element("span", "", told.peak), bar(told.far));
  row.append(
    first, urgency, asset, sensors,
    cell("began", told.began, told.ago), cell("lasted", told.lasted), peak,
    cell("state", told.state, told.muted), cell("owner", told.owner),
  );
  return row;
}
