/* Sets the theme before the first paint: system, dark or light. Loaded in the head, apart from the rest. */
(function () {
  "use strict";
  const KEY = "leadline-theme";
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  function stored() {
    try { return localStorage.getItem(KEY) || "system"; } catch (_) { return "system"; }
  }
  function apply(choice) {
    const dark = choice === "dark" || (choice === "system" && systemDark.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }
  function choose(choice) {
    try { localStorage.setItem(KEY, choice); } catch (_) { /* a private window: the choice lasts for this page */ }
    apply(choice);
  }
  apply(stored());
  systemDark.addEventListener("change", () => apply(stored()));
  window.leadlineTheme = { stored, choose };
})();
