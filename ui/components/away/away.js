// One watcher a window: it outlives the component, as what it tells of is that nothing is drawn.

const STATE = "data-test-connection-state";
const CALM = 700; // milliseconds that a connection may be away unnoticed
const AGAIN = 2000; // milliseconds between two looks for whether the session is still good
const KEPT = 4000; // milliseconds for which it is said that the platform answers again
const STYLE = `
html[data-kz-away] [data-testid="stDialog"]:not([data-kz-own]),
[data-testid="stConnectionStatus"] { display: none !important; }
.kz-away { position: fixed; left: 50%; bottom: 24px; transform: translateX(-50%);
  z-index: 1000100; box-sizing: border-box; width: max-content; max-width: calc(100vw - 32px);
  padding: 11px 18px; border: 1px solid; border-radius: 8px; font: inherit; font-size: 14px;
  line-height: 1.5; box-shadow: 0 4px 16px rgba(0, 0, 0, .18); }
.kz-away:empty { border: 0; padding: 0; box-shadow: none; }
.kz-away.heard { width: 1px; height: 1px; padding: 0; border: 0; overflow: hidden;
  clip-path: inset(50%); box-shadow: none; white-space: nowrap; }
`;

class Watcher {
  constructor() {
    const style = document.createElement("style");
    style.textContent = STYLE;
    document.head.append(style);
    this.banner = document.createElement("div");
    this.banner.className = "kz-away";
    this.banner.setAttribute("role", "status");
    // A dialog hides all but itself from readers of screens, other than what speaks up.
    this.banner.setAttribute("data-live-announcer", "true");
    document.body.append(this.banner);
    this.away = false;
    const seen = new MutationObserver(() => this.look());
    seen.observe(document.body, {
      attributes: true, attributeFilter: [STATE], childList: true, subtree: true,
    });
  }

  tell({ words, look }) {
    this.words = words;
    Object.assign(this.banner.style, {
      background: look.back, color: look.text, borderColor: look.border,
    });
  }

  look() {
    const app = document.querySelector(`[${STATE}]`);
    if (!app) return;
    const away = app.getAttribute(STATE) !== "CONNECTED";
    if (away !== this.away) {
      this.away = away;
      if (away) this.lost();
      else this.found();
    }
    if (away) this.dismiss();
  }

  lost() {
    for (const own of dialogs()) own.setAttribute("data-kz-own", "");
    document.documentElement.setAttribute("data-kz-away", "");
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.say(this.words.lost, false);
      this.ask();
    }, CALM);
  }

  found() {
    document.documentElement.removeAttribute("data-kz-away");
    clearTimeout(this.later);
    if (!this.banner.textContent) return;
    this.say(this.words.found, true);
    this.later = setTimeout(() => this.say("", true), KEPT);
  }

  say(text, heard) {
    this.banner.classList.toggle("heard", heard);
    this.banner.textContent = text;
  }

  // Closes the dialog that is not the site's own: it would keep the keyboard to itself.
  dismiss() {
    for (const other of dialogs()) {
      if (!other.hasAttribute("data-kz-own")) other.querySelector("button[aria-label]")?.click();
    }
  }

  // Whoever's session ended meanwhile would wait for ever.
  async ask() {
    if (!this.away) return;
    try {
      const answer = await fetch("/_stcore/health", { cache: "no-store" });
      if (answer.status === 401) {
        const { pathname, search } = window.location;
        window.location.replace(`/login?next=${encodeURIComponent(pathname + search)}`);
        return;
      }
    } catch {
      // nobody answers yet
    }
    if (this.away) this.later = setTimeout(() => this.ask(), AGAIN);
  }
}

function dialogs() {
  return document.querySelectorAll('[data-testid="stDialog"]');
}

export default function ({ data }) {
  if (!data) return;
  window.kizashiAway ??= new Watcher();
  window.kizashiAway.tell(data);
}
