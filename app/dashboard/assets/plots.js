/* What every chart gets on its way to plotly.js: an axis and a hover in the viewer's zone, and PNG and SVG of itself. */
(function () {
  "use strict";
  const MIN = 60000, HOUR = 60 * MIN, DAY = 24 * HOUR;
  const STEPS = [MIN, 2 * MIN, 5 * MIN, 10 * MIN, 15 * MIN, 30 * MIN, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
    DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY];
  const zone = () => window.leadlineZone;
  /* plotly.js writes instants as UTC without saying so. */
  const instantOf = (value) => (typeof value === "number" ? value : Date.parse(String(value).replace(" ", "T").replace(/Z?$/, "Z")));

  function ticks(range, most) {
    const [start, end] = range.map(instantOf);
    if (!(end > start)) return null;
    const step = STEPS.find((one) => (end - start) / one <= most) || 28 * DAY * Math.ceil((end - start) / (28 * DAY * most));
    const tickvals = [], ticktext = [];
    let day = "";
    for (let wall = Math.floor((start + zone().offset(start)) / step) * step; ; wall += step) {
      const at = zone().instant(wall);
      if (at > end) break;
      if (at < start || at === tickvals[tickvals.length - 1]) continue;
      const p = zone().parts(at), date = p.day + " " + p.month;
      tickvals.push(at);
      ticktext.push(step >= DAY ? date : p.hour + ":" + p.minute + (date === day ? "" : "<br>" + date));
      day = date;
    }
    return { tickmode: "array", tickvals, ticktext };
  }
  function fit(gd) { return Math.max(3, Math.min(8, Math.floor((gd.clientWidth || 600) / (90 * letters())))); }
  function timed(axis) { return axis && axis.type === "date" && Array.isArray(axis.range) && (!axis.tickmode || axis.ours); }

  /* Sizes in figures are those of a desk; where the page's letters are larger, as on a wall, a chart's are too. */
  function letters() { return Math.max(1, (parseFloat(getComputedStyle(document.documentElement).fontSize) || 15) / 15); }
  const times = (one, key, by) => (one && typeof one[key] === "number" ? Object.assign({}, one, { [key]: one[key] * by }) : one);
  const lettered = (one, by) => (one && one.font ? Object.assign({}, one, { font: times(one.font, "size", by) }) : one);
  const lined = (one, by) => (one && one.line ? Object.assign({}, one, { line: times(one.line, "width", by) }) : one);
  function enlarged(layout, by) {
    const out = Object.assign({}, lettered(layout, by), { lettered: true, hoverlabel: lettered(layout.hoverlabel, by) });
    ["l", "r", "t", "b"].forEach((side) => { out.margin = times(out.margin, side, by); });
    ["annotations", "shapes"].forEach((name) => { if (out[name]) out[name] = out[name].map((one) => lined(lettered(one, by), by)); });
    Object.keys(out).filter((name) => /^[xy]axis\d*$/.test(name) && out[name]).forEach((name) => {
      out[name] = Object.assign({}, out[name], { title: lettered(out[name].title, by), tickfont: times(out[name].tickfont, "size", by) });
    });
    return out;
  }
  function dressed(layout, gd) {
    const by = letters(), out = by === 1 || layout.lettered ? Object.assign({}, layout) : enlarged(layout, by);
    Object.keys(out).filter((name) => /^xaxis\d*$/.test(name) && timed(out[name])).forEach((name) => {
      out[name] = Object.assign({}, out[name], ticks(out[name].range, fit(gd)), { ours: true });
    });
    return out;
  }

  function again(gd) {
    let changed = false;
    Object.keys(gd.layout || {}).filter((name) => /^xaxis\d*$/.test(name) && gd.layout[name].ours).forEach((name) => {
      Object.assign(gd.layout[name], ticks(gd._fullLayout[name].range, fit(gd)));
      changed = true;
    });
    if (changed) window.Plotly.redraw(gd);
  }
  function hovered(gd, event) {
    const title = gd.querySelector(".hoverlayer .legendtitletext"), point = event.points && event.points[0];
    if (!title || !point || !point.xaxis || point.xaxis.type !== "date") return;
    const at = instantOf(point.x), p = zone().parts(at);
    const text = p.weekday + " " + p.day + " " + p.month + " " + p.hour + ":" + p.minute + " " + p.timeZoneName;
    if (Number.isFinite(at)) (title.querySelector("tspan") || title).textContent = text;
  }
  function attend(gd) {
    if (!gd.on || gd.leadlineHeard === gd._ev) return gd;
    gd.leadlineHeard = gd._ev;
    gd.on("plotly_relayout", (change) => {
      if (Object.keys(change || {}).some((key) => /^xaxis\d*\.(range|autorange)/.test(key))) again(gd);
    });
    gd.on("plotly_hover", (event) => hovered(gd, event));
    return gd;
  }
  window.addEventListener("DOMContentLoaded", () => zone().watchers.add(() => document.querySelectorAll(".js-plotly-plot").forEach(again)));

  /* ---- pictures: on white with dark letters, because the page's colours are the style sheet's ----------------- */
  function picture(gd, format) {
    const panel = gd.closest(".panel"), said = (name) => ((panel && panel.querySelector("header " + name)) || {}).textContent || "";
    const layout = Object.assign({}, gd.layout, {
      paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff", font: { size: 12, color: "#26333f" },
      title: { text: said("h2") + "<br><sub>" + said(".note") + "</sub>", x: 0.01, y: 0.93, yref: "container", yanchor: "top", font: { size: 15 } },
      margin: { l: 60, r: 20, t: 115, b: 50 },
    });
    const size = { format, width: Math.max(800, gd.clientWidth), height: Math.max(420, gd.clientHeight + 85), scale: format === "png" ? 2 : 1 };
    return window.Plotly.toImage({ data: gd.data, layout }, size).then((address) => {
      const link = document.createElement("a"), holder = gd.closest("[id]");
      link.href = address;
      link.download = "leadline-" + ((gd.closest(".chart") || holder || {}).id || "chart") + "." + format;
      link.click();
    });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-save]");
    const chart = button && document.querySelector("#" + CSS.escape(button.dataset.chart) + " .js-plotly-plot");
    if (chart) picture(chart, button.dataset.save);
  });

  /* plotly.js comes when the first chart does; it is met at the door. */
  function wrap(plotly) {
    ["newPlot", "react"].forEach((name) => {
      const draw = plotly[name];
      plotly[name] = function (gd, data, layout, config) {
        const whole = data && !Array.isArray(data) ? data : { data, layout, config };
        const element = typeof gd === "string" ? document.getElementById(gd) : gd;
        const figure = Object.assign({}, whole, { layout: dressed(whole.layout || {}, element) });
        const by = letters();
        if (by > 1 && figure.data && !(whole.layout || {}).lettered) figure.data = figure.data.map((trace) => lined(trace, by));
        return draw.call(this, element, figure).then(attend);
      };
    });
    return plotly;
  }
  window.leadlinePlots = { instantOf };
  let met;
  Object.defineProperty(window, "Plotly", {
    configurable: true, get: () => met, set: (plotly) => { met = plotly && plotly.react && !plotly.leadlineMet ? Object.assign(wrap(plotly), { leadlineMet: true }) : plotly; },
  });
})();
