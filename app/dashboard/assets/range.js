/* The range of time in the address: links for the usual ones, and a form for any other in the viewer's zone. */
(function () {
  "use strict";
  const h = React.createElement;
  const zone = () => window.leadlineZone;

  /* What a `datetime-local` field shows at that instant, and the instant that it means. */
  function shown(ms) { return new Date(ms + zone().offset(ms)).toISOString().slice(0, 16); }
  function meant(text) { return zone().instant(Date.parse(text + ":00Z")); }
  function written(ms) { return new Date(ms).toISOString().slice(0, 19) + "Z"; }

  function Form({ range, onDone }) {
    const [from, setFrom] = React.useState(shown(range.start));
    const [to, setTo] = React.useState(shown(range.end));
    const first = React.useRef(null);
    React.useEffect(() => { if (first.current) first.current.focus(); }, []);
    const start = meant(from), end = meant(to);
    const problem = !(end - start >= 60000) ? "“to” must be at least a minute after “from”" : end - start > 400 * 86400000 ? "at most 400 days" : "";
    const submit = (event) => {
      event.preventDefault();
      if (problem) return;
      window.leadlineGo(range.path + "?" + new URLSearchParams(Object.assign({ from: written(start), to: written(end) }, range.others)));
      onDone();
    };
    const field = (label, value, set, ref) => h("label", null, label + " (" + zone().get() + ")",
      h("input", { type: "datetime-local", ref, value, required: true, onChange: (e) => set(e.target.value) }));
    return h("form", { onSubmit: submit, onKeyDown: (e) => { if (e.key === "Escape") { e.stopPropagation(); onDone(); } } },
      field("From", from, setFrom, first), field("To", to, setTo),
      h("button", { type: "submit", className: "primary", disabled: Boolean(problem) }, "Show"),
      problem ? h("span", { className: "actual-bad", role: "alert" }, problem) : null);
  }

  function RangeBar(props) {
    zone().useZone();
    const range = props.range;
    const [open, setOpen] = React.useState(false);
    const button = React.useRef(null);
    const close = () => { setOpen(false); if (button.current) button.current.focus(); };
    const link = (one) => h("a", { key: one.text, href: one.href, className: one.here ? "here" : null, "aria-current": one.here ? "true" : null }, one.text);
    const step = (address, words, sign) => address
      ? h("a", { href: address, title: words, "aria-label": words }, sign)
      : null;
    return h("div", { id: props.id, className: "range-bar" },
      h("nav", { className: "ranges", "aria-label": "Time range" },
        range.links.map(link),
        h("button", { type: "button", ref: button, className: range.live ? "" : "here", "aria-expanded": open, onClick: () => setOpen(!open) }, "from – to")),
      h("nav", { className: "ranges", "aria-label": "Move in time" },
        step(range.earlier, "Earlier by one length", "‹ earlier"), step(range.later, "Later by one length", "later ›"),
        range.live ? null : h("a", { href: range.back, title: "A range that ends now" }, "back to live")),
      range.live ? null : h("span", { className: "span" }, zone().moment(range.start) + " – " + zone().moment(range.end)),
      open ? h(Form, { key: zone().get(), range, onDone: close }) : null);
  }
  window.leadline = Object.assign(window.leadline || {}, { RangeBar });
})();
