/* What people can do to an incident, through the hub's own API. The name is asked for once and kept in this browser. */
(function () {
  "use strict";
  const h = React.createElement;
  const NAME = "leadline-author";
  const LENGTHS = [["1h", "1 h"], ["4h", "4 h"], ["morning", ""]];

  function keptName() {
    try { return window.localStorage.getItem(NAME) || ""; } catch (refused) { return ""; }
  }
  function keepName(name) {
    try { window.localStorage.setItem(NAME, name); } catch (refused) { /* a private window: asked again next time */ }
  }

  async function post(path, body) {
    let answer;
    try {
      answer = await fetch(path, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), cache: "no-store",
      });
    } catch (away) {
      throw new Error("the hub does not answer; nothing was done");
    }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.error || "the hub refused it (HTTP " + answer.status + ")");
    return said;
  }

  /* Draws the page anew in place, now and not at the next tick. */
  function refresh() {
    window.leadlineLive.ask();
  }

  function silenceOf(incident, length, author, comment) {
    const end = length === "morning" ? { ends_at: incident.morning } : { for: length };
    return Object.assign({ match: { subject: [incident.subject] }, author, comment }, end);
  }

  const ACTS = {
    acknowledge: {
      button: "Acknowledge", confirm: "Acknowledge", states: ["open"], main: true,
      words: "You take it: every channel that told of it hears so, and nobody is called any more.",
      send: (incident, said) => post("/api/v1/incidents/" + encodeURIComponent(incident.id) + "/acknowledge", { author: said.name }),
      done: (said) => "Acknowledged by " + said.name + ".",
    },
    unacknowledge: {
      button: "Give back", confirm: "Give it back", states: ["acknowledged"],
      words: "Nobody has it any more: it escalates from the beginning.",
      send: (incident, said) => post("/api/v1/incidents/" + encodeURIComponent(incident.id) + "/unacknowledge", { author: said.name }),
      done: (said) => "Given back by " + said.name + ".",
    },
    comment: {
      button: "Comment", confirm: "Add comment", states: ["open", "acknowledged", "resolved"], text: "Comment",
      send: (incident, said) => post("/api/v1/incidents/" + encodeURIComponent(incident.id) + "/comment", { author: said.name, text: said.text }),
      done: () => "Comment added.",
    },
    silence: {
      button: "Silence", confirm: "Silence", states: ["open", "acknowledged"], text: "Why nobody has to hear", lengths: true,
      send: (incident, said) => post("/api/v1/silences", silenceOf(incident, said.length, said.name, said.text)),
      done: (said, made) => "Silenced until " + new Date(made.until).toISOString().slice(0, 16).replace("T", " ") + " UTC (" + made.id + ").",
    },
    resolve: {
      button: "Resolve", confirm: "Call it over", states: ["open", "acknowledged"],
      words: "Every channel that told of it hears that it is over. What goes on does not reopen it; once it was gone, it may.",
      send: (incident, said) => post("/api/v1/incidents/" + encodeURIComponent(incident.id) + "/resolve", { author: said.name }),
      done: (said) => "Called over by " + said.name + ".",
    },
  };

  function Preview({ incident }) {
    const [found, setFound] = React.useState(null);
    React.useEffect(() => {
      let gone = false;
      post("/api/v1/silences/preview", silenceOf(incident, "1h", keptName() || "preview", "preview"))
        .then((said) => gone || setFound(said), (err) => gone || setFound({ error: err.message }));
      return () => { gone = true; };
    }, [incident.id, incident.subject]);
    if (!found) return h("p", { className: "note" }, "Looking what it would mute…");
    if (found.error) return h("p", { className: "note" }, "What it would mute is not known: " + found.error);
    const titles = found.incidents.map((one) => one.title);
    const more = titles.length > 5 ? " and " + (titles.length - 5) + " more" : "";
    const named = found.integrations.slice(0, 5).join(", ") + (found.integrations.length > 5 ? " and " + (found.integrations.length - 5) + " more" : "");
    return h("div", { className: "preview", role: "status" },
      h("b", null, "Would mute now: "), titles.length ? titles.slice(0, 5).join("; ") + more : "no open incident",
      named ? h("div", { className: "note" }, "and whatever else opens for: " + named) : null);
  }

  function ActForm({ incident, act, onClose, onDone }) {
    const spec = ACTS[act];
    const [name, setName] = React.useState(keptName());
    const [asks, setAsks] = React.useState(!keptName());
    const [text, setText] = React.useState("");
    const [length, setLength] = React.useState("1h");
    const [busy, setBusy] = React.useState(false);
    const [problem, setProblem] = React.useState("");
    const form = React.useRef(null);
    React.useEffect(() => {
      const first = form.current && form.current.querySelector("textarea, input[type=text], .primary");
      if (first) first.focus();
    }, [act]);
    const missing = !name.trim() || (spec.text && !text.trim());
    const submit = async (event) => {
      event.preventDefault();
      if (busy || missing) return;
      setBusy(true);
      setProblem("");
      const said = { name: name.trim(), text: text.trim(), length };
      try {
        const made = await spec.send(incident, said);
        keepName(said.name);
        onDone(spec.done(said, made));
      } catch (err) {
        setProblem(err.message);
        setBusy(false);
        refresh();
      }
    };
    const escape = (event) => { if (event.key === "Escape") { event.stopPropagation(); onClose(); } };
    const chip = ([value, words]) => h("button", {
      key: value, type: "button", className: length === value ? "chip on" : "chip", "aria-pressed": length === value,
      onClick: () => setLength(value),
    }, words || incident.morningWords);
    const said = asks || !name
      ? h("label", null, "Your name", h("input", {
          type: "text", value: name, maxLength: 100, autoComplete: "name", onChange: (e) => setName(e.target.value),
          placeholder: "who is it?" }))
      : h("p", { className: "note" }, "as ", h("b", null, name), " ",
          h("button", { type: "button", className: "link", onClick: () => setAsks(true) }, "change"));
    return h("form", { ref: form, className: "act-form", onSubmit: submit, onKeyDown: escape, "aria-label": spec.button },
      spec.words ? h("p", null, spec.words) : null,
      spec.lengths ? h("div", { className: "chips", role: "group", "aria-label": "For how long" }, LENGTHS.map(chip)) : null,
      spec.lengths ? h(Preview, { incident }) : null,
      spec.text ? h("label", null, spec.text, h("textarea", {
        value: text, rows: spec.lengths ? 2 : 3, maxLength: 4000, onChange: (e) => setText(e.target.value) })) : null,
      said,
      problem ? h("p", { className: "actual-bad", role: "alert" }, "Not done: " + problem) : null,
      h("div", { className: "act-row" },
        h("button", { type: "submit", className: "primary", disabled: busy || missing }, busy ? "…" : spec.confirm),
        h("button", { type: "button", onClick: onClose }, "Cancel")));
  }

  function IncidentActs(props) {
    const incident = props.incident;
    const [act, setAct] = React.useState("");
    const [done, setDone] = React.useState("");
    const row = React.useRef(null), held = React.useRef("");
    const close = (words) => {
      held.current = act;
      setAct("");
      setDone(words || "");
      if (words) refresh();
    };
    // Back to where the keyboard was, before any next key: at once when a form closes, and again when the button that
    // had it goes with the incident's new state.
    React.useLayoutEffect(() => {
      if (act || !held.current || !row.current) return;
      const there = document.activeElement;
      if (there && there !== document.body && there.isConnected) { if (!row.current.contains(there)) held.current = ""; return; }
      const button = row.current.querySelector("[data-act=" + held.current + "]") || row.current.querySelector("button");
      if (button) button.focus();
    });
    const names = Object.keys(ACTS).filter((name) => ACTS[name].states.includes(incident.state));
    const open = act && names.includes(act) ? act : "";
    return h("section", { id: props.id, className: "acts", "aria-label": "What to do" },
      h("div", { className: "act-row", ref: row, onFocus: (event) => { held.current = event.target.dataset.act || held.current; } }, names.map((name) => h("button", {
        key: name, type: "button", "data-act": name, "aria-expanded": open === name,
        className: (ACTS[name].main ? "primary" : "") + (open === name ? " on" : ""),
        onClick: () => { setDone(""); setAct(open === name ? "" : name); },
      }, ACTS[name].button))),
      open ? h(ActForm, { key: incident.id + open, incident, act: open, onClose: () => close(""), onDone: close }) : null,
      act && !open ? h("p", { className: "note", role: "status" }, "Somebody was faster: " + incident.state + (incident.by ? " by " + incident.by : "") + ".") : null,
      done ? h("p", { className: "act-done", role: "status" }, done) : null);
  }

  window.leadline = Object.assign(window.leadline || {}, { IncidentActs });
})();
