/* A session that is over leads to sign-in, and back to this page; where nobody signs in, this never happens. */
(function () {
  "use strict";
  const asked = window.fetch;
  let leaving = false;
  function leave() {
    if (leaving) { return; }
    leaving = true;
    window.location.assign("/sign-in?next=" + encodeURIComponent(window.location.pathname + window.location.search));
  }
  window.fetch = async function (...words) {
    const answer = await asked.apply(this, words);
    if (answer.status === 401 && new URL(answer.url).origin === window.location.origin) { leave(); }
    return answer;
  };
  // What comes by WebSocket alone asks nothing of its own when the session ends.
  setInterval(() => { if (!document.hidden) { window.fetch("/session").catch(() => {}); } }, 30000);
})();
