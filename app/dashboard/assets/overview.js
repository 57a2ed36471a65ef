/* The overview's own components. They use what leadline.js offers, which is loaded before. */
(function () {
  "use strict";
  const h = React.createElement;
  const { Ago, mark, useTick, lasting } = window.leadline;

  /* ---- what the address says -------------------------------------------------------------------------------- */
  const NAMES = ["q", "state", "tier", "flow", "owner", "vendor", "region", "group", "matrix"];
  const NOTHING = Object.fromEntries(NAMES.map((name) => [name, ""]));
  function read() {
    const query = new URLSearchParams(window.location.search);
    return Object.fromEntries(NAMES.map((name) => [name, query.get(name) || ""]));
  }
  function write(values, push) {
    const query = new URLSearchParams(window.location.search);
    NAMES.forEach((name) => (values[name] ? query.set(name, values[name]) : query.delete(name)));
    const text = query.toString(), address = window.location.pathname + (text ? "?" + text : "");
    if (address === window.location.pathname + window.location.search) return;
    window.history[push ? "pushState" : "replaceState"](null, "", address);
  }
  /* A choice is a step that the back button takes back; what is typed is not, letter by letter. */
  function useAddress() {
    const [values, setValues] = React.useState(read);
    React.useEffect(() => {
      const again = () => setValues(read());
      window.addEventListener("popstate", again);
      return () => window.removeEventListener("popstate", again);
    }, []);
    const change = (some, push) => setValues((before) => {
      const now = { ...before, ...some };
      write(now, push);
      return now;
    });
    return [values, change];
  }

  /* ---- what tiles can be told apart by ---------------------------------------------------------------------- */
  const GROUPS = {
    tier: ["tier", (t) => [t.tier]],
    flow: ["flow", (t) => (t.flows.length ? t.flows : ["no flow"])],
    owner: ["owner", (t) => [t.owner || "no owner"]],
    vendor: ["vendor", (t) => [t.vendor]],
    region: ["region", (t) => t.regions.map((r) => r.region)],
    state: ["state", (t) => [t.state]],
  };
  const FILTERS = ["tier", "flow", "owner", "vendor", "region"];
  function haystack(tile, word) {
    return [tile.name, tile.label, tile.vendor, tile.owner, tile.tier, word, ...tile.flows, ...tile.regions.map((r) => r.region)]
      .join(" ").toLowerCase();
  }
  function matching(tiles, values, words) {
    const parts = values.q.toLowerCase().split(/\s+/).filter(Boolean);
    return tiles.filter((t) =>
      Object.keys(GROUPS).every((name) => !values[name] || GROUPS[name][1](t).includes(values[name]))
      && (!parts.length || parts.every((p) => haystack(t, words[t.state]).includes(p))));
  }
  function counted(tiles, name) {
    const counts = new Map();
    tiles.forEach((t) => GROUPS[name][1](t).forEach((value) => counts.set(value, (counts.get(value) || 0) + 1)));
    return counts;
  }
  /* Tiles come worst first, so the group that holds the worst comes first too. */
  function grouped(tiles, name) {
    const groups = new Map();
    tiles.forEach((t) => GROUPS[name][1](t).forEach((value) => {
      if (!groups.has(value)) groups.set(value, []);
      groups.get(value).push(t);
    }));
    return [...groups];
  }

  /* ---- one tile --------------------------------------------------------------------------------------------- */
  function line(points, place) {
    let path = "", pen = "M";
    points.forEach((p, i) => {
      if (p === null) { pen = "M"; return; }
      path += pen + place(p, i);
      pen = "L";
    });
    return path;
  }
  function shade([low, high], place) {
    let path = "", run = [];
    const close = () => {
      if (run.length > 1) {
        const up = run.map((i) => place(high[i], i)), down = run.slice().reverse().map((i) => place(low[i], i));
        path += "M" + up.concat(down).join("L") + "Z";
      }
      run = [];
    };
    low.forEach((p, i) => (p === null ? close() : run.push(i)));
    close();
    return path;
  }
  function sparkline(tile) {
    const points = tile.spark, known = points.filter((p) => p !== null);
    if (known.length < 2) return h("div", { className: "spark none", title: tile.sparkTitle }, "no data in 24 h");
    const highs = tile.sparkBand ? tile.sparkBand[1].filter((p) => p !== null) : [];
    const top = Math.max(...known, ...highs) * 1.08, step = 100 / (points.length - 1);
    const place = (p, i) => (i * step).toFixed(2) + " " + (30 - (p / top) * 28).toFixed(2);
    return h("div", { className: "spark-box", title: tile.sparkTitle },
      h("svg", { className: "spark", viewBox: "0 0 100 31", preserveAspectRatio: "none", "aria-hidden": true },
        tile.sparkBand ? h("path", { d: shade(tile.sparkBand, place), className: "usual" }) : null,
        h("path", { d: "M0 30.5H100", className: "base" }), h("path", { d: line(points, place), className: "line" })),
      h("span", { className: "vs" }, tile.sparkNote));
  }
  function bar(left, text, title, next) {
    const tone = left === null ? "empty" : left <= 0 ? "bad" : left < 0.25 ? "warn" : "";
    const width = Math.max(0, Math.min(1, left === null ? 0 : left)) * 100 + "%";
    return h("span", { className: "bar", title: title || undefined },
      next ? h("span", { className: "next" }, next) : null,
      h("span", { className: "track " + tone }, left === null ? null : h("span", { style: { width } })),
      h("span", { className: left === null ? "none" : "num" }, text));
  }
  function band(tile) {
    if (!tile.band) return h("div", { className: "band-line none", title: tile.bandTitle }, tile.bandText);
    const [usual, limit, value] = tile.band;
    const top = Math.max(limit * 1.3, (value || 0) * 1.05), at = (figure) => (100 * figure) / top + "%";
    return h("div", { className: "band-line " + tile.bandTone, title: tile.bandTitle },
      h("span", { className: "band", "aria-hidden": true },
        h("span", { className: "zone", style: { left: at(usual), width: at(limit - usual) } }),
        value === null ? null : h("span", { className: "now", style: { left: at(value) } })),
      h("span", { className: "band-words" }, h("span", { className: "step" }, tile.bandStep), h("span", { className: "figures" }, tile.bandText)));
  }
  function fact(name, value, key) {
    return h("div", { className: "fact", key }, h("span", { className: "label" }, name), value);
  }
  function age(tile) {
    if (!tile.lastRunAt) return h("span", { className: "none" }, "never ran");
    return h("span", null, "last run ", h(Ago, { at: tile.lastRunAt, suffix: " ago", late: tile.lateMs }));
  }
  function figure(tile) {
    const none = tile.p95 === "–";
    return h("span", { className: none ? "big none" : "big", title: tile.p95Title }, none ? "no data" : tile.p95);
  }
  function cut(label) {
    const at = label.lastIndexOf(" ");
    return at < 1 ? h("span", null, label) : [h("span", { key: "start" }, label.slice(0, at)), h("span", { key: "end" }, label.slice(at))];
  }
  function compactTile(tile, head) {
    return h("a", { className: "tile compact s-" + tile.state, href: "/integration/" + tile.name, "data-name": tile.name },
      head, h("div", { className: "tile-line" }, figure(tile),
        h("span", { className: "vs", title: tile.sample + "\n" + tile.normal }, tile.normal.replace(/ at .*$/, "")), bar(tile.budget, tile.budgetText, tile.budgetTitle)));
  }
  const Tile = React.memo(function Tile({ tile, word }) {
    const head = h("div", { className: "tile-head" },
      h("span", { className: tile.compact ? "name cut" : "name", title: tile.label }, tile.compact ? cut(tile.label) : tile.label), mark(tile.state, word));
    if (tile.compact) return compactTile(tile, head);
    const availability = tile.availability === "–"
      ? h("span", { className: "none" }, "no data")
      : h("span", { className: "num", title: tile.availabilityTitle }, tile.availability);
    return h("a", { className: "tile s-" + tile.state, href: "/integration/" + tile.name, "data-name": tile.name },
      head,
      h("div", { className: "tile-sub" }, [tile.vendor, tile.tier, ...tile.flows].join(" · ")),
      tile.incident ? h("div", { className: "tile-incident" }, tile.incident) : null,
      tile.note ? h("div", { className: "tile-note" }, tile.note) : null,
      h("div", { className: "tile-main" },
        h("div", { className: "tile-p95" }, figure(tile), h("span", { className: "vs" }, tile.sample),
          h("span", { className: "vs " + tile.normalTone }, tile.normal)),
        sparkline(tile)),
      band(tile),
      h("div", { className: "facts" },
        fact("Availability 30 d", availability, "a"),
        fact("Budget left", bar(tile.budget, tile.budgetText, tile.budgetTitle), "b"),
        fact(tile.quotaName, bar(tile.quota, tile.quotaText, tile.quotaTitle, tile.quotaNext), "q")),
      h("div", { className: "tile-foot" }, age(tile),
        tile.errors.map((text) => h("span", { className: "error", key: text }, text)),
        tile.simulated ? h("span", { className: "sim", title: tile.simulated }, "incl. simulated") : null));
  }, (a, b) => a.tile === b.tile || (a.word === b.word && JSON.stringify(a.tile) === JSON.stringify(b.tile)));

  /* ---- integrations by region ------------------------------------------------------------------------------- */
  const FEW = 5;
  function unlike(tile) { return tile.regions.some((r) => r.state !== tile.regions[0].state); }
  function cell(name, tile, words) {
    const found = tile.regions.find((r) => r.region === name);
    if (!found) return h("td", { key: name, className: "none" }, "not run there");
    return h("td", { key: name, title: found.title },
      mark(found.state, words[found.state]), h("span", { className: found.p95 === "–" ? "none" : "num" }, found.p95));
  }
  const Matrix = React.memo(function Matrix({ tiles, words, all, change }) {
    const several = tiles.filter((t) => t.regions.length > 1);
    if (!several.length) return null;
    const unalike = several.filter(unlike), rows = all ? several : unalike.slice(0, FEW);
    const names = [...new Set(several.flatMap((t) => t.regions.map((r) => r.region)))].sort();
    const said = unalike.length
      ? unalike.length + " of " + several.length + " differ from region to region"
      : "every region sees the same of all " + several.length;
    const toggle = h("button", {
      type: "button", className: "link", "aria-expanded": Boolean(all), onClick: () => change({ matrix: all ? "" : "all" }, true),
    }, all ? "show only those that differ" : "show all " + several.length);
    return h("section", { className: "matrix", "aria-label": "Regions" },
      h("header", null, h("h2", null, "Regions"),
        h("span", { className: "note" }, said + (rows.length ? " · P95 · last 1 h" : ""), " "), toggle),
      rows.length ? h("div", { className: "scroll", tabIndex: 0 }, h("table", null,
        h("thead", null, h("tr", null, h("th", { scope: "col" }, "integration"), names.map((n) => h("th", { key: n, scope: "col" }, n)))),
        h("tbody", null, rows.map((t) => h("tr", { key: t.name },
          h("th", { scope: "row" }, h("a", { href: "/integration/" + t.name }, t.label)), names.map((n) => cell(n, t, words))))))) : null,
      !all && unalike.length > FEW ? h("p", { className: "note" }, "and " + (unalike.length - FEW) + " more that differ") : null);
  }, (a, b) => a.all === b.all && JSON.stringify(regionsOf(a)) === JSON.stringify(regionsOf(b)));
  function regionsOf(props) { return props.tiles.map((t) => [t.name, t.regions]); }

  /* ---- all of them ------------------------------------------------------------------------------------------ */
  function choice(name, label, values, value, change) {
    return h("label", { key: name, className: "choice" + (value ? " on" : "") }, h("span", null, label),
      h("select", { value, onChange: (e) => change({ [name]: e.target.value }, true), "data-filter": name },
        values.map(([one, text]) => h("option", { key: one, value: one }, text))));
  }
  function filters(tiles, shown, values, words, change) {
    const counts = counted(tiles, "state");
    const search = h("input", {
      id: "search", type: "search", value: values.q, placeholder: "Search name, vendor, flow, owner   /",
      "aria-label": "Search integrations", onChange: (e) => change({ q: e.target.value }), autoComplete: "off", spellCheck: false,
    });
    const states = Object.keys(words).filter((name) => counts.get(name)).map((name) => h("button", {
      key: name, type: "button", className: "chip" + (values.state === name ? " on" : ""), "aria-pressed": values.state === name,
      onClick: () => change({ state: values.state === name ? "" : name }, true),
    }, mark(name, words[name]), h("b", null, counts.get(name))));
    const choices = FILTERS.map((name) => [name, counted(tiles, name)])
      .filter(([name, found]) => found.size > 1 || values[name])
      .map(([name, found]) => choice(name, name, [["", "all"], ...[...found].sort().map(([v, n]) => [v, v + " (" + n + ")"])], values[name], change));
    const groups = [["", "none"], ...Object.keys(GROUPS).map((name) => [name, GROUPS[name][0]])];
    return h("div", { className: "filters", role: "search" }, search, h("div", { className: "chips" }, states),
      h("div", { className: "choices" }, choices, choice("group", "group by", groups, values.group, change)),
      h("span", { className: "note", role: "status" },
        shown.length === tiles.length ? tiles.length + (tiles.length === 1 ? " integration" : " integrations") : shown.length + " of " + tiles.length + " shown"));
  }
  /* Large tiles and small ones in grids of their own: beside a large one, a small one leaves a hole. */
  function tileGrid(tiles, words) {
    const grid = (some, dense) => (some.length ? h("div", { key: dense, className: "tiles" + dense },
      some.map((t) => h(Tile, { key: t.name, tile: t, word: words[t.state] }))) : null);
    return [grid(tiles.filter((t) => !t.compact), ""), grid(tiles.filter((t) => t.compact), " dense")];
  }
  function group(name, value, tiles, words) {
    const counts = counted(tiles, "state");
    const marks = name === "state" ? null : Object.keys(words).filter((s) => counts.get(s)).map((s) =>
      h("span", { key: s }, mark(s, counts.get(s) + " " + words[s])));
    return h("section", { key: value, className: "group", "aria-label": value },
      h("h2", null, name === "state" ? mark(value, words[value]) : value, h("span", { className: "count" }, tiles.length), marks),
      tileGrid(tiles, words));
  }
  function Tiles(props) {
    const tiles = props.tiles || [];
    const words = React.useMemo(() => Object.fromEntries(props.words || []), [JSON.stringify(props.words)]);
    const [values, change] = useAddress();
    const shown = React.useMemo(() => matching(tiles, values, words), [tiles, values, words]);
    if (props.wall) return h(window.leadline.Wall, { id: props.id, tiles: shown, words });
    const name = GROUPS[values.group] ? values.group : "";
    const found = name
      ? grouped(shown, name).filter(([value]) => !values[name] || value === values[name]).map(([value, some]) => group(name, value, some, words))
      : tileGrid(shown, words);
    return h("section", { id: props.id, className: "tiles-section", "aria-label": "Integrations" },
      filters(tiles, shown, values, words, change),
      h(Matrix, { tiles: shown, words, all: values.matrix === "all", change }),
      shown.length ? found : h("p", { className: "empty-note" }, "No integration matches. ",
        h("button", { type: "button", className: "link", onClick: () => change({ ...NOTHING, group: values.group }, true) }, "Show all")));
  }

  /* ---- whether what one sees is of now ---------------------------------------------------------------------- */
  /* By when this browser first saw what is shown: clocks of walls are wrong. */
  const newest = { at: null, seen: 0 };
  function Beat(props) {
    useTick();
    if (props.at && props.at !== newest.at) Object.assign(newest, { at: props.at, seen: performance.now() });
    const old = performance.now() - newest.seen, live = Boolean(props.at) && old <= props.late;
    const said = live ? "live" : props.at ? "not live for " + lasting(old) : "not judged yet";
    return h("span", { id: props.id, className: "beat" }, mark(live ? "up" : "down", said));
  }

  window.leadline = Object.assign(window.leadline, { Beat, Tiles, cut });
})();
