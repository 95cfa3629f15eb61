// The first rows of a file.  Above each column stands what it is taken for, and can be changed.

class Columns {
  constructor(root, data, send) {
    this.root = root;
    this.data = data;
    this.send = send;
    this.build();
  }

  build() {
    const table = element("table");
    table.setAttribute("aria-label", this.data.words.label);
    const head = element("thead"), names = element("tr");
    names.append(...this.data.columns.map((told) => this.head(told)));
    head.append(names);
    const body = element("tbody");
    const count = Math.max(0, ...this.data.columns.map((told) => told.cells.length));
    for (let number = 0; number < count; number++) {
      const row = element("tr");
      for (const told of this.data.columns) {
        const cell = element("td", this.look(told), told.cells[number] ?? "");
        cell.title = told.cells[number] ?? "";
        row.append(cell);
      }
      body.append(row);
    }
    table.append(head, body);
    const view = element("div", "view");
    view.tabIndex = 0;
    view.setAttribute("role", "region");
    view.setAttribute("aria-label", this.data.words.label);
    view.append(table);
    this.root.replaceChildren(view);
  }

  look(told) {
    return told.use === "left out" ? "out" : told.use;
  }

  head(told) {
    const { words } = this.data;
    const cell = element("th", this.look(told));
    cell.scope = "col";
    const name = element("span", "name", told.name);
    name.title = told.name;
    const use = element("select");
    use.setAttribute("aria-label", words.use.replace("{name}", told.name));
    const known = { ...this.data.uses };
    if (!(told.use in known)) known[told.use] = this.data.found[told.use] ?? told.use;
    for (const [value, text] of Object.entries(known)) {
      const option = element("option", "", text);
      option.value = value;
      option.selected = value === told.use;
      use.append(option);
    }
    use.onchange = () => this.send("said", { column: told.name, use: use.value });
    const unit = element("input");
    unit.type = "text";
    unit.maxLength = 60;
    unit.value = told.unit;
    unit.placeholder = told.measured ? words.no_unit : "";
    unit.disabled = !told.measured;
    unit.setAttribute("aria-label", words.unit.replace("{name}", told.name));
    unit.onchange = () => this.send("said", { column: told.name, unit: unit.value.trim() });
    cell.append(name, use, unit);
    return cell;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".columns");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  const left = root.querySelector(".view")?.scrollLeft ?? 0;
  new Columns(root, data, setTriggerValue);
  root.querySelector(".view").scrollLeft = left;
}
