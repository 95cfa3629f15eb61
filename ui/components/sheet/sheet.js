// Rows that are edited in place.  What is written goes out when the cell is left.

class Sheet {
  constructor(root, data, send) {
    this.root = root;
    this.data = data;
    this.send = send;
    const table = element("table");
    table.setAttribute("aria-label", data.label);
    table.append(this.head(), this.body());
    const view = element("div", "view");
    view.append(table);
    root.replaceChildren(view);
  }

  head() {
    const row = element("tr");
    const first = { title: this.data.first, kind: "text" };
    row.append(...[first, ...this.data.fields].map((field) => {
      const cell = element("th", field.kind, field.title);
      cell.scope = "col";
      return cell;
    }));
    const head = element("thead");
    head.append(row);
    return head;
  }

  body() {
    const body = element("tbody");
    body.append(...this.data.lines.map((line) => this.row(line)));
    return body;
  }

  row(line) {
    const row = element("tr");
    const name = element("th", "first");
    name.scope = "row";
    const title = element("span", "title", line.title);
    title.title = line.title;
    name.append(title);
    if (line.below) name.append(element("span", "below", line.below));
    row.append(name);
    for (const field of this.data.fields) {
      const cell = element("td", field.kind);
      cell.append(this.data.locked ? this.text(line, field) : this.edit(line, field));
      row.append(cell);
    }
    return row;
  }

  text(line, field) {
    const value = line.values[field.name] ?? "";
    return element("span", "value", field.choices[value] ?? (value || "–"));
  }

  edit(line, field) {
    const value = line.values[field.name] ?? "";
    const made = element(field.kind === "choice" ? "select" : "input");
    if (field.kind === "choice") {
      for (const [name, text] of Object.entries(field.choices)) {
        const option = element("option", "", text);
        option.value = name;
        made.append(option);
      }
    } else {
      made.type = "text";
      made.placeholder = field.hint;
      made.maxLength = 200;
      if (field.kind === "number") made.inputMode = "decimal";
      made.onkeydown = (event) => this.key(event, made, value);
    }
    made.value = value;
    made.dataset.cell = `${field.name} ${line.key}`;
    made.setAttribute("aria-label", `${line.title}: ${field.title}`);
    made.onchange = () => {
      if (made.value.trim() === value) return;
      made.classList.add("sent");
      this.send("edit", {
        key: line.key, field: field.name, value: made.value.trim(), revision: line.revision,
      });
    };
    return made;
  }

  // Enter leaves the cell for the one below, Escape takes back what was written.
  key(event, made, value) {
    if (event.key === "Escape") made.value = value;
    else if (event.key !== "Enter") return;
    const row = made.closest("tr"), place = [...row.children].indexOf(made.parentElement);
    const next = event.key === "Enter" ? row.nextElementSibling : null;
    made.blur();
    next?.children[place].firstElementChild.focus();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".sheet");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  const cell = root.getRootNode().activeElement?.dataset?.cell;
  const view = root.querySelector(".view");
  const at = view ? [view.scrollLeft, view.scrollTop] : [0, 0];
  new Sheet(root, data, setTriggerValue);
  const drawn = root.querySelector(".view");
  [drawn.scrollLeft, drawn.scrollTop] = at;
  if (!cell) return;
  const same = [...root.querySelectorAll("[data-cell]")].find((one) => one.dataset.cell === cell);
  same?.focus({ preventScroll: true });
}
