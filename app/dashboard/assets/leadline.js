/* Leadline's own components and keys. Plain React without a build step; Dash finds the components under `leadline`. */
(function () {
  "use strict";
  const h = React.createElement;

  /* ---- theme (chosen in theme.js, before the first paint) --------------------------------------------------- */
  const THEMES = { system: ["◐", "System theme"], dark: ["☾", "Dark theme"], light: ["☀", "Light theme"] };
  function ThemeToggle(props) {
    const [choice, setChoice] = React.useState(window.leadlineTheme.stored());
    const next = { system: "dark", dark: "light", light: "system" }[choice];
    const [sign, label] = THEMES[choice];
    return h("button", {
      id: props.id, type: "button", className: "theme-toggle", title: label + " – click for " + next,
      "aria-label": label + ", switch to " + next, "data-choice": choice,
      onClick: () => { window.leadlineTheme.choose(next); setChoice(next); },
    }, h("span", { "aria-hidden": true }, sign), h("span", { className: "wide" }, choice));
  }

  /* ---- ages that tick -------------------------------------------------------------------------------------- */
  const tickers = new Set();
  setInterval(() => tickers.forEach((tick) => tick()), 1000);
  function useTick() {
    const [, bump] = React.useReducer((n) => n + 1, 0);
    React.useEffect(() => { tickers.add(bump); return () => tickers.delete(bump); }, []);
  }
  function lasting(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return s + " s";
    const m = Math.floor(s / 60), hours = Math.floor(s / 3600), d = Math.floor(s / 86400);
    if (d) return d + " d " + (hours % 24) + " h";
    return hours ? hours + " h " + String(m % 60).padStart(2, "0") + " min" : m + " min";
  }
  function Ago(props) {
    useTick();
    const age = Date.now() - props.at;
    const late = props.late && age > props.late;
    return h("time", {
      id: props.id, className: late ? "ago late" : "ago", title: window.leadlineZone.moment(props.at),
      dateTime: new Date(props.at).toISOString(),
    }, lasting(age) + (props.suffix || ""));
  }

  /* ---- copy ------------------------------------------------------------------------------------------------ */
  function copyText(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.appendChild(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    return Promise.resolve();
  }
  function Copy(props) {
    const [done, setDone] = React.useState(false);
    const click = () => copyText(props.text).then(() => { setDone(true); setTimeout(() => setDone(false), 1500); });
    return h("button", { id: props.id, type: "button", className: "copy", onClick: click, "aria-live": "polite" },
      done ? "copied" : props.label || "copy");
  }

  /* ---- a state as colour, shape and word ------------------------------------------------------------------ */
  function mark(state, word) {
    return h("span", { className: "mark s-" + state },
      h("span", { className: "shape", "aria-hidden": true }), h("span", { className: "word" }, word));
  }

  window.leadline = Object.assign(window.leadline || {}, { Ago, Copy, ThemeToggle, mark, lasting, useTick });

  /* ---- links stay within the page, so that moving about needs no reload ------------------------------------- */
  function go(address) {
    const page = document.getElementById("page");
    if (page && address !== window.location.pathname + window.location.search) page.classList.add("turning");
    window.history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }
  window.leadlineGo = go;
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest && event.target.closest("a[href]");
    if (!link || link.target || link.origin !== window.location.origin || link.hasAttribute("download")) return;
    if (link.hash && link.pathname === window.location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });

  /* ---- keys ------------------------------------------------------------------------------------------------ */
  /* The pages themselves say which key leads to them. */
  const goes = (key) => document.querySelector('#nav a[data-key="' + CSS.escape(key) + '"]');
  let pending = 0;
  function help() {
    const dialog = document.getElementById("help");
    if (dialog && dialog.open) dialog.close();
    else if (dialog) { dialog.showModal(); dialog.querySelector(":scope > [data-help]").focus(); }
  }
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
    if (event.key === "Escape") { if (typing) event.target.blur(); return; }
    const dialog = document.querySelector("dialog[open]");
    if (dialog && !(event.key === "?" && dialog.id === "help")) return;
    if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
    const there = pending && event.timeStamp - pending < 1500 && goes(event.key);
    if (there) { pending = 0; event.preventDefault(); go(there.getAttribute("href")); return; }
    // When it was pressed, not when a busy page came to hear of it.
    pending = event.key === "g" ? event.timeStamp : 0;
    if (event.key === "?") { event.preventDefault(); help(); }
    if (event.key === "/") {
      event.preventDefault();
      const search = document.getElementById("search");
      if (search) search.focus(); else go("/");
    }
  });
  document.addEventListener("click", (event) => {
    // A click on the dialog itself is one beside its box.
    if (event.target.id === "help" || (event.target.closest && event.target.closest("[data-help]"))) help();
  });
})();
