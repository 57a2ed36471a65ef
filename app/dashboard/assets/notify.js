/* Notifications of the browser: only after somebody asked for them here, only while a tab of ours is open. */
(function () {
  "use strict";
  const h = React.createElement;
  const KEY = "leadline-notify";
  let broken = false;

  function wanted() {
    try { return window.localStorage.getItem(KEY) === "on"; } catch (refused) { return false; }
  }
  function keep(on) {
    try { window.localStorage.setItem(KEY, on ? "on" : "off"); } catch (refused) { /* a private window: lasts for this page */ }
  }
  function standing() {
    if (!("Notification" in window) || broken) return "unable";
    if (Notification.permission === "denied") return "denied";
    return wanted() && Notification.permission === "granted" ? "on" : "off";
  }
  /* Some browsers on phones have the name, and throw when it is used without a service worker. */
  function put(title, body, address) {
    try {
      const note = new Notification(title, { body, tag: address });
      note.onclick = () => { window.focus(); if (address) window.leadlineGo(address); note.close(); };
    } catch (unable) {
      broken = true;
    }
  }
  function tell(incident) {
    if (standing() === "on") put(incident.title, incident.urgent ? "Urgent incident opened" : "Incident opened", "/incident/" + incident.id);
  }
  async function turn(on) {
    if (!on) { keep(false); return; }
    try {
      if ((await Notification.requestPermission()) === "granted") {
        keep(true);
        put("Leadline tells you here", "when an incident opens, while a tab of it is open.", "");
      }
    } catch (unable) {
      broken = true;
    }
  }
  const WORDS = {
    unable: "This browser cannot show notifications from a page.",
    denied: "This browser was told not to show notifications from here; its settings for this site change that.",
    on: "You are told here when an incident opens, while a tab of Leadline is open.",
    off: "A notification when an incident opens, while a tab of Leadline is open.",
  };
  function Notify(props) {
    const [, bump] = React.useReducer((n) => n + 1, 0);
    const now = standing();
    const button = now === "on" || now === "off"
      ? h("button", { type: "button", onClick: () => turn(now === "off").then(bump) }, now === "on" ? "Stop telling me" : "Tell me in this browser")
      : null;
    return h("div", { id: props.id, className: "notify" }, h("p", { className: "note" }, WORDS[now]), button);
  }
  window.leadlineNotify = { tell, wanted: () => standing() === "on" };
  window.leadline = Object.assign(window.leadline || {}, { Notify });
})();
