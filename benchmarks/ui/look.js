// What a benchmark asks a page: whether something is there, and when it was painted.

window.look = {
  // Everything that fits, in the page and in the components within it.
  all(selector, root = document) {
    const found = [...root.querySelectorAll(selector)];
    for (const host of root.querySelectorAll("*")) {
      if (host.shadowRoot) found.push(...this.all(selector, host.shadowRoot));
    }
    return found;
  },

  painted() {
    return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  },

  async until(met, limit) {
    const begun = performance.now();
    while (!met()) {
      if (performance.now() - begun > limit) return false;
      await new Promise(requestAnimationFrame);
    }
    await this.painted();
    return true;
  },

  // Milliseconds from a click on a link until what it leads to is painted; null if never.
  async go(address, selector, limit) {
    const begun = performance.now();
    history.pushState({}, "", address);
    window.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
    const met = await this.until(() => this.all(selector).length > 0, limit);
    return met ? performance.now() - begun : null;
  },

  // The same from the moment a mouse button is let go until an attribute is written again.
  watch(selector, attribute) {
    const [element] = this.all(selector);
    this.watched = new Promise((done) => {
      let begun = null;
      window.addEventListener("mouseup", () => { begun = performance.now(); },
        { capture: true, once: true });
      const observer = new MutationObserver(async () => {
        if (begun === null) return;
        observer.disconnect();
        await this.painted();
        done(performance.now() - begun);
      });
      observer.observe(element, { attributeFilter: [attribute] });
    });
  },
};
