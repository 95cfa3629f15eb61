// Rows of colour on the same time axis: the operating modes, and which sensors made the surprise.

class Strips extends Drawing {
  strip(kind, label, rows) {
    const row = element("div", `lane strip ${kind}`);
    const names = element("div", "label");
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    const plot = element("div", "plot");
    plot.append(canvas);
    row.append(names, plot);
    this.root.append(row);
    const made = { names, canvas, label, rows, height: rows * HEIGHT[rows > 1 ? "row" : "strip"] };
    canvas.style.height = `${made.height}px`;
    canvas.onmousemove = (pointer) => this.tellStrip(made, pointer);
    canvas.onmouseleave = () => this.hint();
    return made;
  }

  // A canvas that is as wide as the lanes' plots; its context, cleared, in pixels of the page.
  surface(strip) {
    const width = Math.max(this.width() - AXIS - ROOM, 1);
    const { canvas, height } = strip;
    canvas.style.width = `${width}px`;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    const ctx = canvas.getContext("2d");
    ctx.scale(devicePixelRatio, devicePixelRatio);
    return { ctx, width };
  }

  place(time, width) {
    return ((time - this.from) / (this.to - this.from)) * width;
  }

  // ------------------------------------------------------------------ modes
  drawModes() {
    if (!this.modes || !this.data.modes) return;
    const { ctx, width } = this.surface(this.modes);
    for (const [start, end, mode] of this.spans) {
      if (end < this.from || start > this.to) continue;
      const left = Math.max(this.place(start, width), 0);
      const right = Math.min(this.place(end, width), width);
      ctx.fillStyle = this.data.modes.colours[mode];
      ctx.fillRect(left, 2, Math.max(right - left, 0.5), HEIGHT.strip - 4);
    }
  }

  modeAt(time) {
    const found = this.spans.find(([start, end]) => time >= start && time < end);
    return found ? this.data.modes.names[found[2]] : "";
  }

  // ------------------------------------------------------------------ contributions
  drawShares() {
    if (!this.shares) return;
    const { ctx, width } = this.surface(this.shares);
    const { sensors, columns } = this.columns(Math.floor(width));
    this.shares.drawn = { sensors, columns };
    this.shares.names.replaceChildren(...sensors.map((name) => {
      const line = element("div", "row", this.called(name));
      line.title = name;
      return line;
    }));
    sensors.forEach((name, number) => {
      const top = number * HEIGHT.row;
      ctx.fillStyle = this.colours.grid;
      ctx.fillRect(0, top + 1, width, HEIGHT.row - 2);
      ctx.fillStyle = this.colours.accent;
      for (let x = 0; x < columns.length; x += 1) {
        const strength = columns[x] ? columns[x].strength * (columns[x].shares[number] ?? 0) : 0;
        if (strength < 0.02) continue;
        ctx.globalAlpha = Math.min(strength, 1);
        ctx.fillRect(x, top + 1, 1, HEIGHT.row - 2);
      }
      ctx.globalAlpha = 1;
    });
    const said = sensors.map((name, n) => `${this.called(name)} ${this.mean(columns, n)}`);
    this.shares.canvas.setAttribute("aria-label", `${this.shares.label}: ${said.join(", ")}`);
  }

  // For each pixel the row of the highest surprise there: its time and shares.
  columns(width) {
    const rows = this.scores;
    const columns = new Array(width).fill(null);
    const sensors = (rows?.sensors ?? []).slice(0, this.shares.rows);
    if (!rows || !sensors.length) return { sensors, columns };
    const level = Math.max(this.data.threshold ?? this.highest(), 1);
    const usual = this.usual(rows.times);
    rows.times.forEach((time, at) => {
      const surprise = rows.surprise[at];
      if (surprise === null || rows.shares.every((share) => share[at] === null)) return;
      const until = Math.min(rows.times[at + 1] ?? time + usual, time + 5 * usual);
      const first = Math.max(Math.floor(this.place(time, width)), 0);
      const last = Math.min(Math.max(Math.ceil(this.place(until, width)), first + 1), width);
      for (let x = first; x < last; x += 1) {
        if (columns[x] && columns[x].surprise >= surprise) continue;
        columns[x] = {
          time, surprise, strength: Math.min(surprise / level, 1),
          shares: rows.shares.map((share) => share[at]),
        };
      }
    });
    return { sensors, columns };
  }

  usual(times) {
    const apart = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
    return apart[Math.floor(apart.length / 2)] || 1;
  }

  mean(columns, number) {
    let sum = 0;
    let weight = 0;
    for (const column of columns) {
      if (!column) continue;
      sum += column.strength * (column.shares[number] ?? 0);
      weight += column.strength;
    }
    return weight ? `${Math.round((sum / weight) * 100)}%` : "0%";
  }

  called(name) {
    return this.data.sensors.find((sensor) => sensor.name === name)?.label || name;
  }

  tellStrip(strip, pointer) {
    const time = this.from + (pointer.offsetX / strip.canvas.clientWidth) * (this.to - this.from);
    if (strip === this.modes) {
      const mode = this.modeAt(time);
      this.hint(pointer, mode && `${mode} · ${this.formats.at(time)}`);
      return;
    }
    const row = Math.floor(pointer.offsetY / HEIGHT.row);
    const column = strip.drawn?.columns[Math.floor(pointer.offsetX)];
    const name = strip.drawn?.sensors[row];
    if (!column || !name) return void this.hint();
    const share = Math.round((column.shares[row] ?? 0) * 100);
    this.hint(pointer, `${this.called(name)} ${share}% · ${this.formats.at(column.time)}`);
  }
}

