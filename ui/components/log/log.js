// What a job said: lines are added at the bottom, and followed while one looks there.

const NEAR = 24;

class Log {
  constructor(root, data) {
    this.root = root;
    this.lines = element("div", "lines");
    this.lines.tabIndex = 0;
    this.lines.setAttribute("role", "log");
    this.follow = element("button", "", data.words.follow);
    this.copy = element("button", "", data.words.copy);
    this.follow.type = this.copy.type = "button";
    this.follow.hidden = true;
    this.follow.onclick = () => this.toEnd();
    this.copy.onclick = () => this.copied();
    this.lines.onscroll = () => { this.follow.hidden = this.atEnd(); };
    const bar = element("div", "bar");
    bar.append(this.follow, this.copy);
    root.replaceChildren(bar, this.lines);
    this.shown = [];
    this.tell(data);
    this.toEnd();
  }

  tell(data) {
    this.data = data;
    this.lines.setAttribute("aria-label", data.label);
    this.copy.hidden = data.lines.length === 0;
    const following = this.atEnd();
    const same = this.shown.every((line, n) => data.lines[n]?.text === line.text);
    const known = same ? this.shown.length : 0;
    if (!same || (known === 0 && data.lines.length)) this.lines.replaceChildren();
    this.lines.append(...data.lines.slice(known).map((line) => this.line(line)));
    if (!data.lines.length) {
      this.lines.replaceChildren(element("p", "nothing", data.words.nothing));
    }
    this.shown = data.lines;
    if (following) this.toEnd();
    this.follow.hidden = this.atEnd();
  }

  line(told) {
    const row = element("div", `line ${told.level}`);
    row.append(element("span", "at", told.at), element("span", "said", told.text));
    return row;
  }

  atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.lines;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  toEnd() {
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  async copied() {
    const text = this.shown.map((line) => `${line.at} ${line.text}`).join("\n");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      this.choose();  // without TLS there is no clipboard: what is chosen is copied by hand
      return;
    }
    this.copy.textContent = this.data.words.copied;
    setTimeout(() => { this.copy.textContent = this.data.words.copy; }, 1500);
  }

  choose() {
    const range = document.createRange();
    range.selectNodeContents(this.lines);
    const selection = document.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
}

const standing = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".log");
  const known = standing.get(root);
  if (known) known.tell(data);
  else standing.set(root, new Log(root, data));
}
