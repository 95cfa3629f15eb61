// The list of events: what is chosen, what is done to it, how one moves.

const TYPED_IN = "input:not([type=checkbox]), textarea, select, [contenteditable=true]";

class Inbox {
  constructor(root, data, send, held) {
    this.root = root;
    this.data = data;
    this.send = send;
    const known = new Set(data.rows.map((row) => row.id));
    this.chosen = new Set([...(held?.chosen ?? [])].filter((id) => known.has(id)));
    this.at = Math.max(0, Math.min(held?.at ?? 0, data.rows.length - 1));
    this.build();
    if (held?.focused) this.rows[this.at]?.focus({ preventScroll: true });
    this.listen = (event) => this.key(event);
    // Before the page's own keys: one of them would empty its caches.
    window.addEventListener("keydown", this.listen, true);
  }

  end() {
    window.removeEventListener("keydown", this.listen, true);
  }

  // ------------------------------------------------------------------ what there is
  build() {
    const { words } = this.data;
    const table = element("table");
    table.setAttribute("aria-label", words.label);
    table.append(this.head(), this.body());
    this.help = this.keys();
    this.root.replaceChildren(this.bar(), this.help, table, this.foot());
    this.mark();
    this.tell();
  }

  bar() {
    const bar = element("div", "bar");
    bar.setAttribute("role", "toolbar");
    this.count = element("span", "count");
    this.count.setAttribute("aria-live", "polite");
    bar.append(this.count);
    this.buttons = this.data.deeds.map((deed) => {
      const button = this.button(deed.label, () => this.deed(deed.name));
      bar.append(button);
      return button;
    });
    const help = this.button(`? ${this.data.words.keys}`, () => this.showKeys());
    help.className = "help";
    bar.append(help);
    return bar;
  }

  button(text, act) {
    const made = element("button", "", text);
    made.type = "button";
    made.onclick = act;
    return made;
  }

  keys() {
    const panel = element("div", "keys");
    panel.hidden = true;
    panel.setAttribute("role", "region");
    panel.setAttribute("aria-label", this.data.words.keys);
    for (const [key, text] of this.data.keys) {
      const one = element("span", "key");
      one.append(element("kbd", "", key), element("span", "", text));
      panel.append(one);
    }
    return panel;
  }

  showKeys(shown = this.help.hidden) {
    this.help.hidden = !shown;
  }

  head() {
    const row = element("tr");
    this.all = box(this.data.words.all, () => this.chooseAll(this.all.checked));
    const first = element("th", "pick");
    if (this.data.deeds.length) first.append(this.all);
    row.append(first, ...this.data.columns.map((name) => element("th", "", name)));
    const head = element("thead");
    head.append(row);
    return head;
  }

  body() {
    const may = this.data.deeds.length > 0;
    this.rows = this.data.rows.map((told, number) => {
      const label = `${this.data.words.choose} ${told.asset}`;
      const pick = may ? box(label, () => this.choose(told.id)) : null;
      const row = line(told, pick, this.data.level);
      row.onclick = (event) => {
        if (!event.target.closest(".pick")) open(told.address);
      };
      row.onfocus = () => this.move(number, false);
      return row;
    });
    const body = element("tbody");
    body.append(...this.rows);
    return body;
  }

  foot() {
    const foot = element("div", "foot");
    const { first, next, page, words } = this.data;
    if (first) foot.append(link("turn", words.first, first));
    foot.append(element("span", "page", page));
    if (next) foot.append(link("turn", words.next, next));
    return foot;
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
    for (const button of this.buttons) button.disabled = some === 0;
    this.all.checked = some > 0 && some === this.data.rows.length;
    this.all.indeterminate = some > 0 && some < this.data.rows.length;
    for (const row of this.rows) {
      const mine = this.chosen.has(row.dataset.id);
      row.classList.toggle("chosen", mine);
      const own = row.querySelector("input");
      if (own) own.checked = mine;
    }
  }

  deed(name) {
    if (!this.chosen.size) return;
    if (name === "acknowledge") {
      // It is done at once: what follows from the site only confirms it.
      for (const row of this.rows) {
        if (this.chosen.has(row.dataset.id)) row.classList.add("pending");
      }
    }
    this.send("deed", { name, events: [...this.chosen] });
    if (name === "acknowledge" || name === "reopen" || name === "unmute") this.chooseAll(false);
  }

  // ------------------------------------------------------------------ keyboard
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const [target] = event.composedPath();
    if (target instanceof Element && target.matches(TYPED_IN)) return;
    if (document.querySelector('[role="dialog"]')) return;
    const mine = this.root.contains(target);
    const act = this.acts(mine)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }

  acts(mine) {
    const told = this.data.rows[this.at];
    const acts = { "?": () => this.showKeys() };
    if (this.data.next) acts.n = () => open(this.data.next);
    if (!told) return acts;
    acts.j = () => this.move(this.at + 1);
    acts.k = () => this.move(this.at - 1);
    acts.o = () => open(told.address);
    if (mine) {
      Object.assign(acts, {
        ArrowDown: acts.j, ArrowUp: acts.k, Enter: acts.o,
        Home: () => this.move(0), End: () => this.move(this.rows.length - 1),
      });
    }
    if (!this.data.deeds.length) return acts;
    acts.x = () => this.choose(told.id);
    if (mine) acts[" "] = acts.x;
    acts.Escape = () => { this.showKeys(false); this.chooseAll(false); };
    const keys = { a: "acknowledge", c: "close", m: "mute" };
    for (const [key, name] of Object.entries(keys)) {
      if (this.data.deeds.some((deed) => deed.name === name)) {
        acts[key] = () => this.one(name, told.id);
      } else acts[key] = () => {};
    }
    return acts;
  }

  one(name, id) {
    if (!this.chosen.size) this.chosen.add(id);
    this.tell();
    this.deed(name);
  }

  move(to, focus = true) {
    this.at = Math.max(0, Math.min(to, this.rows.length - 1));
    this.mark();
    if (focus) this.rows[this.at]?.focus({ preventScroll: false });
  }

  mark() {
    this.rows.forEach((row, number) => {
      row.tabIndex = number === this.at ? 0 : -1;
      row.classList.toggle("at", number === this.at);
    });
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
  if (known?.signature === signature) return known.end;
  const held = known?.inbox.held();
  known?.inbox.end();
  const inbox = new Inbox(root, data, setTriggerValue, held);
  const end = () => { inbox.end(); standing.delete(root); };
  standing.set(root, { signature, inbox, end });
  return end;
}
