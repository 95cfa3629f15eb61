// The lanes of one machine: what there is, what is asked for, how one moves.

class Traces extends Drawing {
  constructor(root, data, send) {
    super();
    this.root = root;
    this.data = data;
    this.send = send;
    this.colours = data.colours;
    this.formats = new Formats(data.language, data.zone);
    this.words = data.words;
    [this.from, this.to] = data.range ?? data.whole;
    this.lanes = [];
    this.at = data.events.findIndex((event) => event.id === data.focus);
    this.turn = 0;
    this.build();
  }

  // ------------------------------------------------------------------ what there is
  build() {
    this.root.replaceChildren(this.bar());
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "application");
    this.root.setAttribute("aria-label", this.words.help);
    this.tip = element("div", "tip");
    this.tip.hidden = true;
    this.root.append(this.tip);
    this.whole = this.lane({
      name: this.words.whole, unit: "", height: HEIGHT.whole, whole: true, surprise: true,
    });
    for (const sensor of this.data.sensors) {
      this.lanes.push(this.lane({ ...sensor, height: HEIGHT.lane }));
    }
    this.surprise = this.lane({
      name: this.words.surprise, unit: "", height: HEIGHT.surprise, axis: true, surprise: true,
    });
    this.root.onkeydown = (event) => this.key(event);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
    this.tellRange();
    this.load();
    this.loadWhole();
  }

  bar() {
    const bar = element("div", "bar");
    this.range = element("span", "range");
    this.status = element("span", "status");
    this.status.setAttribute("aria-live", "polite");
    bar.append(this.range, this.status);
    for (const [word, act] of [
      ["before", () => this.step(-1)],
      ["after", () => this.step(1)],
      ["out", () => this.zoom(2)],
      ["all", () => this.go(...this.data.whole)],
    ]) {
      const button = element("button", "", this.words[word]);
      button.type = "button";
      button.onclick = act;
      bar.append(button);
    }
    return bar;
  }

  lane(told) {
    const row = element("div", `lane${told.axis ? " last" : ""}${told.whole ? " first" : ""}`);
    const label = element("div", "label");
    const name = element("div", "name", told.label || told.name);
    name.title = told.name;
    const value = element("div", "value", told.unit);
    label.append(name);
    if (told.share > 0.05) {
      const share = element("span", "share");
      share.style.width = `${Math.round(told.share * 100)}px`;
      share.style.background = this.colours.accent;
      share.title = `${Math.round(told.share * 100)}%`;
      label.append(share);
    }
    label.append(value);
    const plot = element("div", "plot");
    row.append(label, plot);
    this.root.append(row);
    const lane = { told, value, empty: false };
    lane.chart = new window.uPlot(this.options(lane), [[], []], plot);
    this.listen(lane);
    return lane;
  }

  width() {
    return Math.max(240, this.root.clientWidth - LABELS);
  }

  options(lane) {
    const { told } = lane;
    const { colours } = this;
    const font = `11px ${getComputedStyle(this.root).fontFamily}`;
    const grid = { show: !told.whole, stroke: colours.grid, width: 1 };
    const axis = { font, stroke: colours.muted, grid, ticks: { show: false } };
    return {
      width: this.width(),
      height: told.height,
      padding: [6, 8, told.axis ? 0 : 4, 0],
      legend: { show: false },
      cursor: {
        sync: { key: `traces-${this.data.key}`, setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: { size: 5 },
        y: false,
      },
      scales: {
        x: { time: true, auto: false, range: () => this.seen(told.whole) },
        y: told.surprise
          ? { range: () => [0, this.highest()] }
          : { range: (_, low, high) => this.padded(low, high) },
      },
      axes: [
        { ...axis, show: Boolean(told.axis), size: 24, space: 90,
          values: (_, ticks, __, ___, step) => ticks.map((s) => this.formats.tick(s, step)) },
        { ...axis, size: 44, space: 26,
          values: told.whole ? (_, ticks) => ticks.map(() => "") : undefined },
      ],
      series: [{}, {
        stroke: told.surprise ? (chart) => this.heat(chart) : this.line(told),
        fill: told.surprise ? (chart) => this.heat(chart, 0.2) : undefined,
        width: 1.2,
        points: { show: false },
        spanGaps: false,
      }],
      hooks: {
        drawClear: [(chart) => this.bands(chart)],
        draw: [(chart) => this.marks(chart, told)],
        setSelect: [(chart) => this.selected(chart)],
        setCursor: [(chart) => this.tell(chart, lane)],
      },
    };
  }

  line(told) {
    return told.share > 0.12 ? this.colours.accent : this.colours.line;
  }

  highest() {
    return this.top ?? HIGHEST;
  }

  seen(whole) {
    return whole ? this.data.whole : [this.from, this.to];
  }

  padded(low, high) {
    if (low === null) return [0, 1];
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    return [low - room, high + room];
  }

  // ------------------------------------------------------------------ what is asked for
  async load() {
    const turn = ++this.turn;
    this.abort?.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    const begun = performance.now();
    try {
      const [readings, scores] = await Promise.all([
        this.ask("readings", this.from, this.to, signal, { sensors: this.names() }),
        this.ask("scores", this.from, this.to, signal),
      ]);
      if (turn !== this.turn) return;
      const rows = readings.series[0] ?? { times: [], values: {} };
      const times = rows.times.map((text) => Date.parse(text) / 1000);
      for (const lane of this.lanes) {
        lane.chart.setData([times, rows.values[lane.told.name] ?? times.map(() => null)]);
      }
      this.surprise.chart.setData(this.scored(scores));
      this.root.dataset.painted = String(Math.round(performance.now() - begun));
      this.status.textContent = times.length ? "" : this.words.nothing;
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    }
  }

  async loadWhole() {
    try {
      const found = await this.ask("scores", ...this.data.whole);
      const rows = this.scored(found);
      this.top = Math.max(5, ...rows[1].filter((value) => value !== null)) * 1.05;
      this.whole.chart.setData(rows);
      this.surprise.chart.redraw(true);
    } catch (error) {
      this.failed(error);
    }
  }

  names() {
    return this.data.sensors.map((sensor) => sensor.name).join(",");
  }

  scored(answer) {
    const rows = answer.series[0] ?? { times: [], surprise: [] };
    return [rows.times.map((text) => Date.parse(text) / 1000), rows.surprise];
  }

  async ask(what, from, to, signal, more = {}) {
    const query = new URLSearchParams({
      asset: this.data.asset,
      from: new Date(Math.floor(from) * 1000).toISOString(),
      to: new Date(Math.ceil(to) * 1000 + 1000).toISOString(),
      width: String(Math.round(this.width())),
      ...more,
    });
    const path = `/api/v1/fleets/${encodeURIComponent(this.data.fleet)}/${what}?${query}`;
    const answer = await fetch(path, { credentials: "same-origin", signal });
    if (answer.status === 401) {
      window.location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.json();
  }

  failed(error) {
    this.status.textContent = `${this.words.failed} (${error.message})`;
  }

  // ------------------------------------------------------------------ how one moves
  go(from, to, soon = false) {
    const [first, last] = this.data.whole;
    const span = Math.min(Math.max(to - from, SHORTEST), last - first);
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(middle - span / 2, first), last - span);
    this.to = this.from + span;
    this.tellRange();
    for (const { chart } of [...this.lanes, this.surprise]) {
      chart.setScale("x", { min: this.from, max: this.to });
    }
    this.whole.chart.redraw(false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), soon ? 0 : DEBOUNCE);
    clearTimeout(this.addressed);
    this.addressed = setTimeout(() => this.address(), 300);
  }

  zoom(factor) {
    const half = ((this.to - this.from) / 2) * factor;
    const middle = (this.from + this.to) / 2;
    this.go(middle - half, middle + half);
  }

  pan(share) {
    const step = (this.to - this.from) * share;
    this.go(this.from + step, this.to + step);
  }

  step(by) {
    const { events } = this.data;
    if (!events.length) return;
    const next = this.at < 0 && by < 0 ? events.length - 1 : this.at + by;
    this.at = (next + events.length) % events.length;
    const event = events[this.at];
    const room = Math.max(event.end - event.start, 600) * 1.2;
    this.go(event.start - room, event.end + room, true);
    this.status.textContent = event.title;
  }

  address() {
    const query = new URLSearchParams(location.search);
    query.set("from", String(Math.round(this.from)));
    query.set("to", String(Math.round(this.to)));
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.pan(-0.2), ArrowRight: () => this.pan(0.2),
      "+": () => this.zoom(0.6), "=": () => this.zoom(0.6), "-": () => this.zoom(1.67),
      0: () => this.go(...this.data.whole), n: () => this.step(1), p: () => this.step(-1),
    };
    const act = acts[event.key];
    if (act) act();
    else if (event.key === "Enter" && event.target === this.root && this.at >= 0) {
      this.visit(this.data.events[this.at]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  selected(chart) {
    const { left, width } = chart.select;
    if (width < 5) return;
    const from = chart.posToVal(left, "x");
    const to = chart.posToVal(left + width, "x");
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (this.marking && this.data.mayMark) this.send("stretch", { start: from, end: to });
    else this.go(from, to);
  }

  listen({ chart, told }) {
    const { over } = chart;
    const eventAt = (pointer) => {
      const time = chart.posToVal(pointer.offsetX, "x");
      const near = (this.to - this.from) * 0.003;
      return this.data.events.find((e) => time >= e.start - near && time <= e.end + near);
    };
    let pressed = 0;
    over.addEventListener("mousedown", (pointer) => {
      pressed = pointer.clientX;
      this.marking = pointer.shiftKey;
    });
    over.addEventListener("click", (pointer) => {
      if (told.whole) this.centre(chart.posToVal(pointer.offsetX, "x"));
      else if (Math.abs(pointer.clientX - pressed) < 4) this.visit(eventAt(pointer));
    });
    over.addEventListener("dblclick", () => this.go(...this.data.whole));
    over.addEventListener("mousemove", (pointer) => this.hint(pointer, eventAt(pointer)));
    over.addEventListener("mouseleave", () => this.hint());
    over.addEventListener("wheel", (turn) => this.wheel(turn, chart), { passive: false });
  }

  centre(time) {
    const half = (this.to - this.from) / 2;
    this.go(time - half, time + half);
  }

  wheel(turn, chart) {
    if (!turn.ctrlKey && !turn.shiftKey) return;
    turn.preventDefault();
    const time = chart.posToVal(turn.offsetX, "x");
    const factor = (turn.deltaY || turn.deltaX) < 0 ? 0.7 : 1.4;
    this.go(time - (time - this.from) * factor, time + (this.to - time) * factor);
  }

  visit(event) {
    if (event && event.id !== this.data.focus) open(event.address);
  }

  // ------------------------------------------------------------------ what is told
  hint(pointer, event) {
    this.tip.hidden = !event;
    if (!event) return;
    const box = this.root.getBoundingClientRect();
    this.tip.textContent = event.title;
    this.tip.style.left = `${Math.min(pointer.clientX - box.left, box.width - 220)}px`;
    this.tip.style.top = `${pointer.clientY - box.top - 34}px`;
  }

  tell(chart, { told, value }) {
    const { idx } = chart.cursor;
    const found = idx === null || idx === undefined ? null : chart.data[1][idx];
    const number = found === null || found === undefined ? "" : this.formats.number.format(found);
    value.textContent = number ? `${number} ${told.unit}` : told.unit;
  }

  tellRange() {
    this.range.textContent = `${this.formats.at(this.from)} – ${this.formats.at(this.to)}`;
  }

  resize() {
    const width = this.width();
    const all = [this.whole, ...this.lanes, this.surprise];
    if (all.every(({ chart }) => Math.abs(chart.width - width) <= 2)) return;
    for (const { chart, told } of all) chart.setSize({ width, height: told.height });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), DEBOUNCE);
  }

  end() {
    this.turn += 1;
    this.abort?.abort();
    this.observer.disconnect();
    for (const { chart } of [this.whole, ...this.lanes, this.surprise]) chart.destroy();
  }
}

const standing = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".traces");
  const signature = JSON.stringify(data);
  const held = standing.get(root);
  if (held?.signature === signature) return held.end;
  held?.end();
  let over = false;
  const mine = { signature, end: () => { over = true; mine.traces?.end(); standing.delete(root); } };
  standing.set(root, mine);
  charts()
    .then(() => { if (!over) mine.traces = new Traces(root, data, setTriggerValue); })
    .catch((error) => { root.textContent = `${data.words.failed} (${error.message})`; });
  return mine.end;
}
