// Times of a lane as people at the site read them; counters where times are cycles.

const EPOCH_OF_CYCLES = Date.UTC(2000, 0, 1) / 1000;
const DAY = 86400;

class Times {
  constructor(data) {
    this.data = data;
    const within = { timeZone: data.zone };
    const spoken = data.language === "en" ? "en-GB" : data.language;
    const form = (options) => new Intl.DateTimeFormat(spoken, { ...within, ...options });
    this.short = form({ month: "short", day: "numeric" });
    this.long = form({ weekday: "short", month: "short", day: "numeric" });
    this.years = form({ year: "numeric", month: "short", day: "numeric" });
    this.clock = form({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const [first] = data.starts;
    this.long_ago = data.end - first > 400 * DAY;
  }

  end(bucket) {
    return this.data.starts[bucket + 1] ?? this.data.end;
  }

  cycle(moment) {
    return Math.round((moment - EPOCH_OF_CYCLES) / 3600);
  }

  // What is written above a stretch.
  above(bucket) {
    const moment = this.data.starts[bucket];
    if (this.data.kind === "cycle") return String(this.cycle(moment));
    return (this.long_ago ? this.years : this.short).format(moment * 1000);
  }

  // What a stretch is called.
  name(bucket) {
    const from = this.data.starts[bucket], to = this.end(bucket);
    if (this.data.kind === "cycle") {
      const range = `${this.cycle(from)}–${this.cycle(to) - 1}`;
      return this.data.words.cycles.replace("{range}", range);
    }
    const day = (this.long_ago ? this.years : this.long).format(from * 1000);
    if (to - from < 0.9 * DAY) {
      return `${day} ${this.clock.format(from * 1000)}–${this.clock.format(to * 1000)}`;
    }
    if (to - from < 1.5 * DAY) return day;
    const last = (this.long_ago ? this.years : this.short).format((to - 1) * 1000);
    return `${day} – ${last}`;
  }

  // Whether a stretch begins a day, as far as stretches are parts of days.
  begins(bucket) {
    if (this.data.kind === "cycle") return true;
    return this.clock.format(this.data.starts[bucket] * 1000) === "00:00";
  }
}
