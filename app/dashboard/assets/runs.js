/* The runs explorer. What is asked lives in the page's address alone; rows come block by block from the hub's API. */
(function () {
  "use strict";
  const h = React.createElement;
  const API = "/api/v1/explorer/";
  const BLOCK = 100;
  const PLAIN = ["integration", "workflow", "region", "failure_kind", "blame", "attempt", "config_version", "least_ms", "simulated"];
  const ASKED = "asked for";
  const SORTS = ["started_at", "duration_ms", "integration", "workflow", "region", "outcome", "failure_kind", "attempt", "config_version"];
  const NARROW = "(max-width: 640px)";

  /* ---- what is asked, and its address ------------------------------------------------------------------------ */
  function asked(words) {
    const query = new URLSearchParams(window.location.search);
    const sort = query.get("sort") || "", key = sort.replace(/^-/, "");
    const ask = { outcome: (query.get("outcome") || "").split(",").filter((one) => words.outcomes.some(([name]) => name === one)) };
    PLAIN.forEach((name) => { ask[name] = (query.get(name) || "").trim(); });
    ask.sort = SORTS.includes(key) ? sort : "-started_at";
    ask.from = query.get("from") || "";
    ask.to = query.get("to") || "";
    ask.range = words.ranges.some(([name]) => name === query.get("range")) ? query.get("range") : words.range;
    return ask;
  }
  function address(ask, words) {
    const query = new URLSearchParams();
    PLAIN.forEach((name) => { if (ask[name]) query.set(name, ask[name]); });
    if (ask.outcome.length) query.set("outcome", ask.outcome.join(","));
    if (ask.sort !== "-started_at") query.set("sort", ask.sort);
    if (ask.from && ask.to) { query.set("from", ask.from); query.set("to", ask.to); }
    else if (ask.range !== words.range) query.set("range", ask.range);
    const text = query.toString().replaceAll("%2C", ",");
    return window.location.pathname + (text ? "?" + text : "");
  }
  function parameters(ask, more) {
    const query = new URLSearchParams(ask.from && ask.to ? { since: ask.from, until: ask.to } : { since: ask.range, until: "now" });
    PLAIN.forEach((name) => { if (ask[name]) query.set(name, ask[name]); });
    ask.outcome.forEach((one) => query.append("outcome", one));
    query.set("sort", ask.sort.replace(/^-/, ""));
    query.set("way", ask.sort.startsWith("-") ? "desc" : "asc");
    Object.entries(more).forEach(([name, value]) => query.set(name, value));
    return query;
  }
  async function get(path) {
    const answer = await fetch(API + path, { headers: { Accept: "application/json" } });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.error || "the hub answered " + answer.status);
    return told;
  }
  /* One question: its window is fixed by the first answer, so that rows do not move under the reader's eyes. */
  function question(ask) {
    let pinned = null;
    const span = (told) => ({ since: told.since, until: told.until });
    function rows(first) {
      if (pinned) return pinned.then((told) => get("rows?" + parameters(ask, { ...span(told), first, size: BLOCK })));
      pinned = get("rows?" + parameters(ask, { first, size: BLOCK }));
      pinned.catch(() => { pinned = null; });
      return pinned;
    }
    const count = (told) => get("count?" + parameters(ask, span(told)));
    const file = (kind, told) => API + "runs." + kind + "?" + parameters(ask, span(told));
    return { ask, rows, count, file };
  }

  /* ---- how things read ---------------------------------------------------------------------------------------- */
  const parts = (ms) => window.leadlineZone.parts(ms);
  function moment(text, seconds) {
    const p = parts(Date.parse(text));
    return p.day + " " + p.month + " " + p.hour + ":" + p.minute + (seconds ? ":" + p.second : "");
  }
  const zoneName = (text) => parts(Date.parse(text)).timeZoneName;
  const whole = (n) => n.toLocaleString("en-US");
  function lasting(ms) {
    if (ms >= 10000) return (ms / 1000).toLocaleString("en-US", { maximumFractionDigits: 1 }) + " s";
    return ms < 10 ? ms.toFixed(1) + " ms" : whole(Math.round(ms)) + " ms";
  }
  /* A run that was skipped took no time: a dash, not zero. */
  function taken(row) { return row.outcome === "skipped" ? "–" : lasting(row.duration_ms); }
  const spoken = (name) => (name || "").replaceAll("_", " ");
  function mark(state, word) {
    return h("span", { className: "mark s-" + state },
      h("span", { className: "shape", "aria-hidden": true }), h("span", { className: "word" }, word));
  }
  function happened(row) {
    if (row.skip_reason) return row.skip_reason;
    return row.failure_message ? (row.failed_step ? row.failed_step + ": " : "") + row.failure_message : "";
  }
  function open(row) {
    window.history.pushState({}, "", "/run/" + row.run_id);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  /* ---- the grid: its script is loaded when this page is, and on no other --------------------------------------- */
  let loading = null;
  function loadGrid(source) {
    if (window.dash_ag_grid && window.dash_ag_grid.AgGrid) return Promise.resolve();
    loading = loading || new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = resolve;
      script.onerror = () => { loading = null; script.remove(); reject(new Error("the grid's script did not load")); };
      document.head.appendChild(script);
    });
    return loading;
  }
  const THEME = "themeQuartz.withParams({backgroundColor: 'var(--surface)', foregroundColor: 'var(--text)', borderColor: 'var(--line)', "
    + "headerBackgroundColor: 'var(--raised)', headerTextColor: 'var(--soft)', rowHoverColor: 'var(--raised)', accentColor: 'var(--accent)', "
    + "chromeBackgroundColor: 'var(--raised)', selectedRowBackgroundColor: 'var(--raised)', rangeSelectionBorderColor: 'var(--focus)', "
    + "fontFamily: 'inherit', fontSize: '0.9rem', headerFontWeight: 600, rowHeight: ROW, headerHeight: HEAD, cellHorizontalPadding: 8, "
    + "wrapperBorderRadius: '0.5rem', browserColorScheme: 'inherit'})";
  /* The grid counts in pixels; where the page's letters are larger, as on a wall, so is everything here. */
  const letters = () => Math.max(1, (parseFloat(getComputedStyle(document.documentElement).fontSize) || 15) / 15);
  const theme = (by) => THEME.replace("ROW", Math.round(34 * by)).replace("HEAD", Math.round(36 * by));
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const cell = (draw) => (props) => (props.data ? draw(props.data, props.context) : h("span", { className: "none" }, "…"));
  cells.LeadlineStarted = cell((row) => h("a", { href: "/run/" + row.run_id, tabIndex: -1, title: row.started_at }, moment(row.started_at, true)));
  cells.LeadlineOutcome = cell((row, context) => mark(context.states[row.outcome], row.outcome));
  cells.LeadlineDuration = cell((row) => h("span", { className: "num", title: row.duration_ms + " ms" }, taken(row)));
  cells.LeadlineKind = cell((row) => spoken(row.failure_kind) || h("span", { className: "none" }, "–"));
  cells.LeadlineHappened = cell((row) => h("span", { title: happened(row) }, happened(row)));
  cells.LeadlineBlame = cell((row, context) => context.blames[row.blame] || "");
  cells.LeadlineConfig = cell((row) => h("span", { className: "mono", title: row.config_version }, row.config_version.slice(0, 8)));
  cells.LeadlineAttempt = cell((row) => (row.attempt ? String(row.attempt) : ASKED));
  cells.LeadlineOrigin = cell((row) => (row.simulated ? h("span", { className: "sim" }, "simulated") : "measured"));
  function columns(sort) {
    const key = sort.replace(/^-/, ""), way = sort.startsWith("-") ? "desc" : "asc";
    const by = letters();
    const column = (field, headerName, width, more) => ({
      field, headerName, width: Math.round(width * by), sortable: SORTS.includes(field), sort: field === key ? way : null, ...more,
    });
    return [
      column("started_at", "Started", 148, { cellRenderer: "LeadlineStarted", pinned: "left" }),
      column("outcome", "Outcome", 116, { cellRenderer: "LeadlineOutcome" }),
      column("integration", "Integration", 132, {}),
      column("workflow", "Workflow", 104, {}),
      column("region", "Region", 78, {}),
      column("duration_ms", "Took", 84, { cellRenderer: "LeadlineDuration", type: "rightAligned" }),
      column("failure_kind", "Failure", 104, { cellRenderer: "LeadlineKind" }),
      column("what", "What happened", 220, { cellRenderer: "LeadlineHappened", flex: 1, minWidth: 160 }),
      column("blame", "Points to", 118, { cellRenderer: "LeadlineBlame" }),
      column("attempt", "Attempt", 88, { cellRenderer: "LeadlineAttempt", type: "rightAligned" }),
      column("config_version", "Config", 86, { cellRenderer: "LeadlineConfig" }),
      column("simulated", "Origin", 90, { cellRenderer: "LeadlineOrigin" }),
    ];
  }
  function sorted(api) {
    const found = api.getColumnState().find((one) => one.sort);
    return found ? (found.sort === "desc" ? "-" : "") + found.colId : "-started_at";
  }
  function source(asking, tell, deepest) {
    return {
      getRows(params) {
        if (sorted(params.api) !== asking.ask.sort) { params.failCallback(); return; }
        asking.rows(params.startRow).then((told) => {
          const end = params.startRow + told.rows.length;
          const last = told.rows.length < BLOCK || end >= deepest ? Math.min(end, deepest) : undefined;
          params.successCallback(told.rows, last);
          tell(told, null);
        }, (problem) => { params.failCallback(); tell(null, problem); });
      },
    };
  }
  const Grid = React.memo(function Grid({ asking, found, words, tell, change, zoned }) {
    const api = React.useRef(null), now = React.useRef({});
    now.current = { asking, tell, change };
    const attach = () => {
      const grid = api.current;
      if (!grid || grid.isDestroyed()) return;
      const sort = now.current.asking.ask.sort;
      if (sorted(grid) !== sort) grid.applyColumnState({
        state: [{ colId: sort.replace(/^-/, ""), sort: sort.startsWith("-") ? "desc" : "asc" }], defaultState: { sort: null },
      });
      grid.setGridOption("datasource", source(now.current.asking, now.current.tell, words.deepest));
    };
    React.useEffect(attach, [asking]);
    React.useEffect(() => {
      if (api.current && found !== null && !api.current.isDestroyed()) api.current.setRowCount(Math.min(found, words.deepest), true);
    }, [found]);
    React.useEffect(() => { if (api.current && zoned && !api.current.isDestroyed()) api.current.refreshCells({ force: true, columns: ["started_at"] }); }, [zoned]);
    const context = React.useMemo(() => ({ states: Object.fromEntries(words.outcomes), blames: Object.fromEntries(words.blames) }), [words]);
    const options = React.useMemo(() => ({
      theme: { function: theme(letters()) }, context, cacheBlockSize: BLOCK, maxBlocksInCache: 10, maxConcurrentDatasourceRequests: 1, blockLoadDebounceMillis: 60,
      infiniteInitialRowCount: 1, suppressMovableColumns: true, suppressDragLeaveHidesColumns: true, suppressMultiSort: true,
      enableCellTextSelection: true, ensureDomOrder: true, animateRows: false,
      onGridReady: (event) => { api.current = event.api; attach(); },
      onSortChanged: (event) => { const sort = sorted(event.api); if (sort !== now.current.asking.ask.sort) now.current.change({ sort }); },
      onRowClicked: (event) => {
        if (event.data && !String(window.getSelection()) && !event.event.defaultPrevented && !event.event.ctrlKey && !event.event.metaKey) open(event.data);
      },
      onCellKeyDown: (event) => { if (event.event.key === "Enter" && event.data) open(event.data); },
    }), [words]);
    return React.useMemo(() => h(window.dash_ag_grid.AgGrid, {
      id: "runs-grid", className: "runs-grid", rowModelType: "infinite", dashGridOptions: options, columnDefs: columns(asking.ask.sort),
      defaultColDef: { resizable: true, suppressHeaderMenuButton: true, sortingOrder: ["desc", "asc"] }, style: { height: null }, setProps: () => {},
    }), [options]);
  });

  /* ---- on a phone: a plain list --------------------------------------------------------------------------------- */
  function List({ asking, words, tell, deepest }) {
    const [rows, setRows] = React.useState(null), [more, setMore] = React.useState(false);
    const states = Object.fromEntries(words.outcomes);
    const load = (first) => asking.rows(first).then((told) => {
      setRows((before) => (first ? before : []).concat(told.rows));
      setMore(told.rows.length === BLOCK && first + BLOCK < deepest);
      tell(told, null);
    }, (problem) => tell(null, problem));
    React.useEffect(() => { setRows(null); load(0); }, [asking]);
    if (rows === null) return h("p", { className: "empty-note" }, "Looking …");
    return h("div", null,
      h("ul", { className: "runs-list" }, rows.map((row) => h("li", { key: row.run_id },
        h("a", { href: "/run/" + row.run_id },
          h("span", { className: "line" }, mark(states[row.outcome], row.outcome), h("b", null, row.integration), h("span", { className: "num" }, taken(row))),
          h("span", { className: "note" }, moment(row.started_at, true) + " " + zoneName(row.started_at) + " · " + row.workflow + " · " + row.region + (row.attempt === 1 ? "" : " · " + (row.attempt ? "attempt " + row.attempt : ASKED)) + (row.simulated ? " · simulated" : "")),
          happened(row) ? h("span", { className: "what" }, happened(row)) : null)))),
      more ? h("button", { type: "button", className: "more", onClick: () => load(rows.length) }, "Show " + BLOCK + " more") : null);
  }

  /* ---- the filters ------------------------------------------------------------------------------------------------ */
  function Typed({ id, label, value, list, commit, type, placeholder }) {
    const [text, setText] = React.useState(value);
    React.useEffect(() => setText(value), [value]);
    const send = (next) => { if (next.trim() !== value) commit(next.trim()); };
    return h("label", null, label, h("input", {
      id, type: type || "text", value: text, placeholder, list: list ? id + "-list" : undefined, autoComplete: "off", spellCheck: false, min: type ? 0 : undefined,
      onChange: (e) => { setText(e.target.value); if (list && (e.target.value === "" || list.some(([name]) => name === e.target.value))) send(e.target.value); },
      onFocus: (e) => e.target.select(), onBlur: () => send(text), onKeyDown: (e) => { if (e.key === "Enter") send(text); },
    }), list ? h("datalist", { id: id + "-list" }, list.map(([name, title]) => h("option", { key: name, value: name }, title))) : null);
  }
  function Choice({ label, value, options, commit, any }) {
    const known = !value || options.some(([name]) => name === value);
    return h("label", null, label, h("select", { value, onChange: (e) => commit(e.target.value) },
      any ? h("option", { value: "" }, any) : null,
      known ? null : h("option", { value }, value),
      options.map(([name, word]) => h("option", { key: name, value: name }, word))));
  }
  function Filters({ ask, words, change }) {
    const set = (name) => (value) => change({ [name]: value });
    const own = words.integrations.find(([name]) => name === ask.integration);
    const flows = [...new Set((own ? [own] : words.integrations).flatMap(([, , names]) => names))].sort().map((name) => [name, name]);
    const toggle = (one) => change({ outcome: ask.outcome.includes(one) ? ask.outcome.filter((name) => name !== one) : [...ask.outcome, one] });
    const span = ask.from && ask.to ? "absolute" : ask.range;
    const ranges = words.ranges.map(([key, word]) => [key, "last " + word]);
    if (span === "absolute") ranges.unshift([span, ask.from + " to " + ask.to]);
    return h("div", { className: "runs-filters", role: "search", "aria-label": "Filter runs" },
      h("div", { className: "chips", role: "group", "aria-label": "Outcome" }, words.outcomes.map(([name, state]) => h("button", {
        key: name, type: "button", className: "chip" + (ask.outcome.includes(name) ? " on" : ""), "aria-pressed": ask.outcome.includes(name), onClick: () => toggle(name),
      }, mark(state, name)))),
      h("div", { className: "fields" },
        h(Choice, { label: "Time", value: span, options: ranges, commit: (range) => (range === "absolute" ? null : change({ range, from: "", to: "" })) }),
        h(Typed, { id: "search", label: "Integration", value: ask.integration, list: words.integrations, commit: (integration) => change({ integration, workflow: "" }), placeholder: "any   /" }),
        h(Choice, { label: "Workflow", value: ask.workflow, options: flows, commit: set("workflow"), any: "any" }),
        h(Choice, { label: "Region", value: ask.region, options: words.regions.map((name) => [name, name]), commit: set("region"), any: "any" }),
        h(Choice, { label: "Failure", value: ask.failure_kind, options: words.kinds, commit: set("failure_kind"), any: "any" }),
        h(Choice, { label: "Points to", value: ask.blame, options: words.blames, commit: set("blame"), any: "anything" }),
        h(Choice, { label: "Attempt", value: ask.attempt, options: [["1", "1"], ["2", "2"], ["3", "3"], ["0", ASKED]], commit: set("attempt"), any: "any" }),
        h(Typed, { id: "runs-least", label: "Took at least, ms", value: ask.least_ms, type: "number", commit: set("least_ms"), placeholder: "0" }),
        h(Typed, { id: "runs-config", label: "Config version", value: ask.config_version, commit: set("config_version"), placeholder: "any" }),
        h(Choice, { label: "Origin", value: ask.simulated, options: [["no", "measured"], ["yes", "simulated"]], commit: set("simulated"), any: "any" })));
  }

  /* ---- all of it --------------------------------------------------------------------------------------------------- */
  function useNarrow() {
    const media = window.matchMedia(NARROW);
    const [narrow, setNarrow] = React.useState(media.matches);
    React.useEffect(() => {
      const heard = (event) => setNarrow(event.matches);
      media.addEventListener("change", heard);
      return () => media.removeEventListener("change", heard);
    }, []);
    return narrow;
  }
  function Summary({ told, found, deepest, asking, again, cleared }) {
    const span = told.since ? moment(told.since) + " – " + moment(told.until, true) + " " + zoneName(told.until) : "";
    const count = found === null ? (told.uncounted ? "too many to count in time" : "counting …") : whole(found) + (found === 1 ? " run" : " runs");
    const cut = found !== null && found > deepest ? " · the first " + whole(deepest) + " can be scrolled: narrow the filter, or export" : "";
    const link = (kind, word) => h("a", { key: kind, className: "chip", href: asking.file(kind, told), download: "" }, word);
    return h("div", { className: "runs-summary" },
      h("span", { role: "status" }, h("b", null, count), told.since ? " · started " + span + cut : ""),
      h("span", { className: "acts" },
        cleared ? h("button", { key: "c", type: "button", className: "chip", onClick: cleared }, "Clear filters") : null,
        h("button", { key: "r", type: "button", className: "chip", onClick: again, title: "The list stands still while you read" }, "Look again"),
        told.since ? [link("csv", "Export CSV"), link("parquet", "Export Parquet")] : null));
  }
  const NOTHING_TOLD = { since: "", until: "", uncounted: false };
  function RunsExplorer(props) {
    const words = props.words, narrow = useNarrow(), zoned = window.leadlineZone.useZone();
    const [ask, setAsk] = React.useState(() => asked(words)), [round, setRound] = React.useState(0);
    const [ready, setReady] = React.useState(false), [problem, setProblem] = React.useState(""), [plain, setPlain] = React.useState(false);
    const [told, setTold] = React.useState(NOTHING_TOLD), [found, setFound] = React.useState(null);
    const asking = React.useMemo(() => question(ask), [JSON.stringify(ask), round]);
    const current = React.useRef(asking);
    current.current = asking;
    React.useEffect(() => {
      const back = () => { if (window.location.pathname === "/runs") setAsk(asked(words)); };
      window.addEventListener("popstate", back);
      return () => window.removeEventListener("popstate", back);
    }, []);
    React.useEffect(() => { if (!narrow) loadGrid(props.script).then(() => setReady(true), () => setPlain(true)); }, [narrow]);
    React.useEffect(() => { setTold(NOTHING_TOLD); setFound(null); setProblem(""); }, [asking]);
    const change = (values) => {
      const next = { ...ask, ...values };
      window.history.pushState({}, "", address(next, words));
      setAsk(next);
    };
    const counted = React.useRef(null);
    const tell = (answer, err) => {
      if (current.current !== asking) return;
      setProblem(err ? err.message : "");
      if (!answer || counted.current === asking) return;
      counted.current = asking;
      setTold({ since: answer.since, until: answer.until, uncounted: false });
      asking.count(answer).then((n) => { if (current.current === asking) setFound(n.found); },
        () => { if (current.current === asking) setTold((before) => ({ ...before, uncounted: true })); });
    };
    const filtered = ask.outcome.length || PLAIN.some((name) => ask[name]);
    const clear = () => change({ outcome: [], ...Object.fromEntries(PLAIN.map((name) => [name, ""])) });
    const filters = h(Filters, { ask, words, change });
    const nothing = found === 0 && h("p", { className: "empty-note" }, "No run in this time meets all conditions. ", filtered ? h("button", { type: "button", className: "link", onClick: clear }, "Clear filters") : "Choose a longer time; if there is none at all, `leadline doctor` says what keeps runs from coming.");
    const wide = ready ? h(Grid, { asking, found, words, tell, change, zoned }) : h("div", { className: "runs-grid waiting", "aria-busy": true }, "The grid is loading …");
    return h("section", { id: props.id, className: "runs", "aria-label": "Runs" },
      narrow ? h("details", { className: "runs-fold" }, h("summary", null, filtered ? "Filters (in use)" : "Filters"), filters) : filters,
      h(Summary, { told, found, deepest: words.deepest, asking, again: () => setRound(round + 1), cleared: filtered ? clear : null }),
      problem ? h("p", { className: "runs-problem", role: "alert" }, problem + " ", h("button", { type: "button", className: "link", onClick: () => setRound(round + 1) }, "Try again")) : null,
      nothing || null,
      nothing ? null : narrow || plain ? h(List, { asking, words, tell, deepest: words.deepest }) : wide);
  }
  window.leadline = Object.assign(window.leadline || {}, { RunsExplorer });
})();
