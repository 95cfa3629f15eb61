// A place to drop files.  Each goes as it is from the browser to the API, one after the other:
// the browser reads it from the disk while it is sent, however large it is.

const MEDIA = {
  csv: "text/csv", tsv: "text/csv", txt: "text/csv", json: "application/json",
  jsonl: "application/x-ndjson", ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet", pq: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.stream", arrows: "application/vnd.apache.arrow.stream",
};
const OF_ANY_KIND = "application/octet-stream";
const ENDINGS = [...Object.keys(MEDIA), "dat", "gz", "zst"].map((end) => `.${end}`).join(",");
const UNITS = ["B", "kB", "MB", "GB", "TB"];

function size(bytes) {
  let unit = 0;
  while (bytes >= 1000 && unit < UNITS.length - 1) { bytes /= 1000; unit += 1; }
  return `${bytes.toFixed(unit ? 1 : 0)} ${UNITS[unit]}`;
}

function mediaOf(name) {
  return MEDIA[name.toLowerCase().split(".").pop()] ?? OF_ANY_KIND;
}

async function csrf() {
  const answer = await fetch("/api/v1/session", { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("nobody is logged in");
  return (await answer.json()).csrf ?? "";
}

class Drop {
  constructor(root, data, send) {
    this.root = root;
    this.data = data;
    this.send = send;
    this.files = [];
    this.running = null;
    this.build();
  }

  build() {
    const { words } = this.data;
    this.input = element("input");
    this.input.type = "file";
    this.input.multiple = true;
    this.input.accept = ENDINGS;
    this.input.onchange = () => { this.take(this.input.files); this.input.value = ""; };
    this.zone = element("label", "zone");
    const icon = element("span", "icon", "↥");
    icon.setAttribute("aria-hidden", "true");
    const lines = element("span", "lines");
    lines.append(element("b", "", words.here), element("span", "kinds", words.kinds),
      element("span", "kinds", words.most));
    this.zone.append(this.input, icon, lines, element("span", "choose", words.choose));
    for (const name of ["dragenter", "dragover"]) {
      this.zone.addEventListener(name, (event) => {
        event.preventDefault();
        this.zone.classList.add("over");
      });
    }
    this.zone.addEventListener("dragleave", () => this.zone.classList.remove("over"));
    this.zone.addEventListener("drop", (event) => {
      event.preventDefault();
      this.zone.classList.remove("over");
      this.take(event.dataTransfer.files);
    });
    this.list = element("ul", "files");
    this.list.setAttribute("aria-live", "polite");
    this.after = element("button", "after", words.go_on);
    this.after.type = "button";
    this.after.hidden = true;
    this.after.onclick = () => this.handOver();
    this.root.replaceChildren(this.zone, this.list, this.after);
  }

  // ------------------------------------------------------------------ files
  take(files) {
    const { words, most, mostFiles } = this.data;
    for (const file of files) {
      const told = { file, upload: "", over: false };
      this.files.push(told);
      this.row(told);
      const waiting = this.files.filter((one) => !one.over).length;
      if (file.size > most) this.end(told, words.tooLarge, true);
      else if (waiting > mostFiles) this.end(told, words.tooMany, true);
      else this.tell(told, words.waiting);
    }
    this.next();
  }

  row(told) {
    const row = element("li");
    const name = element("span", "name", told.file.name);
    name.title = told.file.name;
    told.state = element("span", "state");
    told.bar = element("progress");
    told.bar.max = 1;
    told.bar.value = 0;
    told.bar.setAttribute("aria-label", told.file.name);
    told.stop = element("button", "", this.data.words.cancel);
    told.stop.type = "button";
    told.stop.setAttribute("aria-label", `${this.data.words.cancel}: ${told.file.name}`);
    told.stop.onclick = () => this.cancel(told);
    row.append(name, told.bar, told.state, told.stop);
    told.row = row;
    this.list.append(row);
  }

  tell(told, text) {
    told.state.textContent = text;
    told.state.title = text;
  }

  end(told, text, wrong) {
    told.over = true;
    told.row.classList.toggle("wrong", wrong);
    told.row.classList.toggle("done", !wrong);
    told.stop.hidden = true;
    this.tell(told, text);
  }

  cancel(told) {
    this.end(told, this.data.words.cancelled, true);
    if (this.running === told) {
      this.running = null;
      told.request?.abort();
    }
    this.next();
  }

  // ------------------------------------------------------------------ sending
  next() {
    if (this.running) return;
    const told = this.files.find((one) => !one.over);
    if (told) {
      this.running = told;
      window.addEventListener("beforeunload", this.warn);
      this.start(told);
      return;
    }
    window.removeEventListener("beforeunload", this.warn);
    const came = this.files.filter((one) => one.upload);
    if (!came.length) return;
    if (came.length === this.files.length) this.handOver();
    else this.after.hidden = false;
  }

  warn(event) {
    event.preventDefault();
  }

  async start(told) {
    let word;
    try {
      word = await csrf();
    } catch {
      if (this.running === told) this.finish(told, "", this.data.words.logged_out);
      return;
    }
    if (this.running !== told) return;
    const request = new XMLHttpRequest();
    told.request = request;
    const query = new URLSearchParams({ file: told.file.name.slice(-300) });
    if (this.data.site) query.set("site", this.data.site); // of a gateway
    request.open("POST", `/api/v1/uploads?${query}`);
    request.setRequestHeader("Content-Type", mediaOf(told.file.name));
    request.setRequestHeader("X-CSRF-Token", word);
    request.upload.onprogress = (event) => this.advance(told, event.loaded);
    request.onload = () => this.answered(told, request);
    request.onerror = () => this.finish(told, "", this.data.words.lost);
    request.send(told.file);
  }

  advance(told, done) {
    if (told.over) return;
    const whole = told.file.size;
    told.bar.value = whole ? Math.min(done / whole, 1) : 1;
    const { of, reading } = this.data.words;
    if (done >= whole) this.tell(told, reading);
    else this.tell(told, of.replace("{done}", size(done)).replace("{size}", size(whole)));
  }

  answered(told, request) {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      answer = {};
    }
    if (request.status === 201) {
      told.bar.value = 1;
      this.finish(told, answer.upload, `${this.data.words.sent} · ${size(told.file.size)}`);
      return;
    }
    const why = [answer.detail, answer.remedy].filter(Boolean).join(" ");
    this.finish(told, "", why || this.data.words.lost);
  }

  finish(told, upload, text) {
    if (told.over) return;
    told.upload = upload;
    this.end(told, text, !upload);
    if (this.running === told) this.running = null;
    this.next();
  }

  handOver() {
    const uploads = this.files.map((one) => one.upload).filter(Boolean);
    this.files = [];
    this.list.replaceChildren();
    this.after.hidden = true;
    this.send("sent", { uploads });
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".drop");
  const signature = JSON.stringify(data);
  if (root.signature === signature) return;
  root.signature = signature;
  root.drop = new Drop(root, data, setTriggerValue);
}
