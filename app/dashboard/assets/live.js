/* When a page asks again, and what its head says of it.
   `beat` is the one signal: `show` draws by it, and so does every callback that takes it as input. It grows when the hub
   says over the socket that something changed, else at every tick of the interval; never while the tab is hidden. */
(function () {
  "use strict";
  const h = React.createElement;
  const SILENT_MS = 25000, LATE_MS = 12000, TICK_MS = 5000, PATIENCE_MS = 15000;
  const now = () => Date.now();
  const state = {
    open: false, heardAt: 0, askedAt: 0, drawnAt: 0, beatAt: 0, shownAt: now(), beats: 0, paged: 0, pace: 5, again: "",
    firing: null, title: "Leadline",
  };
  const watchers = new Set();
  const tell = () => watchers.forEach((watch) => watch());

  /* ---- asking ---------------------------------------------------------------------------------------------- */
  function ask(hurry) {
    if (document.hidden || !window.dash_clientside.set_props) return;
    if (state.askedAt > state.drawnAt && now() - state.askedAt < PATIENCE_MS) { state.again = hurry ? "hurry" : state.again; return; }
    const due = state.pace !== null && (hurry || now() - state.beatAt > state.pace * 1000 - TICK_MS / 2);
    state.askedAt = now();
    state.beats += 1;
    if (due) { state.beatAt = state.askedAt; state.paged += 1; }
    window.dash_clientside.set_props(due ? "beat" : "pulse", { data: state.beats });
  }
  /* The interval: the only way while the socket is away, and a way out when it is silent. */
  function tick() {
    if (document.hidden) return hiddenTick();
    const pushed = state.open && now() - state.heardAt < SILENT_MS && now() - state.askedAt < 2.5 * TICK_MS;
    if (!pushed) ask(false);
    return window.dash_clientside.no_update;
  }
  /* Nobody looks, but somebody asked to be told; without the line there is only asking, once a minute. */
  function hiddenTick() {
    if (!state.open && window.leadlineNotify.wanted() && now() - state.askedAt > 60000) {
      state.askedAt = now();
      state.beats += 1;
      window.dash_clientside.set_props("pulse", { data: state.beats });
    }
    return window.dash_clientside.no_update;
  }
  function drawn(said) {
    Object.assign(state, { drawnAt: now(), pace: said.pace, title: said.title });
    if (said.firing) fires(said.firing);
    if (state.again) { state.again = ""; setTimeout(() => ask(true), 0); }
    tell();
  }
  function shown() {
    if (document.hidden) return;
    state.shownAt = now();
    state.askedAt = 0;
    connect();
    ask(true);
  }

  /* ---- the socket ------------------------------------------------------------------------------------------ */
  let socket = null, tries = 0, retry = 0;
  function connect() {
    clearTimeout(retry);
    if (socket && socket.readyState <= WebSocket.OPEN) return;
    const line = new WebSocket(window.location.origin.replace(/^http/, "ws") + "/api/v1/live");
    socket = line;
    line.onopen = () => { Object.assign(state, { open: true, heardAt: now() }); tries = 0; tell(); };
    line.onmessage = (event) => { if (line === socket) hear(JSON.parse(event.data)); };
    line.onclose = () => {
      if (line !== socket) return;
      const was = state.open;
      state.open = false;
      tries += 1;
      // A hub that comes back must not meet all its viewers in one instant.
      retry = setTimeout(connect, Math.min(15000, 1000 * 2 ** Math.min(tries, 4)) * (0.5 + Math.random()));
      if (was) ask(false);
      tell();
    };
  }
  function hear(said) {
    state.heardAt = now();
    if (said.firing) fires(said.firing);
    if (said.why === "acted") ask(true);
    if (said.why === "judged") setTimeout(() => ask(false), Math.random() * 400);
    tell();
  }
  setInterval(() => {
    if (state.open && now() - state.heardAt > SILENT_MS) { socket.close(); state.open = false; tell(); }
    tell();
  }, 1000);
  document.addEventListener("visibilitychange", shown);
  window.addEventListener("online", shown);
  window.addEventListener("pageshow", (event) => event.persisted && shown());

  /* ---- what the head says ---------------------------------------------------------------------------------- */
  function standing() {
    if (!state.drawnAt && now() - state.shownAt < LATE_MS) return ["wait", "loading"];
    const since = Math.max(state.drawnAt, state.shownAt);
    if (!document.hidden && now() - since > LATE_MS) {
      const at = state.drawnAt ? "not live since " + window.leadlineZone.clock(state.drawnAt) : "not live: the hub does not answer";
      return ["late", at];
    }
    return state.open ? ["open", "live"] : ["poll", "every 5 s"];
  }
  const WORDS = {
    open: "The hub tells this page at once when something changes", poll: "No line to the hub: this page asks every 5 s",
    late: "The hub does not answer; what stands here is old", wait: "The page is on its way",
  };
  function Live(props) {
    const [, bump] = React.useReducer((n) => n + 1, 0);
    React.useEffect(() => { watchers.add(bump); connect(); return () => watchers.delete(bump); }, []);
    React.useEffect(() => { if (props.drawn) drawn(props.drawn); }, [props.drawn]);
    const [kind, words] = standing();
    React.useEffect(() => { dress(kind); }, [kind, state.title, state.firing && state.firing.length]);
    React.useEffect(() => {
      const here = document.querySelector("#nav .here");
      if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40;
    }, [state.title]);
    React.useEffect(() => { document.documentElement.dataset.live = kind; }, [kind]);
    return h("span", {
      id: props.id, className: "heard " + kind, role: kind === "late" ? "alert" : "status", title: WORDS[kind],
      "data-beats": props.drawn ? state.paged : 0, "data-drawn": props.drawn ? props.drawn.at : "",
    }, h("span", { className: "dot", "aria-hidden": true }), words);
  }

  /* ---- the tab: its title, its icon, and a notification when asked for ------------------------------------- */
  function dress(kind) {
    const open = state.firing ? state.firing.length : 0;
    document.title = (kind === "late" ? "not live · " : "") + (open ? "(" + open + ") " : "") + state.title + " – Leadline";
    icon(open, kind === "late", (state.firing || []).some((one) => one.urgent));
  }
  let plain = null, iconSaid = "";
  function icon(open, late, urgent) {
    const link = document.querySelector("link[rel~=icon]"), said = [open, late, urgent].join();
    if (!link || said === iconSaid) return;
    plain = plain || link.href;
    iconSaid = said;
    link.href = open || late ? badge(late ? "!" : open > 9 ? "9+" : String(open), urgent || late) : plain;
  }
  function badge(text, urgent) {
    const canvas = document.createElement("canvas"), ink = canvas.getContext("2d");
    canvas.width = canvas.height = 64;
    if (!ink) return plain;
    ink.fillStyle = urgent ? "#b3261e" : "#8f5200";
    ink.beginPath();
    ink.arc(32, 32, 31, 0, 7);
    ink.fill();
    ink.fillStyle = "#fff";
    ink.font = "bold " + (text.length > 1 ? 36 : 46) + "px sans-serif";
    ink.textAlign = "center";
    ink.textBaseline = "middle";
    ink.fillText(text, 32, 35);
    return canvas.toDataURL("image/png");
  }
  function fires(firing) {
    const known = state.firing && new Set(state.firing.map((one) => one.id));
    state.firing = firing;
    if (known) firing.filter((one) => !known.has(one.id)).slice(0, 3).forEach(window.leadlineNotify.tell);
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.leadline = Object.assign(window.dash_clientside.leadline || {}, { tick });
  window.leadlineLive = { ask: () => ask(true), standing };
  window.leadline = Object.assign(window.leadline || {}, { Live });
})();
