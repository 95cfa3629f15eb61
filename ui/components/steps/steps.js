// The way through a list, by links and by keys.

const TYPED_IN = "input, textarea, select, [contenteditable=true]";

// The clipboard is only there where the site is reached by https.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const held = element("textarea");
  held.value = text;
  document.body.append(held);
  held.select();
  const done = document.execCommand("copy");
  held.remove();
  if (!done) throw new Error("nothing was copied");
}

function draw(root, data) {
  const { words } = data;
  const step = (address, text) =>
    address ? link("step", text, address) : element("span", "none", text);
  const parts = [link("back", words.back, data.back), element("span", "gap")];
  if (data.before || data.after) {
    parts.push(step(data.before, words.before), element("span", "place", data.place),
      step(data.after, words.after));
  }
  const button = element("button", "", words.copy);
  button.type = "button";
  button.setAttribute("aria-live", "polite");
  button.onclick = async () => {
    await copy(new URL(data.own, location.href).href);
    button.textContent = words.copied;
  };
  root.setAttribute("aria-label", words.label);
  root.replaceChildren(...parts, button);
}

function keys(data, send) {
  const acts = { u: () => open(data.back) };
  if (data.before) acts.k = () => open(data.before);
  if (data.after) acts.j = () => open(data.after);
  const names = { a: "acknowledge", c: "close", m: "mute" };
  for (const [key, name] of Object.entries(names)) {
    // Also where nothing is to be done: the page's own C would empty its caches.
    acts[key] = data.deeds.includes(name) ? () => send("deed", name) : () => {};
  }
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const [target] = event.composedPath();
    if (target instanceof Element && target.matches(TYPED_IN)) return;
    if (document.querySelector('[role="dialog"]')) return;
    const act = acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  };
}

const standing = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".steps");
  const signature = JSON.stringify(data);
  const known = standing.get(root);
  if (known?.signature === signature) return known.end;
  known?.end();
  draw(root, data);
  const listen = keys(data, setTriggerValue);
  window.addEventListener("keydown", listen, true);
  const end = () => {
    window.removeEventListener("keydown", listen, true);
    standing.delete(root);
  };
  standing.set(root, { signature, end });
  return end;
}
