// A slider over budgets; figures and time line follow it at once.

class Budgets {
  constructor(root, data, send, at) {
    this.data = data;
    this.send = send;
    this.at = at ?? Math.max(data.levels.findIndex((level) => level.own), 0);
    this.line = element("div", "timeline");
    const parts = [this.figures(), this.legend(), this.line];
    if (data.levels.length > 1) parts.unshift(this.head());
    root.replaceChildren(...parts);
    this.draw();
  }

  head() {
    const { words, levels, may_use } = this.data;
    const head = element("div", "head");
    const label = element("label", "label", words.slider);
    this.slider = element("input");
    Object.assign(this.slider, { type: "range", min: 0, max: levels.length - 1, step: 1 });
    this.slider.value = this.at;
    this.slider.setAttribute("aria-label", words.slider);
    this.slider.oninput = () => {
      this.at = Number(this.slider.value);
      this.draw();
    };
    const ends = element("div", "ends");
    ends.append(element("span", "", levels[0].text), element("span", "", levels.at(-1).text));
    const track = element("div", "range");
    track.append(this.slider, ends);
    this.shown = element("output", "shown");
    this.note = element("span", "note");
    const foot = element("div", "foot-row");
    foot.append(this.note);
    head.append(label, track, this.shown, foot);
    if (may_use) {
      this.use = element("button", "use", words.use);
      this.use.type = "button";
      this.use.onclick = () => this.send("use", levels[this.at].budget);
      foot.append(this.use);
    }
    return head;
  }

  figures() {
    const { names, measures, words } = this.data;
    const table = element("table");
    const titles = [words.measure, names[0], ...(names[1] ? [names[1]] : [])];
    const row = element("tr");
    row.append(...titles.map((title, place) => {
      const cell = element("th", place ? "number" : "", title);
      cell.scope = "col";
      cell.title = title;
      return cell;
    }));
    const head = element("thead");
    head.append(row);
    const body = element("tbody");
    this.values = measures.map((measure) => {
      const line = element("tr"), value = element("td", "number value");
      const name = element("th", "", measure.label);
      name.scope = "row";
      name.title = measure.title || measure.label;
      line.append(name, value);
      if (names[1]) line.append(element("td", "number", measure.beside));
      body.append(line);
      return value;
    });
    table.append(head, body);
    return table;
  }

  legend() {
    const list = element("div", "legend");
    list.append(...this.data.marks.map((mark) => {
      const one = element("span", "mark"), colour = element("i", mark.hollow ? "hollow" : "");
      colour.style.setProperty("--colour", mark.colour);
      one.append(colour, document.createTextNode(mark.label));
      return one;
    }));
    return list;
  }

  draw() {
    const { levels, measures, words } = this.data, level = levels[this.at];
    measures.forEach((measure, place) => {
      this.values[place].textContent = measure.values[this.at];
    });
    this.drawn?.held();
    this.drawn = new Timeline(this.line, level.timeline, this.send);
    if (!this.slider) return;
    this.shown.textContent = level.text;
    this.note.textContent = level.own ? words.own : words.promised;
    this.slider.setAttribute("aria-valuetext", level.text);
    if (this.use) this.use.disabled = level.own;
  }
}

const standing = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".budgets");
  const signature = JSON.stringify(data);
  const known = standing.get(root);
  if (known?.signature === signature) return;
  const same = known?.budgets.data.levels.length === data.levels.length;
  const at = same ? known.budgets.at : undefined;
  standing.set(root, { signature, budgets: new Budgets(root, data, setTriggerValue, at) });
}
