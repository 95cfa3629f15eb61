// Spans in rows over one time axis; walked with the arrows.

const LEVEL = 18; // pixels a row of spans is high
const LEVELS = 4; // rows at most in a track
const LEAST_BETWEEN = 62; // pixels between what is written at the axis

// Puts spans that overlap beneath each other.
function levels(spans) {
  const ends = [];
  return spans.map((span) => {
    let level = ends.findIndex((end) => end <= span.from);
    if (level < 0) level = ends.length < LEVELS ? ends.length : ends.indexOf(Math.min(...ends));
    ends[level] = Math.max(span.to, span.from + 0.004);
    return level;
  });
}

class Timeline {
  constructor(root, data, send, held) {
    this.root = root;
    this.data = data;
    this.send = send;
    this.tracks = [];
    this.build();
    this.at = held?.at ?? this.first();
    this.reach(true);
    if (held?.focused) this.mark()?.focus({ preventScroll: true });
    this.watch = new ResizeObserver(() => this.thin());
    this.watch.observe(this.axis);
  }

  build() {
    const { root, data } = this;
    for (const [name, colour] of Object.entries(data.colours)) {
      root.style.setProperty(`--${name}`, colour);
    }
    const list = element("div", "tracks");
    list.setAttribute("role", "list");
    list.setAttribute("aria-label", data.label);
    list.append(...data.tracks.map((told, number) => this.track(told, number)));
    list.onkeydown = (event) => this.key(event);
    list.onmouseover = (event) => this.show(event.target);
    list.onmouseleave = () => this.hide();
    list.addEventListener("focusin", (event) => this.show(event.target));
    list.addEventListener("focusout", () => this.hide());
    this.tip = element("div", "tip");
    this.tip.setAttribute("role", "presentation");
    const parts = [list, this.foot(), this.tip];
    if (!data.tracks.length) parts.unshift(element("p", "nothing", data.words.nothing));
    root.replaceChildren(...parts);
  }

  track(told, number) {
    const row = element("div", "track");
    row.setAttribute("role", "listitem");
    const name = element("div", "name");
    const text = told.address ? link("text", told.name, told.address)
      : element("span", "text", told.name);
    text.title = told.name;
    name.append(text);
    if (told.below) {
      const below = element("span", "below", told.below);
      below.title = told.below;
      name.append(below);
    }
    const lane = element("div", "lane");
    this.ruled(lane);
    const at = levels(told.spans);
    lane.style.height = `${LEVEL * (Math.max(0, ...at) + 1) + 8}px`;
    const marks = told.spans.map((span, place) => this.span(span, at[place], [number, place]));
    this.tracks.push(marks);
    lane.append(...marks);
    row.append(name, lane);
    return row;
  }

  span(told, level, at) {
    const leads = Boolean(told.address);
    const mark = element(leads ? "a" : told.key ? "button" : "span", "span");
    if (leads) mark.href = told.address;
    else if (told.key) mark.type = "button";
    else mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", `${told.title} · ${told.when}`);
    mark.classList.toggle("hollow", told.hollow);
    mark.classList.toggle("acts", leads || Boolean(told.key));
    mark.style.setProperty("--colour", told.colour);
    mark.style.left = `${told.from * 100}%`;
    mark.style.width = `${(told.to - told.from) * 100}%`;
    mark.style.top = `${4 + level * LEVEL}px`;
    mark.tabIndex = -1;
    mark.dataset.at = at.join();
    mark.onclick = (event) => this.click(event, told);
    mark.onfocus = () => this.move(at, false);
    return mark;
  }

  ruled(lane) {
    for (const { at } of this.data.ticks) {
      const rule = element("i", "rule");
      rule.style.left = `${at * 100}%`;
      lane.append(rule);
    }
    if (this.data.now === null) return;
    const now = element("i", "now");
    now.style.left = `${this.data.now * 100}%`;
    now.title = this.data.words.now;
    lane.append(now);
  }

  foot() {
    const row = element("div", "foot");
    this.axis = element("div", "axis");
    this.axis.setAttribute("aria-hidden", "true");
    this.texts = this.data.ticks.map(({ at, text }) => {
      const made = element("span", "", text);
      made.style.left = `${at * 100}%`;
      return made;
    });
    this.axis.append(...this.texts);
    row.append(element("div", "name"), this.axis);
    return row;
  }

  // As many words at the axis as there is room for.
  thin() {
    const width = this.axis.clientWidth;
    let last = -Infinity;
    this.data.ticks.forEach(({ at }, number) => {
      const fits = at * width - last >= LEAST_BETWEEN;
      if (fits) last = at * width;
      this.texts[number].hidden = !fits;
      const half = this.texts[number].offsetWidth / 2;
      const place = Math.min(Math.max(at * width, half), width - half);
      this.texts[number].style.left = `${place}px`;
    });
  }

  // ------------------------------------------------------------------ pointing and clicking
  click(event, told) {
    if (told.address && (event.metaKey || event.ctrlKey || event.shiftKey)) return;
    event.preventDefault();
    if (told.address) open(told.address);
    else if (told.key) this.send("span", told.key);
  }

  show(target) {
    const mark = target.closest?.(".span");
    if (!mark) return this.hide();
    this.tip.textContent = mark.getAttribute("aria-label");
    this.tip.classList.add("shown");
    const box = mark.getBoundingClientRect(), all = this.root.getBoundingClientRect();
    const half = this.tip.offsetWidth / 2;
    const middle = box.left - all.left + box.width / 2;
    const left = Math.min(Math.max(middle, half), Math.max(all.width - half, half));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${box.top - all.top}px`;
  }

  hide() {
    this.tip.classList.remove("shown");
  }

  // ------------------------------------------------------------------ keyboard
  first() {
    return [Math.max(this.tracks.findIndex((marks) => marks.length), 0), 0];
  }

  mark() {
    return this.tracks[this.at[0]]?.[this.at[1]];
  }

  reach(mine) {
    const mark = this.mark();
    if (mark) mark.tabIndex = mine ? 0 : -1;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!event.target.closest(".span")) return;
    const [row, place] = this.at;
    const acts = {
      ArrowLeft: () => this.move([row, place - 1]), ArrowRight: () => this.move([row, place + 1]),
      ArrowUp: () => this.beyond(-1), ArrowDown: () => this.beyond(1),
      Home: () => this.move([row, 0]), End: () => this.move([row, Infinity]),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // To the nearest span in the next row that has any.
  beyond(step) {
    let row = this.at[0] + step;
    while (this.tracks[row] && !this.tracks[row].length) row += step;
    if (!this.tracks[row]) return;
    const from = (track, place) => this.data.tracks[track].spans[place].from;
    const here = from(...this.at);
    const away = this.tracks[row].map((_, place) => Math.abs(from(row, place) - here));
    this.move([row, away.indexOf(Math.min(...away))]);
  }

  move([row, place], focus = true) {
    const last = (this.tracks[row]?.length ?? 0) - 1;
    if (last < 0) return;
    this.reach(false);
    this.at = [row, Math.max(0, Math.min(place, last))];
    this.reach(true);
    if (focus) this.mark().focus();
  }

  held() {
    this.watch.disconnect();
    const focused = this.root.contains(this.root.getRootNode().activeElement);
    return { at: this.tracks[this.at[0]]?.length ? this.at : undefined, focused };
  }
}
