// The chart library, loaded once a page, and how times and numbers are written at axes.

const LIBRARY = "/app/static/uplot.js";

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

function faded(colour, share) {
  return colour + Math.round(share * 255).toString(16).padStart(2, "0");
}

class Formats {
  constructor(language, zone) {
    const spoken = language === "en" ? "en-GB" : language;
    const of = (options) => new Intl.DateTimeFormat(spoken, { timeZone: zone, ...options });
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    this.long = of({ year: "numeric", month: "short", day: "numeric", ...clock });
    this.day = of({ month: "short", day: "numeric" });
    this.month = of({ month: "short" });
    this.january = of({ year: "numeric", month: "short" });
    this.first = new Intl.DateTimeFormat("en", { timeZone: zone, month: "numeric" });
    this.clock = of(clock);
    this.seconds = of({ ...clock, second: "2-digit" });
    this.number = new Intl.NumberFormat(spoken, { maximumSignificantDigits: 4 });
  }

  at(seconds) {
    return this.long.format(new Date(seconds * 1000));
  }

  // A tick tells the day where the step is a day, or at midnight of the site; of months, the
  // first of a year tells the year: each with its own would be too wide for a telephone.
  tick(seconds, step) {
    const date = new Date(seconds * 1000);
    if (step >= 28 * 86400) {
      return (this.first.format(date) === "1" ? this.january : this.month).format(date);
    }
    if (step >= 86400) return this.day.format(date);
    const time = this.clock.format(date);
    if (time === "00:00") return this.day.format(date);
    return step < 60 ? this.seconds.format(date) : time;
  }
}
