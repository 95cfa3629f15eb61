// Sensors by day, each cell in the colour of how much is wrong with its data.

const STEPS = [0.01, 0.05, 0.2, 0.5];
const LEAST_ABOVE = 58;

function step(share) {
  if (share === null) return "none";
  return `s${STEPS.filter((least) => share >= least).length}`;
}

class Heat {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.at = [0, Math.max(data.days.length - 1, 0)];
    for (const [name, colour] of Object.entries(data.colours)) {
      root.style.setProperty(`--${name}`, colour);
    }
    root.style.setProperty("--count", data.days.length);
    this.build();
  }

  build() {
    const { data, root } = this;
    this.above = element("div", "above");
    this.above.setAttribute("aria-hidden", "true");
    const head = element("div", "row head");
    head.append(element("span"), this.above, element("span", "end", data.end));
    this.grid = element("div", "grid");
    this.grid.setAttribute("role", "grid");
    this.grid.setAttribute("aria-label", data.label);
    this.grid.setAttribute("aria-rowcount", data.rows.length);
    this.cells = data.rows.map((row, number) => this.row(row, number));
    this.tip = element("div", "tip");
    root.replaceChildren(this.legend(), head, this.grid, this.tip);
    this.grid.onmouseover = (event) => this.show(event.target);
    this.grid.onmouseleave = () => this.hide();
    this.grid.onfocusin = (event) => this.show(event.target);
    this.grid.onfocusout = () => this.hide();
    this.grid.onkeydown = (event) => this.key(event);
    this.grid.onclick = (event) => this.lead(event.target.closest(".cell"));
    this.watch = new ResizeObserver(() => this.write());
    this.watch.observe(this.above);
  }

  legend() {
    const { words } = this.data;
    const list = element("ul", "legend");
    const shown = [["s0", words.fine], ["s2", words.little], ["s4", words.much],
      ["none", words.none]];
    for (const [name, text] of shown) {
      const item = element("li");
      item.append(element("i", `cell ${name}`), text);
      list.append(item);
    }
    return list;
  }

  row(told, number) {
    const row = element("div", "row");
    row.setAttribute("role", "row");
    const name = element("div", "name", told.name);
    name.setAttribute("role", "rowheader");
    name.title = told.name;
    const cells = element("div", "cells");
    const made = told.cells.map((one, day) => {
      const cell = element("i", `cell ${step(one.share)}`);
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-label", `${told.name} · ${this.data.days[day]} · ${one.text}`);
      cell.tabIndex = number === this.at[0] && day === this.at[1] ? 0 : -1;
      cell.dataset.day = day;
      cells.append(cell);
      return cell;
    });
    row.append(name, cells, element("div", "end", told.end));
    this.grid.append(row);
    return made;
  }

  // Days above the cells, as many as there is room for.
  write() {
    const width = this.above.clientWidth, { days } = this.data;
    if (!width || !days.length) return;
    const every = Math.max(Math.ceil(LEAST_ABOVE / (width / days.length)), 1);
    const shown = days.map((text, day) => [text, day]).filter(([, day]) => day % every === 0)
      .filter(([, day]) => (1 - day / days.length) * width > LEAST_ABOVE * 0.7);
    this.above.replaceChildren(...shown.map(([text, day]) => {
      const made = element("span", "", text);
      made.style.left = `${(day / days.length) * 100}%`;
      return made;
    }));
  }

  show(target) {
    const cell = target.closest?.(".cells .cell");
    if (!cell) return this.hide();
    this.tip.textContent = cell.getAttribute("aria-label");
    this.tip.classList.add("shown");
    const box = cell.getBoundingClientRect(), all = this.root.getBoundingClientRect();
    const half = this.tip.offsetWidth / 2, middle = box.left - all.left + box.width / 2;
    const left = Math.min(Math.max(middle, half), Math.max(all.width - half, half));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${box.top - all.top}px`;
  }

  hide() {
    this.tip.classList.remove("shown");
  }

  lead(cell) {
    const address = cell && this.data.addresses[Number(cell.dataset.day)];
    if (address) open(address);
  }

  key(event) {
    const [row, day] = this.at;
    const moves = {
      ArrowUp: [row - 1, day], ArrowDown: [row + 1, day], ArrowLeft: [row, day - 1],
      ArrowRight: [row, day + 1], Home: [row, 0], End: [row, this.data.days.length - 1],
    };
    if (event.key in moves) this.move(...moves[event.key]);
    else if (event.key === "Enter") this.lead(this.cells[row][day]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(row, day) {
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    this.cells[this.at[0]][this.at[1]].tabIndex = -1;
    this.at = [within(row, this.data.rows.length), within(day, this.data.days.length)];
    const cell = this.cells[this.at[0]][this.at[1]];
    cell.tabIndex = 0;
    cell.focus();
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".heat");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  root.heat?.watch.disconnect();
  root.classList.toggle("leads", data.addresses.some(Boolean));
  root.heat = new Heat(root, data);
}
