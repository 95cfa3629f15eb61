// Curves that are given whole: hover or the arrows tell the values.

const CURSOR = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 };

// Which values have none beside them, so that no line would show them.
function lonely(values) {
  const found = [];
  for (let n = 0; n < values.length; n++) {
    if (values[n] != null && values[n - 1] == null && values[n + 1] == null) found.push(n);
  }
  return found.length ? found : null;
}

class Plot {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.formats = new Formats(data.language, data.zone);
    this.at = null;
    this.shown = data.curves.map(() => true);
    this.build();
  }

  build() {
    const { root, data } = this;
    root.setAttribute("role", "figure");
    root.setAttribute("aria-label", data.label);
    this.place = element("div", "place");
    this.place.tabIndex = 0;
    this.place.setAttribute("role", "group");
    this.place.setAttribute("aria-label", `${data.label}. ${data.words.help}`);
    this.place.onkeydown = (event) => this.key(event);
    this.place.onblur = () => this.point(null);
    this.place.style.minHeight = `${data.height}px`;
    this.spoken = element("div", "hidden");
    this.spoken.setAttribute("aria-live", "polite");
    this.tip = element("div", "tip");
    this.tip.hidden = true;
    this.tip.setAttribute("role", "presentation");
    const told = element("div", "hidden said");
    told.append(...data.said.map((text) => element("p", "", text)));
    root.replaceChildren(this.legend(), this.place, this.tip, told, this.spoken);
    if (!data.x.length) {
      this.place.append(element("p", "nothing", data.words.nothing));
      return;
    }
    this.draw();
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(root);
  }

  // What the curves are called; a click leaves one out.
  legend() {
    const list = element("ul", "legend");
    if (this.data.curves.length < 2) return list;
    this.data.curves.forEach((curve, number) => {
      const button = element("button");
      button.type = "button";
      button.title = curve.name;
      button.setAttribute("aria-pressed", "true");
      const mark = element("i", `mark${curve.dashed ? " dashed" : ""}`);
      mark.style.setProperty("--colour", curve.colour);
      button.append(mark, element("span", "", curve.name));
      button.onclick = () => {
        this.shown[number] = !this.shown[number];
        button.setAttribute("aria-pressed", String(this.shown[number]));
        this.chart.setData(this.stack(), false);
        this.chart.setSeries(number + 1, { show: this.shown[number] });
      };
      const item = element("li");
      item.append(button);
      list.append(item);
    });
    return list;
  }

  // ------------------------------------------------------------------ drawing
  draw() {
    this.chart?.destroy();
    this.chart = new window.uPlot(this.options(), this.stack(), this.place);
    this.chart.over.addEventListener("mouseleave", () => this.point(null));
  }

  // Values as they are drawn: each curve on the one before, where they are stacked.
  stack() {
    const { x, curves, stacked } = this.data;
    if (!stacked) return [x, ...curves.map((curve) => curve.values)];
    const sums = x.map(() => 0);
    const rows = curves.map((curve, number) => curve.values.map((value, at) => {
      if (this.shown[number]) sums[at] += value ?? 0;
      return sums[at];
    }));
    return [x, ...rows];
  }

  options() {
    const { data } = this;
    const { colours } = data;
    const font = `11px ${getComputedStyle(this.root).fontFamily}`;
    const axis = {
      font, stroke: colours.muted, ticks: { show: false },
      grid: { stroke: colours.grid, width: 1 },
    };
    const ticks = data.timed
      ? (_, at, __, ___, step) => at.map((one) => this.formats.tick(one, step))
      : (_, at) => at.map((one) => this.formats.number.format(one));
    const bars = data.curves.some((curve) => curve.bars);
    return {
      width: this.width(),
      height: data.height,
      padding: [8, data.timed ? 24 : 10, 0, 0],  // half of a day's name, at the last one
      legend: { show: false },
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), data.zone),
      cursor: { drag: { x: false, y: false }, points: { size: 6 }, y: false },
      scales: {
        x: { time: data.timed, range: (_, low, high) => this.across(low, high, bars) },
        y: { range: (_, low, high) => this.upright(low, high) },
      },
      axes: [
        { ...axis, size: 26, space: data.timed ? 74 : 50, values: ticks, incrs: this.steps() },
        { ...axis, size: (_, texts) => this.room(texts), space: 28,
          values: (_, at) => at.map((one) => this.formats.number.format(one)) },
      ],
      series: [{}, ...data.curves.map((curve, number) => this.series(curve, number))],
      bands: data.stacked ? this.between() : [],
      hooks: {
        drawClear: [(chart) => this.bands(chart)],
        setCursor: [(chart) => this.point(chart.cursor.idx)],
      },
    };
  }

  series(curve, number) {
    const area = curve.fill || this.data.stacked;
    return {
      show: this.shown[number],
      stroke: curve.colour,
      fill: curve.bars ? faded(curve.colour, 0.75) : area ? faded(curve.colour, 0.22) : undefined,
      width: curve.bars ? 0 : 1.5,
      dash: curve.dashed ? [6, 4] : undefined,
      points: {
        show: false,
        filter: (chart, number) => (curve.bars ? null : lonely(chart.data[number])),
        size: 6,
        fill: curve.colour,
      },
      spanGaps: false,
      paths: curve.bars ? window.uPlot.paths.bars({ size: [0.7, 48, 1] }) : undefined,
    };
  }

  // Where every x is whole, so is every mark of the axis.
  steps() {
    if (this.data.timed || !this.data.x.every(Number.isInteger)) return undefined;
    return [...Array(12).keys()].flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power));
  }

  // Each area of a stack ends where the one below begins.
  between() {
    return this.data.curves.slice(1).map((_, number) => ({ series: [number + 2, number + 1] }));
  }

  across(low, high, bars) {
    const { x } = this.data;
    if (x.length === 1) return [x[0] - 1, x[0] + 1];
    const room = bars ? (high - low) / Math.max(x.length - 1, 1) / 2 : 0;
    return [low - room, high + room];
  }

  upright(low, high) {
    const { data } = this;
    const grounded = data.stacked || data.curves.some((curve) => curve.bars || curve.fill);
    let least = Math.min(low ?? 0, grounded ? 0 : Infinity);
    let most = Math.max(high ?? 1, grounded ? 0 : -Infinity);
    const room = (most - least || Math.abs(most) || 1) * 0.06;
    least = least === 0 && grounded ? 0 : least - room;
    most += room;
    if (data.low !== null) least = low === null ? data.low : Math.min(data.low, low);
    if (data.high !== null) most = high === null ? data.high : Math.max(data.high, high);
    return least < most ? [least, most] : [least, least + 1];
  }

  room(texts) {
    const longest = Math.max(2, ...(texts ?? []).map((text) => text.length));
    return 14 + longest * 6.5;
  }

  bands(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { start, end, colour } of this.data.bands) {
      const left = chart.valToPos(start, "x", true);
      const right = Math.max(chart.valToPos(end, "x", true), left + 2 * devicePixelRatio);
      ctx.fillStyle = faded(colour, 0.16);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  }

  width() {
    return Math.max(this.place.clientWidth, 160);
  }

  resize() {
    const width = this.width();
    if (Math.abs(this.chart.width - width) > 2) {
      this.chart.setSize({ width, height: this.data.height });
    }
  }

  // ------------------------------------------------------------------ telling values
  lines(at) {
    const { x, curves, unit, bands, timed } = this.data;
    const where = timed ? this.formats.at(x[at]) : this.formats.number.format(x[at]);
    const within = bands.filter((band) => x[at] >= band.start && x[at] <= band.end);
    const told = [[where, "", ""], ...within.map((band) => [band.title, "", band.colour])];
    curves.forEach((curve, number) => {
      if (!this.shown[number]) return;
      const value = curve.values[at];
      const text = value === null ? "–" : `${this.formats.number.format(value)} ${unit}`.trim();
      told.push([curve.name, text, curve.colour]);
    });
    return told;
  }

  point(at) {
    this.at = at ?? null;
    this.tip.hidden = this.at === null;
    if (this.at === null) return;
    this.tip.replaceChildren(...this.lines(this.at).map(([name, value, colour]) => {
      const line = element("div", "line");
      const mark = element("i", "dot");
      mark.style.background = colour || "transparent";
      line.append(mark, element("span", "name", name), element("b", "", value));
      return line;
    }));
    const across = this.chart.valToPos(this.data.x[this.at], "x");
    const { left, top } = this.chart.over.getBoundingClientRect();
    const box = this.root.getBoundingClientRect();
    const middle = left - box.left + across;
    const after = middle < box.width / 2;
    this.tip.style.left = after ? `${middle + 12}px` : "auto";
    this.tip.style.right = after ? "auto" : `${box.width - middle + 12}px`;
    this.tip.style.top = `${top - box.top + 6}px`;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.chart) return;
    const last = this.data.x.length - 1;
    let next = null;
    if (event.key in CURSOR) next = (this.at ?? (CURSOR[event.key] < 0 ? last + 1 : -1)) + CURSOR[event.key];
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = last;
    else return;
    event.preventDefault();
    event.stopPropagation();
    const at = Math.min(Math.max(next, 0), last);
    this.chart.setCursor({ left: this.chart.valToPos(this.data.x[at], "x"), top: 0 }, false);
    this.point(at);
    this.spoken.textContent = this.lines(at).map(([name, value]) => `${name} ${value}`).join(", ");
  }

  end() {
    this.watch?.disconnect();
    this.chart?.destroy();
  }
}

const standing = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".plot");
  const signature = JSON.stringify(data);
  const held = standing.get(root);
  if (held?.signature === signature) return held.end;
  held?.end();
  let over = false;
  const mine = { signature, end: () => { over = true; mine.plot?.end(); standing.delete(root); } };
  standing.set(root, mine);
  root.style.minHeight = `${data.height}px`;
  charts()
    .then(() => { if (!over) mine.plot = new Plot(root, data); })
    .catch((error) => { root.textContent = `${data.words.failed} (${error.message})`; });
  return mine.end;
}
