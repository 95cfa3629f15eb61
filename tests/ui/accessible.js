// What a page lacks for whoever uses it by keyboard, by ear, or with weak eyes.
() => {
  const ASKED = "a[href], button, input, select, textarea, [role=button], [role=checkbox], " +
    "[role=radio], [role=switch], [role=tab], [role=slider], [role=combobox], [role=application]";
  const LARGE = 24, LARGE_BOLD = 18.66;

  const everything = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
    [one, ...(one.shadowRoot ? everything(one.shadowRoot) : [])]);
  const up = (one) => one.assignedSlot ?? one.parentElement ?? one.getRootNode().host ?? null;
  const seen = (one) => {
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || !one.checkVisibility({ visibilityProperty: true })) return false;
    for (let at = one; at; at = up(at)) {
      if (at.getAttribute("aria-hidden") === "true" || at.inert) return false;
    }
    return true;
  };

  const MUTE = "[aria-hidden=true], [data-testid=stIconMaterial]"; // an icon's word says nothing
  const words = (one) => [...(one?.childNodes ?? [])].map((part) =>
    part.nodeType === 3 ? part.data : part.nodeType === 1 && !part.matches(MUTE) ? words(part) : "")
    .join("");
  const named = (one) => {
    const root = one.getRootNode();
    const by = (one.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean)
      .map((id) => words(root.getElementById(id))).join(" ");
    const labels = [...(one.labels ?? [])].map(words).join(" ");
    const within = [...one.querySelectorAll("img[alt], [aria-label], svg title")]
      .map((part) => part.getAttribute("alt") ?? part.getAttribute("aria-label") ?? part.textContent);
    return [one.getAttribute("aria-label"), by, labels, words(one), one.title, ...within]
      .some((text) => text?.trim());
  };

  const parsed = (text) => {
    const canvas = parsed.canvas ??= document.createElement("canvas").getContext("2d",
      { willReadFrequently: true });
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) =>
    [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const behind = (one) => {
    const layers = [];
    for (let at = one; at; at = up(at)) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const colour = parsed(style.backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => [r, g, b].map((one) => {
    const part = one / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const opacity = (one) => {
    let share = 1;
    for (let at = one; at; at = up(at)) share *= Number(getComputedStyle(at).opacity);
    return share;
  };
  const contrast = (one) => {
    const back = behind(one);
    if (back === null) return Infinity;
    const colour = parsed(getComputedStyle(one).color);
    colour[3] *= opacity(one);
    const [a, b] = [light(over(colour, back)), light(back)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const faint = (one) => {
    if (opacity(one) === 0) return false; // shown where one points at it, or has the focus
    const words = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!words || one.closest(":disabled, [aria-disabled=true]")) return false;
    const style = getComputedStyle(one), size = parseFloat(style.fontSize);
    const large = size >= LARGE || (size >= LARGE_BOLD && Number(style.fontWeight) >= 700);
    return contrast(one) < (large ? 3 : 4.5);
  };

  const said = (one) => `${one.tagName.toLowerCase()}.${String(one.className?.baseVal ?? one.className)
    .slice(0, 60)} ${one.dataset?.testid ?? ""} “${one.textContent.trim().slice(0, 40)}”`;
  const all = everything(document.body).filter(seen);
  return {
    nameless: all.filter((one) => one.matches(ASKED) && !named(one)).map(said),
    pictures: all.filter((one) => one.matches("img:not([alt])")).map(said),
    faint: all.filter(faint).map((one) => `${contrast(one).toFixed(2)} ${said(one)}`),
    headings: all.filter((one) => one.matches("h1")).length,
    language: document.documentElement.lang,
  };
}
