// A table: rows are walked with the arrows, opened, chosen, and done something to.
// Of long tables only as many rows are in the page as one has scrolled through.

const PART = 150; // rows added at a time
const NEAR = 400; // pixels from the end at which more are added

class Table {
  constructor(root, data, send, held) {
    this.root = root;
    this.data = data;
    this.send = send;
    this.rows = [];
    const known = new Set(data.rows.filter((row) => row.deeds.length).map((row) => row.key));
    this.chosen = new Set([...(held?.chosen ?? [])].filter((key) => known.has(key)));
    this.at = Math.max(data.rows.findIndex((row) => row.key === held?.key), 0);
    this.buttons = data.deeds.length > 0 && !data.choose;
    this.boxes = data.choose && known.size > 0;
    this.build();
    this.upTo(Math.max(held?.shown ?? 0, this.at + 1));
    if (held) this.view.scrollTop = held.top;
    if (held?.focused) this.rows[this.at]?.focus({ preventScroll: true });
    this.tell();
  }

  build() {
    this.table = element("table");
    this.table.setAttribute("aria-label", this.data.label);
    this.table.setAttribute("aria-rowcount", this.data.rows.length + 1);
    this.body = element("tbody");
    this.table.append(this.head(), this.body);
    this.table.onkeydown = (event) => this.key(event);
    this.view = element("div", "view");
    this.view.append(this.table);
    this.view.onscroll = () => this.more();
    const parts = [this.view];
    if (this.boxes) parts.unshift(this.bar());
    if (!this.data.rows.length) parts.push(element("p", "nothing", this.data.words.nothing));
    this.root.replaceChildren(...parts);
    this.upTo(PART);
  }

  // ------------------------------------------------------------------ above the rows
  bar() {
    const bar = element("div", "bar");
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", this.data.words.deeds);
    this.count = element("span", "count");
    this.count.setAttribute("aria-live", "polite");
    this.deeds = this.data.deeds.map(({ name, label }) => {
      const button = element("button", "", label);
      button.type = "button";
      button.onclick = () => this.deed(name);
      button.dataset.deed = name;
      return button;
    });
    bar.append(this.count, ...this.deeds);
    return bar;
  }

  head() {
    const row = element("tr");
    if (this.boxes) {
      const pick = element("th", "pick");
      this.all = this.box(this.data.words.all, () => this.chooseAll(this.all.checked));
      this.all.tabIndex = 0;
      pick.append(this.all);
      row.append(pick);
    }
    for (const { title, kind, width } of this.data.columns) {
      const cell = element("th", kind, title);
      cell.scope = "col";
      cell.title = title;
      if (width) cell.style.width = width;
      row.append(cell);
    }
    if (this.buttons) {
      const last = element("th", "deeds");
      last.setAttribute("aria-label", this.data.words.deeds);
      row.append(last);
    }
    const head = element("thead");
    head.append(row);
    return head;
  }

  // ------------------------------------------------------------------ rows
  more() {
    const { scrollTop, clientHeight, scrollHeight } = this.view;
    if (scrollTop + clientHeight > scrollHeight - NEAR) this.upTo(this.rows.length + PART);
  }

  upTo(count) {
    const last = Math.min(count, this.data.rows.length);
    const added = [];
    while (this.rows.length < last) {
      const row = this.row(this.data.rows[this.rows.length], this.rows.length);
      this.rows.push(row);
      added.push(row);
    }
    this.body.append(...added);
  }

  row(told, number) {
    const row = element("tr");
    row.dataset.key = told.key;
    row.setAttribute("aria-rowindex", number + 2);
    const address = told.cells.find((cell) => cell.address)?.address;
    if (address) row.classList.add("leads");
    if (this.boxes) {
      const pick = element("td", "pick");
      const name = `${this.data.words.choose}: ${told.cells[0]?.text ?? told.key}`;
      if (told.deeds.length) pick.append(this.box(name, () => this.choose(told)));
      row.append(pick);
    }
    told.cells.forEach((cell, at) => row.append(this.cell(cell, this.data.columns[at])));
    if (this.buttons) row.append(this.own(told));
    row.onclick = (event) => {
      if (event.target.closest("button, a, input, .pick")) return;
      if (address && !String(window.getSelection())) open(address);
    };
    row.onfocus = () => this.move(number, false);
    this.reach(row, number === this.at);
    return row;
  }

  cell(told, column) {
    const cell = element("td", column?.kind);
    cell.title = told.title || told.text;
    const line = element("div", "line");
    if (told.colour) {
      const mark = element("i", "mark");
      mark.style.background = told.colour;
      line.append(mark);
    }
    line.append(told.address ? link("text", told.text, told.address)
      : element("span", "text", told.text));
    if (told.share !== null) {
      const bar = element("span", "share"), full = element("i");
      full.style.width = `${Math.min(Math.max(told.share, 0), 1) * 100}%`;
      bar.append(full);
      line.append(bar);
    }
    cell.append(line);
    if (told.below) cell.append(element("div", "below", told.below));
    return cell;
  }

  own(told) {
    const cell = element("td", "deeds");
    for (const { name, label } of this.data.deeds) {
      if (!told.deeds.includes(name)) continue;
      const button = element("button", "", label);
      button.type = "button";
      button.setAttribute("aria-label", `${label}: ${told.cells[0]?.text ?? told.key}`);
      button.onclick = () => this.send("deed", { name, rows: [told.key] });
      cell.append(button);
    }
    return cell;
  }

  box(label, act) {
    const box = element("input");
    box.type = "checkbox";
    box.setAttribute("aria-label", label);
    box.onchange = act;
    return box;
  }

  // Only the row one is at is reached with the tab key, and what is in it.
  reach(row, mine) {
    for (const one of [row, ...row.querySelectorAll("a, button, input")]) {
      one.tabIndex = mine ? 0 : -1;
    }
  }

  // ------------------------------------------------------------------ choosing
  choose(told) {
    if (!told.deeds.length) return;
    if (!this.chosen.delete(told.key)) this.chosen.add(told.key);
    this.tell();
  }

  chooseAll(wanted) {
    const able = this.data.rows.filter((row) => row.deeds.length);
    this.chosen = new Set(wanted ? able.map((row) => row.key) : []);
    this.tell();
  }

  tell() {
    if (!this.boxes) return;
    const some = this.chosen.size;
    const able = this.data.rows.filter((row) => row.deeds.length).length;
    this.count.textContent = some ? this.data.words.chosen.replace("{n}", some)
      : this.data.words.help_choose;
    this.count.classList.toggle("some", some > 0);
    for (const button of this.deeds) button.hidden = !this.offering(button.dataset.deed).length;
    this.all.checked = some > 0 && some === able;
    this.all.indeterminate = some > 0 && some < able;
    for (const row of this.rows) {
      const mine = this.chosen.has(row.dataset.key);
      row.classList.toggle("chosen", mine);
      const box = row.querySelector(".pick input");
      if (box) box.checked = mine;
    }
  }

  offering(name) {
    const able = (row) => this.chosen.has(row.key) && row.deeds.includes(name);
    return this.data.rows.filter(able).map((row) => row.key);
  }

  deed(name) {
    const rows = this.offering(name);
    if (!rows.length) return;
    this.chosen.clear();
    this.tell();
    this.send("deed", { name, rows });
  }

  // ------------------------------------------------------------------ keyboard
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.rows.length) return;
    const inside = event.target.closest("a, button, input");
    if (inside && ["Enter", " "].includes(event.key)) return;
    const told = this.data.rows[this.at];
    const address = told.cells.find((cell) => cell.address)?.address;
    const acts = {
      ArrowDown: () => this.move(this.at + 1), j: () => this.move(this.at + 1),
      ArrowUp: () => this.move(this.at - 1), k: () => this.move(this.at - 1),
      Home: () => this.move(0), End: () => this.move(this.data.rows.length - 1),
    };
    if (address) acts.Enter = acts.o = () => open(address);
    if (this.boxes) acts.x = acts[" "] = () => this.choose(told);
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  move(to, focus = true) {
    const next = Math.max(0, Math.min(to, this.data.rows.length - 1));
    this.upTo(next + 1);
    if (next !== this.at) {
      this.reach(this.rows[this.at], false);
      this.at = next;
      this.reach(this.rows[this.at], true);
      this.tell();
    }
    if (focus) this.rows[this.at].focus();
  }

  held() {
    return {
      chosen: this.chosen,
      key: this.data.rows[this.at]?.key,
      shown: this.rows.length,
      top: this.view.scrollTop,
      focused: this.root.contains(this.root.getRootNode().activeElement),
    };
  }
}

const standing = new WeakMap();

// A button that is replaced while it is held down is never clicked: what comes meanwhile waits.
function afterPress(root, draw) {
  const waits = root.draw !== undefined;
  root.draw = draw;
  if (waits) return;
  const release = () => setTimeout(() => {
    root.draw?.();
    delete root.draw;
  });
  for (const end of ["pointerup", "pointercancel", "keyup"]) {
    window.addEventListener(end, release, { once: true });
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".table");
  const draw = () => {
    const signature = JSON.stringify(data);
    const known = standing.get(root);
    if (known?.signature === signature) return;
    const held = known?.table.held();
    standing.set(root, { signature, table: new Table(root, data, setTriggerValue, held) });
  };
  if (root.matches(":active")) afterPress(root, draw);
  else draw();
}
