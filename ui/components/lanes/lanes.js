// The swim lane.  Only the rows in sight are in the page: a thousand machines over three
// months would be ninety thousand elements.

const ROW = 22;
const SPARE = 8;
const SEEN = 24;
const STATE = { 0: 0, 1: 1, 2: 2, 3: 3, 4: 4, m: 5, u: 6, ".": 7 };
const LEGEND = [0, 1, 2, 3, 4, 5, 6];
const CLASSES = ["normal", "close", "watch", "plan", "act", "masked", "unjudged", "none"];
const LEAST_ABOVE = 64;

class Lanes {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.times = new Times(data);
    this.count = data.starts.length;
    this.at = [0, Math.max(this.count - 1, 0)];
    this.drawn = new Map();
    this.build();
  }

  build() {
    const { root, data } = this;
    for (const [name, colour] of Object.entries(data.colours)) {
      root.style.setProperty(`--${name}`, colour);
    }
    root.style.setProperty("--count", this.count);
    root.classList.toggle("dense", this.count > 60);
    this.above = element("div", "above");
    this.above.setAttribute("aria-hidden", "true");
    const head = element("div", "row head");
    head.append(element("span"), this.above, element("span", "most", data.words.highest));
    this.view = element("div", "view");
    this.view.setAttribute("role", "grid");
    this.view.setAttribute("aria-label", `${data.words.label} ${data.words.help}`);
    this.view.setAttribute("aria-rowcount", data.rows.length);
    this.view.setAttribute("aria-colcount", this.count + 2);
    this.view.style.maxHeight = `${ROW * SEEN}px`;
    this.body = element("div", "body");
    this.body.setAttribute("role", "rowgroup");
    this.body.style.height = `${ROW * data.rows.length}px`;
    this.view.append(this.body);
    this.tip = element("div", "tip");
    this.tip.setAttribute("role", "presentation");
    root.replaceChildren(this.legend(), head, this.view, this.tip);
    this.view.onscroll = () => { this.hide(); this.draw(); };
    this.view.onmouseover = (event) => this.show(event.target);
    this.view.onmouseleave = () => this.hide();
    this.view.addEventListener("focusin", (event) => this.show(event.target));
    this.view.addEventListener("focusout", () => this.hide());
    this.view.onclick = (event) => this.click(event);
    this.view.onkeydown = (event) => this.key(event);
    this.draw();
    this.watch = new ResizeObserver(() => this.write());
    this.watch.observe(this.above);
  }

  legend() {
    const list = element("ul", "legend");
    const there = new Set(this.data.rows.flatMap((row) => [...new Set(row.cells)]));
    for (const state of LEGEND) {
      const letter = Object.keys(STATE).find((one) => STATE[one] === state);
      if (state > 4 && !there.has(letter)) continue;
      const item = element("li");
      item.append(element("i", `cell ${CLASSES[state]}`), this.data.states[state]);
      list.append(item);
    }
    return list;
  }

  // ------------------------------------------------------------------ drawing
  draw() {
    const first = Math.max(Math.floor(this.view.scrollTop / ROW) - SPARE, 0);
    const last = Math.min(first + SEEN + 2 * SPARE, this.data.rows.length);
    for (const [number, row] of this.drawn) {
      if ((number < first || number >= last) && number !== this.at[0]) {
        row.remove();
        this.drawn.delete(number);
      }
    }
    for (let number = first; number < last; number++) {
      if (this.drawn.has(number)) continue;
      const row = this.row(number);
      const after = [...this.drawn.keys()].filter((other) => other > number);
      const next = after.length ? this.drawn.get(Math.min(...after)) : null;
      this.body.insertBefore(row, next);
      this.drawn.set(number, row);
    }
  }

  row(number) {
    const told = this.data.rows[number];
    const row = element("div", "row");
    row.style.top = `${number * ROW}px`;
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", number + 1);
    const name = element("div", "name");
    name.setAttribute("role", "rowheader");
    const mark = element("span", `mark ${told.urgency || "calm"}`);
    if (told.waiting) mark.title = told.waiting;
    const link = element("a", "", told.asset);
    link.href = this.address(told);
    link.tabIndex = -1;
    link.title = told.waiting ? `${told.asset} · ${told.waiting}` : told.asset;
    link.dataset.row = number;
    name.append(mark, link);
    if (this.data.several) name.append(element("span", "fleet", told.fleet));
    const cells = element("div", "cells");
    for (let bucket = 0; bucket < this.count; bucket++) {
      const cell = element("i", `cell ${CLASSES[STATE[told.cells[bucket]]]}`);
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-label", this.said(number, bucket));
      cell.tabIndex = number === this.at[0] && bucket === this.at[1] ? 0 : -1;
      cell.dataset.row = number;
      cell.dataset.bucket = bucket;
      cells.append(cell);
    }
    const highest = Math.max(0, ...told.peaks.map((peak) => peak ?? 0));
    const most = element("div", highest >= 100 ? "most high" : "most", this.times_(highest));
    row.append(name, cells, most);
    return row;
  }

  times_(hundredths) {
    if (!hundredths) return "–";
    const form = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    return `${(hundredths / 100).toLocaleString(this.data.language, form)}×`;
  }

  // Dates above the cells, as many as there is room for.
  write() {
    const width = this.above.clientWidth;
    if (!width || !this.count) return;
    const starts = [...Array(this.count).keys()].filter((one) => this.times.begins(one));
    const each = width / Math.max(starts.length, 1);
    const step = Math.max(Math.ceil(LEAST_ABOVE / each), 1);
    const shown = starts.filter((_, number) => number % step === 0)
      .filter((bucket) => (1 - bucket / this.count) * width > LEAST_ABOVE * 0.7);
    this.above.replaceChildren(...shown.map((bucket) => {
      const text = element("span", "", this.times.above(bucket));
      text.style.left = `${(bucket / this.count) * 100}%`;
      return text;
    }));
  }

  // ------------------------------------------------------------------ words
  said(number, bucket) {
    const told = this.data.rows[number];
    const state = this.data.states[STATE[told.cells[bucket]]];
    const peak = told.peaks[bucket];
    const level = this.data.words.ofLevel.replace("{n}", this.times_(peak));
    const parts = [told.asset, this.times.name(bucket), state];
    if (peak !== null && peak !== undefined) parts.push(level);
    return parts.join(" · ");
  }

  show(target) {
    const cell = target.closest?.(".cell");
    if (!cell || cell.dataset.bucket === undefined) return this.hide();
    this.tip.textContent = cell.getAttribute("aria-label");
    this.tip.classList.add("shown");
    const box = cell.getBoundingClientRect(), all = this.root.getBoundingClientRect();
    const half = this.tip.offsetWidth / 2;
    const middle = box.left - all.left + box.width / 2;
    const left = Math.min(Math.max(middle, half), Math.max(all.width - half, half));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${box.top - all.top}px`;
  }

  hide() {
    this.tip.classList.remove("shown");
  }

  // ------------------------------------------------------------------ leading on
  address(told, bucket) {
    const query = new URLSearchParams({ fleet: told.fleet, asset: told.asset });
    if (bucket !== undefined) {
      const from = this.data.starts[bucket], to = this.times.end(bucket);
      query.set("from", Math.round(from - (to - from)));
      query.set("to", Math.round(to + (to - from)));
    }
    return `/asset?${query}`;
  }

  click(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    const target = event.target.closest("a, .cell");
    if (!target || target.dataset.row === undefined) return;
    event.preventDefault();
    const bucket = target.dataset.bucket;
    const told = this.data.rows[Number(target.dataset.row)];
    open(this.address(told, bucket === undefined ? undefined : Number(bucket)));
  }

  key(event) {
    const cell = event.target.closest?.(".cell");
    if (!cell) return;
    const [row, bucket] = this.at;
    const moves = {
      ArrowUp: [row - 1, bucket], ArrowDown: [row + 1, bucket],
      ArrowLeft: [row, bucket - 1], ArrowRight: [row, bucket + 1],
      Home: [row, 0], End: [row, this.count - 1],
      PageUp: [row - SEEN, bucket], PageDown: [row + SEEN, bucket],
    };
    if (event.key in moves) this.move(...moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") {
      open(this.address(this.data.rows[row], bucket));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(row, bucket) {
    const last = this.at;
    this.at = [
      Math.min(Math.max(row, 0), this.data.rows.length - 1),
      Math.min(Math.max(bucket, 0), this.count - 1),
    ];
    const top = this.at[0] * ROW;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    const beyond = top + ROW - this.view.clientHeight;
    if (beyond > this.view.scrollTop) this.view.scrollTop = beyond;
    this.draw();
    const before = this.cell(...last), now = this.cell(...this.at);
    if (before) before.tabIndex = -1;
    now.tabIndex = 0;
    now.focus({ preventScroll: true });
  }

  cell(row, bucket) {
    return this.drawn.get(row)?.querySelectorAll(".cell")[bucket];
  }
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".lanes");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  root.lanes?.watch.disconnect();
  root.lanes = new Lanes(root, data);
}
