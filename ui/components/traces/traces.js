// The lanes of one machine: what there is, and what is told of it.

class Traces extends Moving {
  constructor(root, data, send, kept) {
    super();
    this.root = root;
    this.send = send;
    this.colours = data.colours;
    this.words = data.words;
    this.formats = data.kind === "cycle"
      ? new Cycles(data.language, data.zone, data.words.cycle)
      : new Formats(data.language, data.zone);
    this.take(data);
    [this.from, this.to] = data.range ?? kept ?? data.whole;
    this.lanes = [];
    this.turn = 0;
    this.said = "";
    this.build();
    this.findAtOnce();
    if (kept && !data.range) this.address();
  }

  take(data) {
    this.data = data;
    this.at = data.events.findIndex((event) => event.id === data.focus);
    this.spans = data.modes?.spans ?? [];
  }

  // What changed without another machine or other sensors: nothing jumps, the view stays.
  renew(data, send) {
    const asked = JSON.stringify(data.range) !== JSON.stringify(this.data.range) && data.range;
    const sought = data.find !== this.data.find;
    this.send = send;
    this.take(data);
    this.legend();
    this.findButton.hidden = !data.find;
    for (const lane of this.lanes) this.layOver(lane);
    if (asked && Math.abs(asked[0] - this.from) + Math.abs(asked[1] - this.to) > 3) {
      this.go(...asked, true);
    } else this.load();
    this.whole.chart.redraw(false);
    this.drawModes();
    // What is shown is known here alone while nothing else of the page changes.
    if (this.from !== data.whole[0] || this.to !== data.whole[1]) this.address();
    if (sought) this.findAtOnce();
  }

  // ------------------------------------------------------------------ what there is
  build() {
    const { data, words } = this;
    this.keys = element("div", "keys");
    this.root.replaceChildren(this.bar(), this.keys);
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "application");
    this.root.setAttribute("aria-label", words.help);
    this.tip = element("div", "tip");
    this.tip.hidden = true;
    this.root.append(this.tip);
    this.legend();
    this.whole = this.lane({
      name: words.whole, unit: "", height: HEIGHT.whole, whole: true, surprise: true,
    });
    if (data.modes && data.modes.names.length > 1) {
      this.modes = this.strip("modes", words.modes, 1);
      this.modes.names.append(element("div", "row", words.modes));
    }
    for (const sensor of data.sensors) {
      const last = !data.judged && sensor === data.sensors.at(-1);
      const height = last ? HEIGHT.lane + 24 : HEIGHT.lane;
      this.lanes.push(this.lane({ ...sensor, height, axis: last }));
    }
    if (data.judged) {
      this.surprise = this.lane({
        name: words.surprise, unit: "", height: HEIGHT.surprise, axis: true, surprise: true,
      });
    }
    if (data.judged && data.top) {
      this.root.append(element("div", "under", words.shares));
      this.shares = this.strip("shares", words.shares, data.top);
    }
    this.root.onkeydown = (event) => this.key(event);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
    this.tellRange();
    this.drawModes();
    this.load();
  }

  bar() {
    const bar = element("div", "bar");
    this.range = element("span", "range");
    this.status = element("span", "status");
    this.status.setAttribute("aria-live", "polite");
    bar.append(this.range, this.status);
    const button = (word, act) => {
      const made = element("button", word, this.words[word]);
      made.type = "button";
      made.onclick = act;
      bar.append(made);
      return made;
    };
    this.findButton = button("find", () => this.find());
    this.findButton.hidden = !this.data.find;
    if (this.data.mayMark) {
      this.markButton = button("mark", () => this.mark(!this.marking));
      this.markButton.setAttribute("aria-pressed", "false");
    }
    button("before", () => this.step(-1));
    button("after", () => this.step(1));
    button("out", () => this.zoom(2));
    button("all", () => this.go(...this.data.whole));
    return bar;
  }

  // What the colours mean, as far as they occur.
  legend() {
    const { data, colours } = this;
    const one = (kind, colour, text) => {
      const made = element("span", "key");
      const mark = element("i", kind);
      mark.style.setProperty("--own", colour);
      made.append(mark, element("span", "", text));
      made.title = text;
      return made;
    };
    const severities = new Set(data.events.map((event) => event.severity));
    const keys = ["watch", "plan", "act", "muted"]
      .filter((name) => severities.has(name))
      .map((name) => one("box", colours[name], this.words.kinds[name]));
    if (data.windows.some((window) => !window.failure)) {
      keys.push(one("box calm", colours.muted, this.words.kinds.window));
    }
    if (data.windows.some((window) => window.failure)) {
      keys.push(one("box hatched", colours.act, this.words.kinds.failure));
    }
    const names = this.data.modes?.names ?? [];
    for (const [at, name] of (names.length > 1 ? names : []).entries()) {
      keys.push(one("bar", data.modes.colours[at], name));
    }
    if (data.modes && Object.keys(data.modes.normal).length) {
      keys.push(one("box calm", colours.accent, this.words.kinds.normal));
    }
    if (data.expected) keys.push(one("dash band", colours.expected, this.words.kinds.expected));
    for (const overlay of data.overlays) keys.push(one("dash", overlay.colour, overlay.name));
    this.keys.replaceChildren(...keys);
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
    const lane = { told, value, laid: 0 };
    lane.chart = new window.uPlot(this.options(lane), [[], []], plot);
    if (!told.surprise) this.layOver(lane);
    this.listen(lane);
    return lane;
  }

  // As many further lines as there are courses to be laid over it.
  layOver(lane) {
    const { chart } = lane;
    const { overlays } = this.data;
    while (lane.laid > 0) chart.delSeries(1 + lane.laid--);
    for (const overlay of overlays) {
      lane.laid += 1;
      const dash = [4, 3];
      const own = { stroke: faded(overlay.colour, 0.85), width: 1.1, dash, points: { show: false } };
      chart.addSeries(own, 1 + lane.laid);
    }
    const [times, values] = chart.data;
    chart.setData([times, values, ...overlays.map(() => times.map(() => undefined))]);
  }

  width() {
    const label = this.root.querySelector(".label");
    return Math.max(200, this.root.clientWidth - (label?.offsetWidth ?? 160));
  }

  options(lane) {
    const { told } = lane;
    const { colours } = this;
    const cycles = this.data.kind === "cycle";
    const font = `11px ${getComputedStyle(this.root).fontFamily}`;
    const grid = { show: !told.whole, stroke: colours.grid, width: 1 };
    const axis = { font, stroke: colours.muted, grid, ticks: { show: false } };
    const ticks = (chart, _, from, to) => cycleTicks(from, to, chart.bbox.width / devicePixelRatio / 90);
    return {
      width: this.width(),
      height: told.height,
      padding: [6, ROOM, told.axis ? 0 : 4, 0],
      legend: { show: false },
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), this.data.zone),
      cursor: {
        sync: { key: `traces-${this.data.key}`, setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: { size: 5 },
        y: false,
      },
      scales: {
        x: { time: !cycles, auto: false, range: () => this.seen(told.whole) },
        y: told.surprise
          ? { range: () => [0, this.highest()] }
          : { range: (_, low, high) => this.padded(...this.withExpected(told.name, low, high)) },
      },
      axes: [
        { ...axis, show: Boolean(told.axis), size: 24, space: (chart) => Math.min(90, chart.width / 4),
          ...(cycles ? { splits: ticks } : {}),
          values: (_, found, __, ___, step) => found.map((s) => this.formats.tick(s, step)) },
        { ...axis, size: AXIS, space: 26,
          values: told.whole ? (_, found) => found.map(() => "") : undefined },
      ],
      series: [{}, {
        stroke: told.surprise ? (chart) => this.heat(chart) : this.line(told),
        fill: told.surprise ? (chart) => this.heat(chart, 0.2) : undefined,
        width: 1.2,
        points: { show: false },
        spanGaps: false,
      }],
      hooks: {
        drawClear: [(chart) => this.under(chart, told)],
        draw: [(chart) => this.over(chart, told)],
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

  seenLanes() {
    return this.surprise ? [...this.lanes, this.surprise] : this.lanes;
  }

  padded(low, high) {
    if (low === null) return [0, 1];
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    return [low - room, high + room];
  }

  // ------------------------------------------------------------------ what is told
  hint(pointer, text) {
    this.tip.hidden = !text;
    if (!text) return;
    const box = this.root.getBoundingClientRect();
    this.tip.textContent = text;
    const most = Math.max(box.width - this.tip.offsetWidth - 4, 0);
    this.tip.style.left = `${Math.min(pointer.clientX - box.left, most)}px`;
    this.tip.style.top = `${pointer.clientY - box.top - 34}px`;
  }

  say(text) {
    this.said = text;
    this.status.textContent = text;
  }

  tell(chart, lane) {
    const { told, value } = lane;
    const { idx } = chart.cursor;
    const found = idx === null || idx === undefined ? null : near(chart.data[1], idx);
    const number = found === null ? "" : this.formats.number.format(found);
    if (!number && lane === this.surprise) return void this.tellHighest();
    value.textContent = number ? `${number} ${told.unit}` : told.unit;
  }

  tellHighest() {
    if (!this.surprise) return;
    const known = (this.scores?.surprise ?? []).filter((value) => value !== null);
    const highest = known.length ? this.formats.number.format(Math.max(...known)) : "–";
    const told = [this.words.highest.replace("{n}", highest)];
    if (Number.isInteger(this.scores?.since)) told.push(this.words.for_now);
    this.surprise.value.textContent = told.join("\n");
  }

  tellRange() {
    this.range.textContent = `${this.formats.at(this.from)} – ${this.formats.at(this.to)}`;
  }

  resize() {
    if (!this.root.clientWidth) return; // not shown: while the page around it is drawn anew
    const width = this.width();
    const all = [this.whole, ...this.seenLanes()];
    if (all.every(({ chart }) => Math.abs(chart.width - width) <= 2)) return;
    for (const { chart, told } of all) chart.setSize({ width, height: told.height });
    this.drawModes();
    this.drawShares();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), DEBOUNCE);
  }

  end() {
    this.turn += 1;
    clearTimeout(this.timer);
    clearTimeout(this.waiting);
    clearTimeout(this.addressed);
    this.abort?.abort();
    this.observer.disconnect();
    for (const { chart } of [this.whole, ...this.seenLanes()]) chart.destroy();
  }
}

const standing = new WeakMap();

// What the lanes are made of; all else may change while they stand.
function frameOf({ fleet, asset, sensors, kind, judged, top, colours, language, zone, whole, modes, mayMark }) {
  return JSON.stringify([
    fleet, asset, sensors, kind, judged, top, colours, language, zone, whole, Boolean(modes), mayMark,
  ]);
}

// Another machine of the fleet is shown at the same time, where it has readings then.
function sameRoad(traces, { fleet, whole }) {
  const { data, from, to } = traces;
  const all = from === data.whole[0] && to === data.whole[1];
  return !all && data.fleet === fleet && from >= whole[0] && to <= whole[1];
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".traces");
  const signature = JSON.stringify(data);
  const held = standing.get(root);
  if (held?.signature === signature) return held.end;
  if (held?.traces && held.frame === frameOf(data)) {
    held.signature = signature;
    held.traces.renew(data, setTriggerValue);
    return held.end;
  }
  const kept = held?.traces && sameRoad(held.traces, data) ? [held.traces.from, held.traces.to] : null;
  held?.end();
  let over = false;
  const mine = {
    signature, frame: frameOf(data),
    end: () => { over = true; mine.traces?.end(); standing.delete(root); },
  };
  standing.set(root, mine);
  charts()
    .then(() => { if (!over) mine.traces = new Traces(root, data, setTriggerValue, kept); })
    .catch((error) => { root.textContent = `${data.words.failed} (${error.message})`; });
  return mine.end;
}
