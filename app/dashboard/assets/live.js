/* When a page asks again. `beat` is the one signal: `show` draws by it, and so does every callback that takes it as input. */
(function () {
  "use strict";
  let beats = 0;
  function beat() {
    beats += 1;
    return beats;
  }
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.leadline = {
    /* A hidden tab does not ask. */
    tick: () => (document.hidden ? window.dash_clientside.no_update : beat()),
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && window.dash_clientside.set_props) window.dash_clientside.set_props("beat", { data: beat() });
  });
})();
