// What components do with the page around them.

function element(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Leads to an address of the site without loading the page again.
function open(address) {
  history.pushState({}, "", address);
  window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

// A link of the site; with a key held it does what links do.
function link(name, text, address) {
  const made = element("a", name, text);
  made.href = address;
  made.onclick = (event) => {
    event.stopPropagation();
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    open(address);
  };
  return made;
}
