// Sensor traces of one machine above its surprise: one time axis, zoomed in the page itself.
// Rows come from the API at the width of the screen, so that a zoom shows what a wider view hid.

const LIBRARY = "/app/static/uplot.js";
const DEBOUNCE = 80; // milliseconds after a zoom before rows are asked for
const LABELS = 168; // pixels left of the lanes
const SHORTEST = 30; // seconds that may be looked at
const HEIGHT = { lane: 58, surprise: 112, whole: 42 };
const HIGHEST = 10; // surprise of one reading in ten thousand million

let library;

function charts() {
  if (window.uPlot) return Promise.resolve(window.uPlot);
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => reject(new Error("the chart library"));
    document.head.append(script);
  });
  return library;
}

function element(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function faded(colour, share) {
  return colour + Math.round(share * 255).toString(16).padStart(2, "0");
}

function open(address) {
  history.pushState({}, "", address);
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

class Formats {
  constructor(language, zone) {
    const of = (options) => new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    this.long = of({ year: "numeric", month: "short", day: "numeric", ...clock });
    this.day = of({ month: "short", day: "numeric" });
    this.clock = of(clock);
    this.seconds = of({ ...clock, second: "2-digit" });
    this.number = new Intl.NumberFormat(language, { maximumSignificantDigits: 4 });
  }

  at(seconds) {
    return this.long.format(new Date(seconds * 1000));
  }

  // A tick tells the day where the step is a day, or at midnight of the site.
  tick(seconds, step) {
    const date = new Date(seconds * 1000);
    if (step >= 86400) return this.day.format(date);
    const time = this.clock.format(date);
    if (time === "00:00") return this.day.format(date);
    return step < 60 ? this.seconds.format(date) : time;
  }
}

