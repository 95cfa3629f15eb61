// How one moves: by buttons, keys, mouse, wheel and fingers; and how a stretch is marked.

class Moving extends Asking {
  go(from, to, soon = false) {
    const [first, last] = this.data.whole;
    const span = Math.min(Math.max(to - from, SHORTEST), last - first);
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(middle - span / 2, first), last - span);
    this.to = this.from + span;
    this.tellRange();
    for (const { chart } of this.seenLanes()) {
      chart.setScale("x", { min: this.from, max: this.to });
    }
    this.whole.chart.redraw(false);
    this.drawModes();
    this.drawShares();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), soon ? 0 : DEBOUNCE);
    clearTimeout(this.addressed);
    this.addressed = setTimeout(() => this.address(), 300);
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    this.go(at - (at - this.from) * factor, at + (this.to - at) * factor);
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
    this.say(event.title);
    this.go(event.start - room, event.end + room, true);
  }

  address() {
    const query = new URLSearchParams(location.search);
    query.set("from", String(Math.round(this.from)));
    query.set("to", String(Math.round(this.to)));
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
  }

  centre(time) {
    const half = (this.to - this.from) / 2;
    this.go(time - half, time + half);
  }

  visit(event) {
    if (event && event.id !== this.data.focus) open(event.address);
  }

  // ------------------------------------------------------------------ keys
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.pan(-0.2), ArrowRight: () => this.pan(0.2),
      "+": () => this.zoom(0.6), "=": () => this.zoom(0.6), "-": () => this.zoom(1.67),
      0: () => this.go(...this.data.whole), n: () => this.step(1), p: () => this.step(-1),
      m: () => this.mark(!this.marking), Escape: () => this.mark(false),
    };
    const act = acts[event.key];
    if (act) act();
    else if (event.key === "Enter" && event.target === this.root && this.marking) {
      this.marked(this.from, this.to);
    } else if (event.key === "Enter" && event.target === this.root && this.at >= 0) {
      this.visit(this.data.events[this.at]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ------------------------------------------------------------------ marking
  mark(on) {
    if (!this.data.mayMark) return;
    this.marking = on;
    this.root.classList.toggle("marking", on);
    this.markButton?.setAttribute("aria-pressed", String(on));
    this.say(on ? this.words.mark_help : "");
  }

  marked(from, to) {
    this.mark(false);
    this.send("stretch", { what: "mark", start: from, end: to });
  }

  // Asks for what looks like the part shown; the answer is laid over it.
  find() {
    this.send("stretch", { what: "find", start: this.from, end: this.to });
  }

  // Of less than half of the recording there may be more like it.
  findAtOnce() {
    const [first, last] = this.data.whole;
    if (this.data.find === "ask" && this.to - this.from < (last - first) / 2) this.find();
  }

  selected(chart) {
    const { left, width } = chart.select;
    if (width < 5) return;
    const from = chart.posToVal(left, "x");
    const to = chart.posToVal(left + width, "x");
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if ((this.marking || this.shifted) && this.data.mayMark) this.marked(from, to);
    else this.go(from, to);
  }

  // ------------------------------------------------------------------ mouse and wheel
  listen(lane) {
    const { chart, told } = lane;
    const { over } = chart;
    const found = (pointer, stretches) => {
      const time = chart.posToVal(pointer.offsetX, "x");
      const close = (this.to - this.from) * 0.003;
      return stretches.find((e) => time >= e.start - close && time <= e.end + close);
    };
    let pressed = 0;
    over.addEventListener("mousedown", (pointer) => {
      pressed = pointer.clientX;
      this.shifted = pointer.shiftKey;
    });
    over.addEventListener("click", (pointer) => {
      if (told.whole) this.centre(chart.posToVal(pointer.offsetX, "x"));
      else if (Math.abs(pointer.clientX - pressed) < 4 && !this.marking) {
        this.visit(found(pointer, this.data.events));
      }
    });
    over.addEventListener("dblclick", () => this.go(...this.data.whole));
    over.addEventListener("mousemove", (pointer) => {
      const { events, windows } = this.data;
      this.hint(pointer, (found(pointer, events) ?? found(pointer, windows))?.title);
    });
    over.addEventListener("mouseleave", () => this.hint());
    over.addEventListener("wheel", (turn) => this.wheel(turn, chart), { passive: false });
    if (!told.whole) this.feel(chart);
  }

  // Without a key held the wheel scrolls the page, as everywhere.
  wheel(turn, chart) {
    if (!turn.ctrlKey && !turn.shiftKey) return;
    turn.preventDefault();
    const factor = (turn.deltaY || turn.deltaX) < 0 ? 0.7 : 1.4;
    this.zoom(factor, chart.posToVal(turn.offsetX, "x"));
  }

  // ------------------------------------------------------------------ fingers
  // One finger moves along, two change the scale; up and down still scrolls the page.
  feel(chart) {
    const { over } = chart;
    const fingers = new Map();
    let before = null;
    const seen = () => {
      const places = [...fingers.values()];
      const spread = places.length > 1 ? Math.abs(places[0] - places[1]) : 0;
      return { count: places.length, middle: places.reduce((a, b) => a + b, 0) / places.length, spread };
    };
    const x = (pointer) => pointer.clientX - over.getBoundingClientRect().left;
    over.addEventListener("pointerdown", (pointer) => {
      if (pointer.pointerType === "mouse") return;
      fingers.set(pointer.pointerId, x(pointer));
      before = { ...seen(), from: this.from, to: this.to, first: x(pointer), moved: false };
    });
    over.addEventListener("pointermove", (pointer) => {
      if (!fingers.has(pointer.pointerId)) return;
      fingers.set(pointer.pointerId, x(pointer));
      const now = seen();
      if (!before.moved && now.count === 1 && Math.abs(now.middle - before.middle) < 6) return;
      before.moved = true;
      if (this.marking && now.count === 1) this.drawn(chart, before.first, now.middle);
      else this.follow(before, now, over.clientWidth);
    });
    const lift = (pointer) => {
      if (!fingers.has(pointer.pointerId)) return;
      const last = fingers.get(pointer.pointerId);
      fingers.delete(pointer.pointerId);
      const marks = this.marking && before.moved && !fingers.size && pointer.type === "pointerup";
      if (marks) {
        const ends = [before.first, last].map((at) => chart.posToVal(at, "x"));
        chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        this.marked(Math.min(...ends), Math.max(...ends));
      }
      if (fingers.size) before = { ...seen(), from: this.from, to: this.to, first: 0, moved: true };
    };
    for (const kind of ["pointerup", "pointercancel"]) over.addEventListener(kind, lift);
  }

  drawn(chart, from, to) {
    const left = Math.min(from, to);
    const height = chart.over.clientHeight;
    chart.setSelect({ left, top: 0, width: Math.abs(to - from), height }, false);
  }

  follow(before, now, width) {
    const span = before.to - before.from;
    const factor = before.spread && now.spread ? before.spread / now.spread : 1;
    const at = before.from + (before.middle / width) * span;
    const from = at - (now.middle / width) * span * factor;
    this.go(from, from + span * factor);
  }
}

