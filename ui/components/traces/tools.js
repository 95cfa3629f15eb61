// Sensor traces of one machine above its surprise: one time axis, zoomed in the page itself.
// Rows come from the API at the width of the screen, so that a zoom shows what a wider view hid.

const NOTICED = 300; // milliseconds after which it is said that rows are waited for
const DEBOUNCE = 80; // milliseconds after a zoom before rows are asked for
const SHORTEST = 30; // seconds that may be looked at
const HEIGHT = { lane: 58, surprise: 112, whole: 42, strip: 14, row: 13 };
const HIGHEST = 10; // surprise of one reading in ten thousand million
const FIRST_CYCLE = 946684800; // cycle n is kept as 2000-01-01 plus n hours
const CYCLE = 3600;
const AXIS = 44; // pixels that numbers at the left of a lane take
const ROOM = 8; // pixels at its right

// Machines whose times are counters: cycles in place of dates.
class Cycles extends Formats {
  constructor(language, zone, word) {
    super(language, zone);
    this.word = word;
    this.whole = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  }

  at(seconds) {
    return this.word.replace("{n}", this.tick(seconds));
  }

  tick(seconds) {
    return this.whole.format((seconds - FIRST_CYCLE) / CYCLE);
  }
}

// Even numbers of cycles within a range, as far apart as there is room for.
function cycleTicks(from, to, most) {
  const least = (to - from) / CYCLE / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least) ?? 10 * power;
  const first = Math.ceil((from - FIRST_CYCLE) / CYCLE / step) * step;
  const ticks = [];
  for (let n = first; FIRST_CYCLE + n * CYCLE <= to; n += step) ticks.push(FIRST_CYCLE + n * CYCLE);
  return ticks;
}

// The value at a place, or the nearest to it where others have their own moments.
function near(values, at) {
  for (let off = 0; off < 60; off += 1) {
    for (const place of [at - off, at + off]) {
      if (values[place] !== undefined) return values[place];
    }
  }
  return null;
}

