/* Whatever people do from a button anywhere: one dialog that asks before it does, and one place that says what came of it.
   Buttons are plain HTML (data-act-open, data-what), so a page may be redrawn below the open dialog. */
(function () {
  "use strict";
  const NAME = "leadline-author";
  const LENGTHS = [["1h", "1 h"], ["4h", "4 h"], ["24h", "24 h"], ["7d", "7 d"]];
  const ENDED = ["done", "declined", "expired"];

  function keptName() {
    try { return window.localStorage.getItem(NAME) || ""; } catch (refused) { return ""; }
  }
  function keepName(name) {
    try { window.localStorage.setItem(NAME, name); } catch (refused) { /* a private window: asked again next time */ }
  }
  async function ask(path, body) {
    const post = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    let answer;
    try {
      answer = await fetch(path, Object.assign({ cache: "no-store" }, post || {}));
    } catch (away) {
      throw new Error("the hub does not answer; nothing was done");
    }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.error || "the hub refused it (HTTP " + answer.status + ")");
    return said;
  }
  function refresh() {
    const clientside = window.dash_clientside;
    if (clientside && clientside.set_props) clientside.set_props("tick", { n_intervals: Date.now() % 1000000 });
  }
  function el(tag, props, ...children) {
    const made = Object.assign(document.createElement(tag), props || {});
    children.flat().forEach((child) => child && made.append(child));
    return made;
  }

  /* ---- what came of it: a line each, at the edge of the page ---------------------------------------------------- */
  function told() {
    const found = document.getElementById("acts-told");
    if (found) return found;
    const made = el("div", { id: "acts-told", role: "status" });
    document.body.append(made);
    return made;
  }
  const READ_WITHIN_MS = 10000;
  /* The page shows what a plain act has changed, so its line may go; that of a run stays until it is dismissed. */
  function line(stays) {
    const words = el("span");
    const close = el("button", { type: "button", className: "close", textContent: "×", onclick: () => made.remove() });
    close.setAttribute("aria-label", "Dismiss");
    const made = el("div", { className: "told" }, words, close);
    told().append(made);
    if (!stays) setTimeout(() => made.remove(), READ_WITHIN_MS);
    return { say: (...parts) => words.replaceChildren(...parts) };
  }

  /* ---- runs that were asked for ------------------------------------------------------------------------------- */
  function runWords(one) {
    const what = one.integration + "/" + one.workflow + " from " + one.region + ": ";
    if (one.state === "asked") return [what, "asked for, the prober hears of it within 5 s…"];
    if (one.state === "running") return [what, "running…"];
    if (one.state === "declined") return [what, el("b", { textContent: "not run" }), " – " + one.reason];
    if (one.state === "expired") return [what, el("b", { textContent: "expired" }), " – " + one.reason];
    if (!one.outcome) return [what, "has run, its result is on the way…"];
    const link = el("a", { href: "/run/" + one.run_id, textContent: one.outcome + " – open the run" });
    return [what, link, one.reason ? " (" + one.reason + ")" : ""];
  }
  async function follow(requests) {
    const lines = new Map(requests.map((one) => [one.id, line(true)]));
    const show = (found) => found.forEach((one) => lines.get(one.id).say(...runWords(one)));
    const ended = (one) => ENDED.includes(one.state) && (one.state !== "done" || one.outcome);
    let open = requests;
    show(open);
    for (let round = 0; open.length && round < 900; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const query = open.map((one) => "id=" + encodeURIComponent(one.id)).join("&");
      const found = await ask("/api/v1/run-requests?" + query).catch(() => null);
      if (!found) continue;
      show(found.requests);
      if (found.requests.some(ended)) refresh();
      open = found.requests.filter((one) => !ended(one));
    }
  }

  /* ---- the acts: words, fields, and what is sent --------------------------------------------------------------- */
  const incidentPath = (what, act) => "/api/v1/incidents/" + encodeURIComponent(what.id) + "/" + act;
  const until = (made) => new Date(made.until).toISOString().slice(0, 16).replace("T", " ") + " UTC";
  const ACTS = {
    run: {
      title: "Run it now", confirm: "Run now",
      words: (what) => "Runs " + what.integration + (what.workflow ? "/" + what.workflow : ", every workflow") + " from " +
        (what.region || "every region") + " at once, outside the timetable. It counts in no objective and no streak.",
      send: (what, said) => ask("/api/v1/run-requests", {
        integration: what.integration, workflow: what.workflow, region: what.region, author: said.name }),
      done: (made) => { follow(made.requests); },
    },
    acknowledge: {
      title: "Acknowledge", confirm: "Acknowledge",
      words: (what) => what.title + ": you take it, every channel that told of it hears so, and nobody is called any more.",
      send: (what, said) => ask(incidentPath(what, "acknowledge"), { author: said.name }),
      done: (made, said, what) => line().say(what.title + ": acknowledged by " + said.name),
    },
    silence: {
      title: "Silence", confirm: "Silence", match: true, text: "Why nobody has to hear", lengths: true,
      words: () => "Incidents are still recorded, and told when the silence ends while they are open.",
      send: (what, said) => ask("/api/v1/silences", {
        match: matchOf(said.match), for: said.length, author: said.name, comment: said.text }),
      done: (made) => line().say("silenced until " + until(made) + " (" + made.id + ")"),
    },
    "end-silence": {
      title: "End the silence", confirm: "End it now",
      words: (what) => what.id + " (" + what.words + "): what is still open and was never told is told then.",
      send: (what, said) => ask("/api/v1/silences/" + encodeURIComponent(what.id) + "/end", { author: said.name }),
      done: (made, said, what) => line().say("silence " + what.id + " ended"),
    },
  };
  function matchOf(text) {
    const match = {};
    text.trim().split(/\s+/).filter(Boolean).forEach((one) => {
      const at = one.indexOf("=");
      if (at < 1 || at === one.length - 1) throw new Error(one + ": write KEY=VALUE, such as integration=hubspot");
      match[one.slice(0, at)] = (match[one.slice(0, at)] || []).concat(one.slice(at + 1).split(",").filter(Boolean));
    });
    return match;
  }

  /* ---- the dialog ---------------------------------------------------------------------------------------------- */
  function some(names) {
    return names.slice(0, 5).join("; ") + (names.length > 5 ? " and " + (names.length - 5) + " more" : "");
  }
  function preview(box, text, length) {
    const asked = (box.asked = {});
    const show = (...parts) => box.asked === asked && box.replaceChildren(...parts);
    const work = async () => ask("/api/v1/silences/preview", {
      match: matchOf(text), for: length, author: "preview", comment: "preview" });
    work().then((found) => show(
      el("b", { textContent: "Would mute now: " }),
      found.incidents.length ? some(found.incidents.map((one) => one.title)) : "no open incident",
      el("div", { className: "note", textContent: found.integrations.length
        ? "and whatever else opens for: " + some(found.integrations) : "no integration that is declared" }),
    ), (err) => show(el("span", { className: "note", textContent: "What it would mute is not known: " + err.message })));
  }
  function nameField(as) {
    const input = el("input", { type: "text", name: "author", value: as || keptName(), maxLength: 100, placeholder: "who is it?" });
    input.autocomplete = "name";
    if (!input.value) return { input, shown: el("label", null, "Your name", input) };
    const change = el("button", { type: "button", className: "link", textContent: "change" });
    const shown = el("p", { className: "note" }, "as ", el("b", { textContent: input.value }), " ", as ? null : change);
    change.onclick = () => { shown.replaceWith(el("label", null, "Your name", input)); input.focus(); };
    return { input, shown };
  }
  function silenceFields(what) {
    const match = el("input", { type: "text", name: "match", value: what.match || "", spellcheck: false });
    match.placeholder = "integration=hubspot region=eu";
    const box = el("div", { className: "preview" });
    box.setAttribute("role", "status");
    const said = { length: "1h" };
    const look = () => (match.value.trim() ? preview(box, match.value, said.length)
      : box.replaceChildren(el("span", { className: "note", textContent: "Say what to mute, and what it would mute stands here." })));
    const chips = LENGTHS.map(([value, words]) => {
      const chip = el("button", { type: "button", className: value === "1h" ? "chip on" : "chip", textContent: words });
      chip.setAttribute("aria-pressed", String(value === "1h"));
      chip.onclick = () => {
        said.length = value;
        chips.forEach((one) => { one.className = one === chip ? "chip on" : "chip"; one.setAttribute("aria-pressed", String(one === chip)); });
      };
      return chip;
    });
    const group = el("div", { className: "chips" }, chips);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "For how long");
    let timer = 0;
    match.oninput = () => { clearTimeout(timer); timer = setTimeout(look, 300); };
    look();
    return { match, said, parts: [el("label", null, "What to mute (all must hold)", match), group, box] };
  }
  function open(act, what, opener) {
    const spec = ACTS[act];
    if (!spec) return;
    const dialog = el("dialog", { className: "act-dialog" });
    const title = el("h2", { id: "act-title", textContent: spec.title });
    const name = nameField(what.as);
    const silence = spec.match ? silenceFields(what) : null;
    const text = spec.text ? el("textarea", { rows: 2, maxLength: 4000, name: "text" }) : null;
    const problem = el("p", { className: "actual-bad", hidden: true });
    problem.setAttribute("role", "alert");
    const confirm = el("button", { type: "submit", className: "primary", textContent: spec.confirm });
    const cancel = el("button", { type: "button", textContent: "Cancel", onclick: () => dialog.close() });
    const form = el("form", { className: "act-form" }, title, el("p", { textContent: spec.words(what) }),
      silence ? silence.parts : null, text ? el("label", null, spec.text, text) : null,
      name.shown, problem, el("div", { className: "act-row" }, confirm, cancel));
    const fits = () => { confirm.disabled = !name.input.value.trim() || Boolean(text && !text.value.trim()) || Boolean(silence && !silence.match.value.trim()); };
    form.oninput = fits;
    form.onsubmit = async (event) => {
      event.preventDefault();
      confirm.disabled = true;
      const said = { name: name.input.value.trim(), text: text ? text.value.trim() : "" };
      if (silence) Object.assign(said, silence.said, { match: silence.match.value });
      try {
        const made = await (async () => spec.send(what, said))();
        if (!what.as) keepName(said.name);
        dialog.close();
        spec.done(made, said, what);
        refresh();
      } catch (err) {
        problem.textContent = "Not done: " + err.message;
        problem.hidden = false;
        confirm.disabled = false;
      }
    };
    dialog.setAttribute("aria-labelledby", "act-title");
    dialog.append(form);
    dialog.onclose = () => { dialog.remove(); back(opener); };
    document.body.append(dialog);
    dialog.showModal();
    fits();
    (form.querySelector("input[type=text], textarea") || confirm).focus();
  }
  /* The page may have been redrawn meanwhile: then to the button that stands for the same now. */
  function back(opener) {
    const alike = [...document.querySelectorAll("[data-act-open]")].find((one) => one.dataset.actOpen === opener.dataset.actOpen &&
      one.dataset.what === opener.dataset.what);
    const to = opener.isConnected ? opener : alike;
    if (to) to.focus();
  }

  /* A page that is redrawn takes its buttons away: who had one of ours in focus keeps it. */
  let held = null;
  document.addEventListener("focusin", (event) => { held = event.target.closest ? event.target.closest("[data-act-open]") : null; });
  document.addEventListener("pointerdown", () => { held = null; });
  new MutationObserver(() => {
    if (held && !held.isConnected && document.activeElement === document.body) back(held);
  }).observe(document.body, { childList: true, subtree: true });

  /* ---- the course of a budget: full at the top, spent at the line, overspent below ------------------------------ */
  function BurnDown(props) {
    const h = React.createElement, points = props.points;
    const low = Math.min(-0.1, ...points), high = 1.05, height = 32, width = 120;
    const y = (share) => ((high - share) / (high - low)) * height;
    const path = points.map((point, i) => (i ? "L" : "M") + ((i / Math.max(1, points.length - 1)) * width).toFixed(1) + " " + y(point).toFixed(1)).join("");
    const last = points[points.length - 1];
    return h("svg", { className: "burn-down" + (last <= 0 ? " bad" : last < 0.25 ? " warn" : ""), viewBox: "0 0 " + width + " " + height,
      width, height, role: "img", "aria-label": props.words, preserveAspectRatio: "none" },
      h("title", null, props.words),
      h("path", { className: "zero", d: "M0 " + y(0).toFixed(1) + "H" + width }),
      h("path", { className: "course", d: path, vectorEffect: "non-scaling-stroke" }));
  }
  window.leadline = Object.assign(window.leadline || {}, { BurnDown });

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-act-open]");
    if (event.target.closest && event.target.closest("[data-print]")) window.print();
    if (button) open(button.dataset.actOpen, JSON.parse(button.dataset.what || "{}"), button);
  });
})();
