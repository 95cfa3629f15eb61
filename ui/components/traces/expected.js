// What sensors would have shown in normal running: a dashed line, and a faint band around it
// that holds most of normal running.  It is told around the event alone: what is to be
// explained there may be well elsewhere.

class Expecting extends Strips {
  // Comes after what was measured; where it cannot be told, that stands alone.
  async loadExpected(turn, signal) {
    const { expected, asset } = this.data;
    if (!expected) return;
    const [from, to] = [Math.max(this.from, expected.start), Math.min(this.to, expected.end)];
    if (from >= to) return;
    const path = `assets/${encodeURIComponent(asset)}/expected`;
    let told;
    try {
      told = await this.ask(path, [], from, to, signal, {
        sensors: expected.sensors, version: String(expected.version),
      });
    } catch {
      return;
    }
    if (turn !== this.turn) return;
    this.expected = { times: told.times.map((text) => Date.parse(text) / 1000), sensors: told.sensors };
    for (const { chart, told: { name } } of this.lanes) {
      if (told.sensors[name]) chart.setData(chart.data); // its scale has to hold the line too
    }
    this.root.dataset.expected = Object.keys(told.sensors).join(" ");
  }

  // The least and the most that a lane is to show, with what would have been normal.
  withExpected(name, low, high) {
    const course = this.expected?.sensors[name];
    if (!course || low === null) return [low, high];
    this.expected.times.forEach((time, at) => {
      if (time < this.from || time > this.to || course.expected[at] === null) return;
      low = Math.min(low, course.low[at]);
      high = Math.max(high, course.high[at]);
    });
    return [low, high];
  }

  // Runs of places in which something is told: a line breaks where the machine stood.
  expectedRuns(chart, name) {
    const course = this.expected?.sensors[name];
    if (!course) return [];
    const runs = [[]];
    this.expected.times.forEach((time, at) => {
      if (course.expected[at] === null) return void (runs.at(-1).length && runs.push([]));
      const y = (value) => chart.valToPos(value, "y", true);
      runs.at(-1).push({
        x: chart.valToPos(time, "x", true),
        middle: y(course.expected[at]), low: y(course.low[at]), high: y(course.high[at]),
      });
    });
    return runs.filter((run) => run.length);
  }

  expectedBand(chart, { name }) {
    const { ctx } = chart;
    ctx.fillStyle = faded(this.colours.expected, 0.16);
    for (const run of this.expectedRuns(chart, name)) {
      ctx.beginPath();
      for (const { x, high } of run) ctx.lineTo(x, high);
      for (const { x, low } of run.toReversed()) ctx.lineTo(x, low);
      ctx.fill();
    }
  }

  expectedLine(chart, { name }) {
    const { ctx, bbox } = chart;
    const runs = this.expectedRuns(chart, name);
    if (!runs.length) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = this.colours.expected;
    ctx.lineWidth = 1.6 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const run of runs) {
      ctx.beginPath();
      for (const { x, middle } of run) ctx.lineTo(x, middle);
      ctx.stroke();
    }
    ctx.restore();
  }
}
