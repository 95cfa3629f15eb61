// The list of events: one row each, worked through with the keyboard or the mouse.

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

class Inbox {
  constructor(root, data, send, held) {
    this.root = root;
    this.data = data;
    this.send = send;
    const known = new Set(data.rows.map((row) => row.id));
    this.chosen = new Set([...(held?.chosen ?? [])].filter((id) => known.has(id)));
    this.at = Math.min(held?.at ?? 0, data.rows.length - 1);
    this.build();
    if (held?.focused) this.focus();
  }

  build() {
    this.bar = element("div", "deeds");
    this.bar.setAttribute("role", "toolbar");
    this.count = element("span", "count");
    this.count.setAttribute("aria-live", "polite");
    this.bar.append(this.count);
    for (const deed of this.data.deeds) {
      const button = element("button", "", deed.label);
      button.type = "button";
      button.onclick = () => this.deed(deed.name);
      this.bar.append(button);
    }
    const table = element("table");
    table.append(this.head(), this.body());
    table.onkeydown = (event) => this.key(event);
    this.root.replaceChildren(this.bar, table, element("p", "help", this.data.words.help));
    this.tell();
  }

  head() {
    const row = element("tr");
    const all = this.box(this.data.words.all, () => this.chooseAll(all.checked));
    const first = element("th", "pick");
    if (this.data.deeds.length) first.append(all);
    row.append(first, ...this.data.columns.map((name) => element("th", "", name)));
    const head = element("thead");
    head.append(row);
    this.all = all;
    return head;
  }

  body() {
    const body = element("tbody");
    this.rows = this.data.rows.map((told, number) => this.row(told, number));
    body.append(...this.rows);
    return body;
  }

  row(told, number) {
    const row = element("tr");
    row.tabIndex = number === this.at ? 0 : -1;
    row.dataset.id = told.id;
    const pick = element("td", "pick");
    if (this.data.deeds.length) pick.append(this.box(told.asset, () => this.choose(told.id)));
    const urgency = element("td");
    const mark = element("span", "mark", told.urgency);
    mark.style.setProperty("--mark", this.data.colours[told.severity]);
    urgency.append(mark);
    const asset = element("td", "asset", told.asset);
    asset.append(element("span", "fleet", told.fleet));
    row.append(pick, urgency, asset);
    for (const [name, text] of [
      ["time", told.began], ["time", told.lasted], ["number", told.peak],
      ["sensors", told.sensors], ["", told.state], ["", told.owner],
    ]) {
      const cell = element("td", name, text);
      cell.title = text;
      row.append(cell);
    }
    row.onclick = (event) => {
      if (event.target.closest(".pick")) return;
      open(told.address);
    };
    row.onfocus = () => this.move(number, false);
    return row;
  }

  box(label, act) {
    const box = element("input");
    box.type = "checkbox";
    box.tabIndex = -1;
    box.setAttribute("aria-label", label);
    box.onchange = act;
    return box;
  }

  // ------------------------------------------------------------------ choosing
  choose(id) {
    if (!this.chosen.delete(id)) this.chosen.add(id);
    this.tell();
  }

  chooseAll(wanted) {
    this.chosen = new Set(wanted ? this.data.rows.map((row) => row.id) : []);
    this.tell();
  }

  tell() {
    const some = this.chosen.size;
    this.count.textContent = some ? this.data.words.chosen.replace("{n}", some) : "";
    this.bar.classList.toggle("idle", some === 0);
    this.all.checked = some > 0 && some === this.data.rows.length;
    this.all.indeterminate = some > 0 && some < this.data.rows.length;
    for (const row of this.rows) {
      const mine = this.chosen.has(row.dataset.id);
      row.classList.toggle("chosen", mine);
      const box = row.querySelector("input");
      if (box) box.checked = mine;
    }
  }

  deed(name) {
    if (this.chosen.size) this.send("deed", { name, events: [...this.chosen] });
  }

  // ------------------------------------------------------------------ keyboard
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.rows.length) return;
    const told = this.data.rows[this.at];
    const mayChoose = this.data.deeds.length > 0;
    const acts = {
      ArrowDown: () => this.move(this.at + 1), j: () => this.move(this.at + 1),
      ArrowUp: () => this.move(this.at - 1), k: () => this.move(this.at - 1),
      Home: () => this.move(0), End: () => this.move(this.rows.length - 1),
      Enter: () => open(told.address), o: () => open(told.address),
    };
    if (mayChoose) {
      acts.x = acts[" "] = () => this.choose(told.id);
      acts.a = () => this.one("acknowledge", told.id);
      acts.c = () => this.one("close", told.id);
    }
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  one(name, id) {
    if (!this.chosen.size) this.chosen.add(id);
    this.tell();
    this.deed(name);
  }

  move(to, focus = true) {
    this.rows[this.at]?.setAttribute("tabindex", "-1");
    this.at = Math.max(0, Math.min(to, this.rows.length - 1));
    this.rows[this.at].setAttribute("tabindex", "0");
    if (focus) this.focus();
  }

  focus() {
    this.rows[this.at]?.focus({ preventScroll: false });
  }

  held() {
    const focused = this.root.contains(this.root.getRootNode().activeElement);
    return { chosen: this.chosen, at: this.at, focused };
  }
}

const standing = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".inbox");
  const signature = JSON.stringify(data);
  const known = standing.get(root);
  if (known?.signature === signature) return;
  const held = known?.inbox.held();
  standing.set(root, { signature, inbox: new Inbox(root, data, setTriggerValue, held) });
}
