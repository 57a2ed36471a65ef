/* The overview on a wall: tiles page after page, the worst always there; the screen stays awake. */
(function () {
  "use strict";
  const h = React.createElement;
  const { mark, useTick } = window.leadline;
  const TURN_MS = 10000;

  /* ---- the screen stays awake; where that is refused, nobody is bothered ------------------------------------ */
  function useWakeLock() {
    React.useEffect(() => {
      let lock = null, over = false;
      const ask = () => {
        if (!navigator.wakeLock || document.visibilityState !== "visible") return;
        navigator.wakeLock.request("screen").then((got) => { if (over) got.release(); else lock = got; }, () => {});
      };
      ask();
      document.addEventListener("visibilitychange", ask);
      return () => {
        over = true;
        document.removeEventListener("visibilitychange", ask);
        if (lock) lock.release().catch(() => {});
      };
    }, []);
  }

  /* ---- how many tiles there is room for --------------------------------------------------------------------- */
  function room(count) {
    const wide = window.innerWidth, most = wide >= 1500 ? 4 : wide >= 900 ? 3 : wide >= 560 ? 2 : 1;
    const columns = Math.min(most, count <= 4 ? 2 : count <= 9 ? 3 : 4);
    const rows = Math.max(2, Math.floor((window.innerHeight - wide * 0.13) / ((wide / columns) * 0.34)));
    return { columns, rows: Math.min(rows, Math.max(2, Math.ceil(count / columns))) };
  }
  function useRoom(count) {
    const [, again] = React.useReducer((n) => n + 1, 0);
    React.useEffect(() => {
      window.addEventListener("resize", again);
      return () => window.removeEventListener("resize", again);
    }, []);
    return room(count);
  }

  /* Half of the places at most are kept for what is worst; the others take turns. */
  function pages(tiles, places) {
    if (tiles.length <= places) return [tiles];
    const bad = tiles.filter((t) => t.state !== "up").length;
    const kept = Math.min(bad, Math.floor(places / 2)), turn = places - kept, found = [];
    for (let from = kept; from < tiles.length; from += turn) found.push([...tiles.slice(0, kept), ...tiles.slice(from, from + turn)]);
    return found;
  }
  function tile(t, words) {
    const none = t.p95 === "–", told = t.incident || t.note || "";
    return h("div", { key: t.name, className: "wall-tile s-" + t.state, "data-name": t.name },
      h("div", { className: "wall-name cut" }, window.leadline.cut(t.label)),
      h("div", { className: "wall-figures" }, mark(t.state, words[t.state]),
        t.state === "no_data" ? null : h("span", { className: none ? "none" : "num" }, none ? "no data" : t.p95)),
      h("div", { className: "wall-told" }, told || (none ? "" : "P95 1 h · " + t.normal.replace(/ \(\d+ d\)$/, ""))));
  }
  function Wall({ id, tiles, words }) {
    useTick();
    useWakeLock();
    const { columns, rows } = useRoom(tiles.length);
    const [held, setHeld] = React.useState(null);
    const all = pages(tiles, columns * rows), turn = Math.floor(Date.now() / TURN_MS);
    const at = (held === null ? turn : held) % all.length;
    React.useEffect(() => {
      const pause = (event) => {
        if (event.key !== " ") return;
        event.preventDefault();
        setHeld((before) => (before === null ? Math.floor(Date.now() / TURN_MS) : null));
      };
      document.addEventListener("keydown", pause);
      return () => document.removeEventListener("keydown", pause);
    }, []);
    const told = all.length === 1 ? tiles.length + " integrations"
      : "page " + (at + 1) + " of " + all.length + (held === null ? "" : " · paused") + " · " + tiles.length + " integrations, the worst always first";
    return h("section", { id, className: "wall-board", "aria-label": "Integrations" },
      h("div", {
        className: "wall-tiles", style: { gridTemplateColumns: "repeat(" + columns + ", minmax(0, 1fr))", gridTemplateRows: "repeat(" + rows + ", minmax(0, 1fr))", "--letter": 4 / columns + "vw" },
      }, all[at].map((t) => tile(t, words))),
      h("div", { className: "wall-foot" }, h("span", null, told), h("span", null, "Space pauses · Esc leaves")));
  }

  /* ---- keys: w to the wall, Esc back; filters go along ------------------------------------------------------- */
  function go(address) {
    window.history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }
  function addressWith(wall) {
    const query = new URLSearchParams(window.location.pathname === "/" ? window.location.search : "");
    if (wall) query.set("wall", "1"); else query.delete("wall");
    const text = query.toString();
    return "/" + (text ? "?" + text : "");
  }
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
    if (event.defaultPrevented || typing || event.metaKey || event.ctrlKey || event.altKey) return;
    const onWall = Boolean(document.querySelector(".wall-board"));
    if (event.key === "w" && !onWall) { event.preventDefault(); go(addressWith(true)); }
    if (event.key === "Escape" && onWall) { event.preventDefault(); go(addressWith(false)); }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a.to-wall");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(addressWith(true));
  }, true);

  window.leadline = Object.assign(window.leadline, { Wall });
})();
