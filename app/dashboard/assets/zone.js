/* Instants as the viewer wants them: UTC, or the browser's own zone. The choice is kept in the browser. */
(function () {
  "use strict";
  const h = React.createElement;
  const KEY = "leadline-zone";
  const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const watchers = new Set();
  let zone = "UTC";
  try { zone = window.localStorage.getItem(KEY) === "local" ? LOCAL : "UTC"; } catch (refused) { /* a private window */ }

  function choose(chosen) {
    zone = chosen;
    try { window.localStorage.setItem(KEY, zone === "UTC" ? "utc" : "local"); } catch (refused) { /* lasts for this page */ }
    watchers.forEach((watch) => watch());
  }
  function useZone() {
    const [, bump] = React.useReducer((n) => n + 1, 0);
    React.useEffect(() => { watchers.add(bump); return () => watchers.delete(bump); }, []);
    return zone;
  }

  const formats = {};
  function parts(ms, inZone) {
    const key = inZone || zone;
    formats[key] = formats[key] || new Intl.DateTimeFormat("en-GB", {
      timeZone: key, year: "numeric", month: "short", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit",
      second: "2-digit", hourCycle: "h23", timeZoneName: "short",
    });
    const found = Object.fromEntries(formats[key].formatToParts(ms).map((part) => [part.type, part.value]));
    return Object.assign(found, { month: found.month.slice(0, 3) });
  }
  function clock(ms, inZone) {
    const p = parts(ms, inZone);
    return p.hour + ":" + p.minute + ":" + p.second + " " + p.timeZoneName;
  }
  function moment(ms, inZone) {
    const p = parts(ms, inZone), year = p.year === parts(Date.now(), inZone).year ? "" : " " + p.year;
    return p.day + " " + p.month + year + " " + clock(ms, inZone);
  }
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  /* How far the zone's clock is ahead of UTC at that instant, in ms: not the same in summer and in winter. */
  function offset(ms) {
    if (zone === "UTC") return 0;
    const p = parts(ms);
    const wall = Date.UTC(+p.year, MONTHS.indexOf(p.month), +p.day, +p.hour, +p.minute, +p.second);
    return wall - Math.floor(ms / 1000) * 1000;
  }
  /* The instant at which the zone's clock shows that wall time (as ms, as if it were UTC). */
  function instant(wall) {
    const first = wall - offset(wall);
    return wall - offset(first);
  }

  function When(props) {
    useZone();
    const other = zone === "UTC" ? LOCAL : "UTC";
    return h("time", { id: props.id, className: "when", dateTime: new Date(props.at).toISOString(), title: moment(props.at, other) }, moment(props.at));
  }
  function Zone() {
    return h("span", { className: "zone" }, useZone());
  }
  function Clock(props) {
    useZone();
    const [, bump] = React.useReducer((n) => n + 1, 0);
    React.useEffect(() => { const ticking = setInterval(bump, 1000); return () => clearInterval(ticking); }, []);
    const at = Date.now(), other = zone === "UTC" ? LOCAL : "UTC";
    const time = h("time", { dateTime: new Date(at).toISOString() }, clock(at));
    if (LOCAL === "UTC") return h("span", { id: props.id, className: "clock" }, time);
    return h("button", {
      id: props.id, type: "button", className: "clock", onClick: () => choose(other), title: "Times in " + zone + " – click for " + other,
      "aria-label": "Times in " + zone + ", switch to " + other,
    }, time);
  }

  window.leadlineZone = {
    choose, clock, instant, moment, offset, parts, useZone, watchers, get: () => zone, local: LOCAL,
  };
  window.leadline = Object.assign(window.leadline || {}, { Clock, When, Zone });
})();
