// What is asked for: readings, scores, and the courses that are laid over them.

class Asking extends Expecting {
  async load() {
    const turn = ++this.turn;
    this.abort?.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    const begun = performance.now();
    this.busy(true);
    const range = [this.from, this.to];
    try {
      const judged = this.judged(...range, signal, this.data.top);
      judged.catch(() => {}); // said below, where it is waited for
      const [readings, ...others] = await Promise.all([
        this.readings([this.data.asset], 0, signal),
        ...this.groups().map(([shift, assets]) => this.readings(assets, shift, signal)),
      ]);
      if (turn !== this.turn) return;
      this.show(readings[0], others.flat());
      this.loadExpected(turn, signal);
      this.root.dataset.painted = String(Math.round(performance.now() - begun));
      this.scores = await judged;
      if (turn !== this.turn) return;
      this.surprise?.chart.setData([this.scores.times, this.scores.surprise]);
      this.drawShares();
      this.refine(turn, signal);
      this.status.textContent = readings[0].times.length ? this.said : this.words.nothing;
      this.tellHighest();
      this.whole.asked ??= this.loadWhole(range);
      this.busy(false);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.busy(false);
      this.failed(error);
    }
  }

  // What takes longer than one notices is said: lanes without lines would look like no readings.
  busy(yes) {
    clearTimeout(this.waiting);
    this.root.setAttribute("aria-busy", String(yes));
    if (yes) this.waiting = setTimeout(() => { this.status.textContent = this.words.loading; }, NOTICED);
  }

  // The strip above all lanes comes after what one looks at; it is the same where all is seen.
  async loadWhole([from, to]) {
    const [first, last] = this.data.whole;
    try {
      const all = from <= first && to >= last;
      const rows = all ? this.scores : await this.judged(first, last);
      this.top = Math.max(5, ...rows.surprise.filter((value) => value !== null)) * 1.05;
      this.whole.chart.setData([rows.times, rows.surprise]);
      this.surprise?.chart.redraw(true);
    } catch (error) {
      this.failed(error);
    }
  }

  // Each lane has its own sensor, and that of the others at the same time, or at their own.
  show(own, others) {
    const overlays = this.data.overlays.map((overlay) =>
      others.find((one) => one.asset === overlay.asset && one.shift === overlay.shift));
    for (const lane of this.lanes) {
      const { name } = lane.told;
      const table = (rows) => [rows?.times ?? [], rows?.values[name] ?? (rows?.times ?? []).map(() => null)];
      const tables = [own, ...overlays].map(table);
      lane.chart.setData(tables.length > 1 ? window.uPlot.join(tables) : tables[0]);
    }
  }

  // Machines that are asked for together: those laid over at the same distance in time.
  groups() {
    const found = new Map();
    for (const { asset, shift } of this.data.overlays) {
      found.set(shift, [...(found.get(shift) ?? []), asset]);
    }
    return [...found];
  }

  async readings(assets, shift, signal) {
    const names = this.data.sensors.map((sensor) => sensor.name).join(",");
    const answer = await this.ask("readings", assets, this.from - shift, this.to - shift, signal, {
      sensors: names,
    });
    const found = answer.series.map((one) => ({
      asset: one.asset, shift, values: one.values,
      times: one.times.map((text) => Date.parse(text) / 1000 + shift),
    }));
    return found.length ? found : [{ asset: assets[0], shift, times: [], values: {} }];
  }

  async judged(from, to, signal, top = 0) {
    const nothing = { times: [], surprise: [], sensors: [], shares: [] };
    if (!this.data.judged) return nothing;
    const answer = await this.ask("scores", [this.data.asset], from, to, signal, { top: String(top) });
    const rows = answer.series[0];
    if (!rows) return nothing;
    return {
      times: rows.times.map((text) => Date.parse(text) / 1000),
      surprise: rows.surprise,
      since: this.forNowSince(rows.standing),
      sensors: answer.sensors,
      shares: answer.sensors.map((name) => rows.contributions[name]),
    };
  }

  // The row from which all are judged for now, until their windows are complete.
  forNowSince(standings) {
    const last = standings.findLastIndex((standing) => standing !== "provisional");
    return last + 1 < standings.length ? last + 1 : null;
  }

  // Of a long range only modes that lasted are told: a closer view asks for its own.
  async refine(turn, signal) {
    const { modes, whole } = this.data;
    if (!modes || !this.modes) return;
    let spans = modes.spans;
    if (this.to - this.from < (whole[1] - whole[0]) / 2) {
      const path = `assets/${encodeURIComponent(this.data.asset)}/modes`;
      const told = await this.ask(path, [], this.from, this.to, signal, { width: null });
      spans = told.stretches.map(({ start, end, mode }) =>
        [Date.parse(start) / 1000, Date.parse(end) / 1000, modes.numbers.indexOf(mode)]);
    }
    if (turn !== this.turn) return;
    this.spans = spans;
    this.drawModes();
    for (const { chart } of this.lanes) chart.redraw(false);
  }

  async ask(what, assets, from, to, signal, more = {}) {
    const query = new URLSearchParams({
      from: new Date(Math.floor(from) * 1000).toISOString(),
      to: new Date(Math.ceil(to) * 1000 + 1000).toISOString(),
      width: String(Math.round(this.width())),
      ...more,
    });
    for (const [name, value] of Object.entries(more)) {
      if (!Array.isArray(value)) continue;
      query.delete(name);
      for (const one of value) query.append(name, one);
    }
    if (more.width === null) query.delete("width");
    for (const asset of assets) query.append("asset", asset);
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
}

