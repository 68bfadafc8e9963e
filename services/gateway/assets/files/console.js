// Refreshes the console while it is visible, and focuses the filter when / is
// pressed. Everything else works without this script.
(() => {
  "use strict";
  const live = () => document.getElementById("live");
  const refresh = () => live()?.dispatchEvent(new CustomEvent("refresh"));

  // Refreshes one after the other, and never while the page is hidden.
  let timer;
  const wait = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(() => { refresh(); wait(); }, 1000 * (Number(live()?.dataset.refresh) || 5));
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
    wait();
  });
  wait();

  // The gateway is not responding: show a banner, keep the page, and retry.
  const offline = (on) => { document.getElementById("offline").hidden = !on; };
  document.addEventListener("htmx:error", () => offline(true));
  document.addEventListener("htmx:before:response", (event) => {
    const status = event.detail.ctx.response.status;
    offline(status >= 500);
    if (status >= 500) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    const filter = document.getElementById("filter");
    if (!filter) return;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      filter.focus();
      filter.select();
    } else if (event.key === "Escape" && event.target === filter) {
      filter.blur();
    }
  });
})();
