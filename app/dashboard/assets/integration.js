/* An integration's page: panels that ask for their content as they come near, and one zoom for all charts. */
(function () {
  "use strict";
  const h = React.createElement;
  const NEAR = "500px 0px";

  /* ---- panels ---------------------------------------------------------------------------------------------- */
  const panels = new Set();
  function Panel(props) {
    const box = React.useRef(null), latest = React.useRef(props);
    latest.current = props;
    React.useEffect(() => {
      let near = false, asked = 0;
      const ask = (always) => {
        const now = Date.now();
        if (!always && now - asked < (latest.current.every || 10000) - 500) return;
        asked = now;
        latest.current.setProps({ asked: now });
      };
      const panel = { beat: () => { if (near && !document.hidden) ask(); }, all: () => { if (!asked) ask(true); } };
      const watch = new IntersectionObserver((seen) => {
        near = seen[seen.length - 1].isIntersecting;
        if (near) ask();
      }, { rootMargin: NEAR });
      watch.observe(box.current);
      panels.add(panel);
      return () => { watch.disconnect(); panels.delete(panel); };
    }, []);
    const drawn = props.children !== undefined && props.children !== null;
    const skeleton = h("section", { className: "panel skeleton", style: { height: props.height + "rem" } },
      h("header", null, h("h2", null, props.title)), h("div", { className: "bone", "aria-hidden": true }));
    return h("div", { ref: box, className: "lazy", "data-panel": props.name, "aria-busy": !drawn }, drawn ? props.children : skeleton);
  }
  function drawAll() { panels.forEach((panel) => panel.all()); }
  window.addEventListener("beforeprint", drawAll);
  window.matchMedia("print").addEventListener("change", (media) => { if (media.matches) drawAll(); });

  /* ---- one zoom for all charts: it is the page's range, so it can be shared and gone back from ----------------- */
  const SHORTEST = 60000;
  function written(ms) { return new Date(ms).toISOString().slice(0, 19) + "Z"; }
  const instant = (value) => window.leadlinePlots.instantOf(value);
  function go(query, state) {
    const address = window.location.pathname + "?" + query.toString();
    if (address === window.location.pathname + window.location.search) return;
    window.history.pushState(state, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }
  /* Edges that can be read: whole hours of days, whole minutes of hours. */
  function grain(length) { return length >= 172800000 ? 3600000 : length >= 600000 ? 60000 : 10000; }
  function zoomTo(start, end) {
    const middle = (start + end) / 2, half = Math.max(end - start, SHORTEST) / 2, step = grain(end - start);
    const until = Math.min(Math.ceil(Math.max(middle + half, end) / step) * step, Math.floor(Date.now() / 1000) * 1000);
    const from = Math.floor(Math.min(middle - half, until - SHORTEST) / step) * step;
    const query = new URLSearchParams(window.location.search);
    query.delete("range");
    query.set("from", written(from));
    query.set("to", written(until));
    go(query, { leadlineZoom: true });
  }
  function zoomed(seen, charts) {
    const context = window.dash_clientside.callback_context;
    const names = (context.triggered || []).map((one) => one.prop_id);
    if (!window.location.pathname.startsWith("/integration/")) return;
    charts.forEach((chart, place) => {
      const axes = seen[place];
      if (!axes || !names.some((name) => name.includes('"' + chart.chart + '"'))) return;
      if (axes["xaxis.range[0]"] !== undefined) zoomTo(instant(axes["xaxis.range[0]"]), instant(axes["xaxis.range[1]"]));
      else if (axes["xaxis.autorange"] && window.history.state && window.history.state.leadlineZoom) window.history.back();
    });
  }
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.integration = { beat: () => { panels.forEach((panel) => panel.beat()); }, zoomed };

  window.leadline = Object.assign(window.leadline || {}, { Panel, drawAll });
})();
