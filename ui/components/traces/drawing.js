// What is drawn over and under the lines: bands of events and windows, what is normal in each
// mode, the level of alarm, the part seen.

class Drawing {
  heat(chart, share) {
    const { colours } = this;
    const top = chart.valToPos(this.highest(), "y", true);
    const bottom = chart.valToPos(0, "y", true);
    const fade = (colour) => (share ? faded(colour, share) : colour);
    if (!Number.isFinite(top) || !Number.isFinite(bottom) || top === bottom) return colours.quiet;
    const paint = chart.ctx.createLinearGradient(0, bottom, 0, top);
    const stop = (value, colour) =>
      paint.addColorStop(Math.min(1, Math.max(0, value / this.highest())), fade(colour));
    const level = this.data.threshold ?? this.highest();
    stop(0, colours.quiet);
    stop(level, colours.quiet);
    stop(level + 0.001, colours.plan);
    stop(level + (this.highest() - level) / 2, colours.act);
    stop(this.highest(), colours.act);
    return paint;
  }

  under(chart, told) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    if (told.surprise && !told.whole) this.forNow(chart);
    if (!told.surprise) this.normal(chart, told);
    if (!told.surprise) this.expectedBand(chart, told);
    for (const window of this.data.windows) this.window(chart, window);
    this.data.events.forEach((event, number) => {
      const colour = this.colours[event.severity] ?? this.colours.plan;
      const close = number === this.at;
      const [left, right] = this.band(chart, event, faded(colour, close ? 0.26 : 0.13));
      if (close) {
        ctx.fillStyle = colour;
        for (const x of [left, right]) ctx.fillRect(x, bbox.top, devicePixelRatio, bbox.height);
      }
    });
    ctx.restore();
  }

  // Surprise falls where final scores end: the newest rows are judged otherwise, not better.
  forNow(chart) {
    const { times, since } = this.scores ?? {};
    if (since === null || since === undefined) return;
    const [left] = this.band(
      chart, { start: times[since], end: times.at(-1) }, faded(this.colours.muted, 0.16));
    chart.ctx.fillStyle = this.colours.muted;
    const dash = 3 * devicePixelRatio;
    for (let y = chart.bbox.top; y < chart.bbox.top + chart.bbox.height; y += 2 * dash) {
      chart.ctx.fillRect(left, y, devicePixelRatio, dash);
    }
  }

  // A failure is hatched: it is no reason to look away, as other windows are.
  window(chart, window) {
    const { ctx, bbox } = chart;
    const [left, right] = this.band(chart, window, faded(this.colours.muted, 0.14));
    if (!window.failure) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.strokeStyle = faded(this.colours.act, 0.55);
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    const step = 7 * devicePixelRatio;
    const first = Math.max(left, bbox.left) - bbox.height;
    for (let x = first; x < Math.min(right, bbox.left + bbox.width); x += step) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }

  // What a sensor shows as a rule in the mode that the machine was in.
  normal(chart, told) {
    const bounds = this.data.modes?.normal[told.name];
    if (!bounds) return;
    chart.ctx.fillStyle = faded(this.colours.accent, 0.1);
    for (const [start, end, mode] of this.spans) {
      if (end < this.from || start > this.to || !bounds[mode]) continue;
      const left = chart.valToPos(start, "x", true);
      const right = chart.valToPos(end, "x", true);
      const top = chart.valToPos(bounds[mode][1], "y", true);
      const bottom = chart.valToPos(bounds[mode][0], "y", true);
      chart.ctx.fillRect(left, top, Math.max(right - left, 1), Math.max(bottom - top, 1));
    }
  }

  band(chart, { start, end }, colour) {
    const left = chart.valToPos(start, "x", true);
    const right = Math.max(chart.valToPos(end, "x", true), left + 2 * devicePixelRatio);
    chart.ctx.fillStyle = colour;
    chart.ctx.fillRect(left, chart.bbox.top, right - left, chart.bbox.height);
    return [left, right];
  }

  over(chart, told) {
    if (told.whole) this.frame(chart);
    else if (!told.surprise) this.expectedLine(chart, told);
    else if (this.data.threshold !== null) this.level(chart);
  }

  level(chart) {
    const { ctx, bbox } = chart;
    const y = chart.valToPos(this.data.threshold, "y", true);
    ctx.save();
    ctx.strokeStyle = this.colours.act;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  frame(chart) {
    const { ctx, bbox } = chart;
    const left = chart.valToPos(this.from, "x", true);
    const right = chart.valToPos(this.to, "x", true);
    ctx.save();
    ctx.fillStyle = faded(this.colours.back, 0.62);
    ctx.fillRect(bbox.left, bbox.top, left - bbox.left, bbox.height);
    ctx.fillRect(right, bbox.top, bbox.left + bbox.width - right, bbox.height);
    ctx.strokeStyle = this.colours.accent;
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeRect(left, bbox.top + 0.5, Math.max(right - left, 2), bbox.height - 1);
    ctx.restore();
  }
}

