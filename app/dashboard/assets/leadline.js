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

  /* ---- tiles ----------------------------------------------------------------------------------------------- */
  const COMPACT_FROM = 40;
  function mark(state, word) {
    return h("span", { className: "mark s-" + state },
      h("span", { className: "shape", "aria-hidden": true }), h("span", { className: "word" }, word));
  }
  function sparkline(points) {
    const known = points.filter((p) => p !== null);
    if (known.length < 2) return h("div", { className: "spark none" }, "no data in 24 h");
    const top = Math.max(...known) * 1.08, step = 100 / (points.length - 1);
    let path = "", pen = "M", last = null;
    points.forEach((p, i) => {
      if (p === null) { pen = "M"; return; }
      last = [i * step, 30 - (p / top) * 28];
      path += pen + last[0].toFixed(2) + " " + last[1].toFixed(2);
      pen = "L";
    });
    return h("svg", { className: "spark", viewBox: "0 0 100 31", preserveAspectRatio: "none", "aria-hidden": true },
      h("path", { d: "M0 30.5H100", className: "base" }), h("path", { d: path, className: "line" }));
  }
  function bar(left, text) {
    const tone = left === null ? "empty" : left <= 0 ? "bad" : left < 0.25 ? "warn" : "";
    const width = Math.max(0, Math.min(1, left === null ? 0 : left)) * 100 + "%";
    return h("span", { className: "bar" },
      h("span", { className: "track " + tone }, left === null ? null : h("span", { style: { width } })),
      h("span", { className: left === null ? "none" : "num" }, text));
  }
  function fact(name, value, key) {
    return h("div", { className: "fact", key }, h("span", { className: "label" }, name), value);
  }
  function age(tile) {
    if (!tile.lastRunAt) return h("span", { className: "none" }, "never ran");
    return h("span", null, "last run ", h(Ago, { at: tile.lastRunAt, suffix: " ago", late: tile.lateMs }));
  }
  const Tile = React.memo(function Tile({ tile, compact }) {
    const head = h("div", { className: "tile-head" }, h("span", { className: "name", title: tile.label }, tile.label), mark(tile.state, tile.word));
    const p95 = h("span", { className: tile.p95 === "–" ? "big none" : "big" }, tile.p95 === "–" ? "no data" : tile.p95);
    if (compact) {
      return h("a", { className: "tile compact s-" + tile.state, href: tile.href, "data-name": tile.name },
        head, h("div", { className: "tile-line" }, p95, h("span", { className: "vs" }, tile.normal), bar(tile.budget, tile.budgetText)));
    }
    return h("a", { className: "tile s-" + tile.state, href: tile.href, "data-name": tile.name },
      head,
      h("div", { className: "tile-sub" }, tile.sub),
      tile.incident ? h("div", { className: "tile-incident" }, tile.incident) : null,
      h("div", { className: "tile-main" },
        h("div", { className: "tile-p95" }, p95, h("span", { className: "vs" }, tile.sample), h("span", { className: "vs " + tile.normalTone }, tile.normal)),
        sparkline(tile.spark)),
      h("div", { className: "facts" },
        fact("Availability 30 d", h("span", { className: tile.availability === "–" ? "none" : "num" }, tile.availability === "–" ? "no data" : tile.availability), "a"),
        fact("Budget left", bar(tile.budget, tile.budgetText), "b"),
        fact(tile.quotaName, bar(tile.quota, tile.quotaText), "q")),
      h("div", { className: "tile-foot" }, age(tile),
        tile.errors.map((text) => h("span", { className: "error", key: text }, text)),
        tile.simulated ? h("span", { className: "sim", title: tile.simulated }, "incl. simulated") : null));
  }, (a, b) => a.compact === b.compact && JSON.stringify(a.tile) === JSON.stringify(b.tile));

  function fromAddress(name) { return new URLSearchParams(window.location.search).get(name) || ""; }
  function toAddress(values) {
    const query = new URLSearchParams(window.location.search);
    Object.entries(values).forEach(([k, v]) => (v ? query.set(k, v) : query.delete(k)));
    const text = query.toString();
    window.history.replaceState(null, "", window.location.pathname + (text ? "?" + text : ""));
  }
  function Tiles(props) {
    const tiles = props.tiles || [], words = props.words || [];
    const [q, setQ] = React.useState(fromAddress("q"));
    const [state, setState] = React.useState(fromAddress("state"));
    const [tier, setTier] = React.useState(fromAddress("tier"));
    React.useEffect(() => toAddress({ q, state, tier }), [q, state, tier]);
    const parts = q.toLowerCase().split(/\s+/).filter(Boolean);
    const match = (t) => (!state || t.state === state) && (!tier || t.tier === tier) && parts.every((p) => t.haystack.includes(p));
    const shown = tiles.filter(match);
    const counts = {};
    tiles.forEach((t) => { counts[t.state] = (counts[t.state] || 0) + 1; });
    const tiers = ["critical", "important", "minor"].filter((name) => tiles.some((t) => t.tier === name));
    const chip = (on, set, value, content) => h("button", {
      key: value, type: "button", className: "chip" + (on === value ? " on" : ""), "aria-pressed": on === value,
      onClick: () => set(on === value ? "" : value),
    }, content);
    const dense = tiles.length > COMPACT_FROM;
    return h("section", { id: props.id, className: "tiles-section", "aria-label": "Integrations" },
      h("div", { className: "filters", role: "search" },
        h("input", {
          id: "search", type: "search", value: q, placeholder: "Search name, vendor, flow, owner   /", "aria-label": "Search integrations",
          onChange: (e) => setQ(e.target.value), autoComplete: "off", spellCheck: false,
        }),
        h("div", { className: "chips" },
          words.filter(([name]) => counts[name]).map(([name, word]) => chip(state, setState, name, [mark(name, word), h("b", { key: "n" }, counts[name])]))),
        tiers.length > 1 ? h("div", { className: "chips" }, tiers.map((name) => chip(tier, setTier, name, name))) : null,
        h("span", { className: "note", role: "status" }, shown.length === tiles.length ? tiles.length + " integrations" : shown.length + " of " + tiles.length + " shown")),
      shown.length
        ? h("div", { className: "tiles" + (dense ? " dense" : "") }, shown.map((t) => h(Tile, { key: t.name, tile: t, compact: dense && t.state === "up" })))
        : h("p", { className: "empty-note" }, "No integration matches. ", h("button", { type: "button", className: "link", onClick: () => { setQ(""); setState(""); setTier(""); } }, "Show all")));
  }

  window.leadline = Object.assign(window.leadline || {}, { Ago, Copy, ThemeToggle, Tiles });

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
