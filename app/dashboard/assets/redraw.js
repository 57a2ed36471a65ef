/* What somebody does on a page outlives its redrawing: where the keyboard is, how far a box is scrolled, which details
   are open. Dash mounts new elements where it draws; these are found again by what they are. */
(function () {
  "use strict";
  const root = () => document.getElementById("page");
  let held = null;
  const opened = new Map(), scrolled = new Map();
  window.addEventListener("_dashprivate_pushstate", () => { opened.clear(); scrolled.clear(); });
  window.addEventListener("popstate", () => { opened.clear(); scrolled.clear(); });

  function steps(element) {
    const found = [];
    for (let one = element; one && one !== root(); one = one.parentElement) found.unshift(Array.prototype.indexOf.call(one.parentElement ? one.parentElement.children : [], one));
    return found;
  }
  function named(element) {
    const said = (name) => element.getAttribute(name) || "";
    const id = element.id || said("data-act") || said("href") || said("name") || said("aria-label");
    return element.tagName + "|" + (id || (element.textContent || "").trim().slice(0, 80));
  }
  /* The element with the same name; of several, the one in the same place among them. */
  function again(was) {
    const alike = Array.from(root().querySelectorAll(was.tag)).filter((one) => named(one) === was.name);
    return alike[was.place] || alike[0] || null;
  }
  function described(element) {
    const alike = Array.from(root().querySelectorAll(element.tagName)).filter((one) => named(one) === named(element));
    return { element, tag: element.tagName, name: named(element), place: alike.indexOf(element), steps: steps(element) };
  }
  /* It is gone for good: what stands nearest to where it was, so that Tab goes on from there. */
  function nearest(was) {
    let at = root();
    for (const step of was.steps) {
      const next = at.children[Math.min(step, at.children.length - 1)];
      if (!next) break;
      at = next;
    }
    for (; at && at !== root(); at = at.parentElement) {
      const reachable = at.matches("a[href], button:not(:disabled), summary") ? at : at.querySelector("a[href], button:not(:disabled), input, summary, [tabindex='0']");
      if (reachable) return reachable;
    }
    return root();
  }

  document.addEventListener("focusin", (event) => {
    const page = root();
    held = page && page !== event.target && page.contains(event.target) ? described(event.target) : null;
  });
  /* Left on purpose, with a click on nothing: then it is not to come back. */
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest("a, button, input, textarea, select, summary, [tabindex]")) held = null;
  });
  const lost = () => held && !held.element.isConnected && (!document.activeElement || document.activeElement === document.body);
  let waiting = 0;
  function refocus() {
    if (!lost()) return;
    const target = again(held);
    if (target) { focus(target); return; }
    // What is new may come a moment after what is old has gone.
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (lost()) focus(again(held) || nearest(held)); }, 300);
  }
  function focus(target) {
    const was = held.element, start = was.selectionStart, end = was.selectionEnd;
    target.focus({ preventScroll: true });
    if (target.setSelectionRange && typeof start === "number") target.setSelectionRange(start, end);
  }

  const key = (element) => steps(element).join(".");
  document.addEventListener("toggle", (event) => {
    if (event.target.tagName === "DETAILS" && root() && root().contains(event.target)) opened.set(summary(event.target), event.target.open);
  }, true);
  function summary(details) {
    const head = details.querySelector("summary");
    return key(details) + "|" + (head ? head.textContent : "");
  }
  document.addEventListener("scroll", (event) => {
    const page = root();
    if (event.target.nodeType === 1 && page && page !== event.target && page.contains(event.target)) {
      scrolled.set(key(event.target), { tag: event.target.tagName, left: event.target.scrollLeft, top: event.target.scrollTop });
    }
  }, true);
  function restore(added) {
    if (opened.size) added.querySelectorAll("details").forEach((one) => { const was = opened.get(summary(one)); if (was !== undefined && one.open !== was) one.open = was; });
    scrolled.forEach((was, path) => {
      const found = path.split(".").reduce((at, step) => at && at.children[step], root());
      if (!found || found.tagName !== was.tag || !added.contains(found)) return;
      if (found.scrollLeft !== was.left) found.scrollLeft = was.left;
      if (found.scrollTop !== was.top) found.scrollTop = was.top;
    });
  }

  function watch() {
    const page = root();
    if (!page) return;
    new MutationObserver((records) => {
      page.classList.remove("turning");
      refocus();
      new Set(records.filter((one) => one.addedNodes.length).map((one) => one.target)).forEach((one) => one.isConnected && restore(one));
    }).observe(page, { childList: true, subtree: true });
  }
  /* Dash draws the frame once, some time after this was read. */
  const framed = new MutationObserver(() => { if (root()) { framed.disconnect(); watch(); } });
  framed.observe(document.documentElement, { childList: true, subtree: true });
})();
