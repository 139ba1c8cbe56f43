// Draws every chart of the page, folds what is long, and fills the download links. Charts take their colours from the style sheet, so
// light, dark and print need no second drawing.
(() => {
  "use strict";

  async function draw(place) {
    const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    spec.config.font = getComputedStyle(place).fontFamily; // widths of texts are measured where names of styles mean nothing
    if (place.clientWidth < 480) spec.config.legend.columns = 1; // keys side by side would leave a phone's screen
    try {
      const result = await vegaEmbed(place, spec, { actions: false, renderer: "svg", tooltip: { theme: "page" } });
      place.view = result.view;
      place.querySelector("svg").setAttribute("aria-hidden", "true"); // the sentence on the place speaks for it
    } catch (error) {
      place.textContent = "This chart cannot be drawn here; its numbers are in the table below.";
      console.error(error);
    }
  }

  function fillDownload(link) {
    const text = document.getElementById(link.dataset.download).textContent;
    link.href = URL.createObjectURL(new Blob([JSON.stringify(JSON.parse(text), null, 1)], { type: "application/json" }));
  }

  // one chart after the other, so that the page answers while it draws
  window.chartsDrawn = (async () => {
    for (const place of document.querySelectorAll("[data-chart]")) {
      await draw(place);
      await new Promise((resume) => setTimeout(resume));
    }
  })();

  // several workloads: the answers first, each opens what it rests on
  function fold(section, folded) {
    section.classList.toggle("folded", folded);
    section.querySelector(".fold").setAttribute("aria-expanded", String(!folded));
  }

  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const section = target?.closest(".folding");
    if (!section) return;
    fold(section, false);
    target.scrollIntoView();
  }

  for (const section of document.querySelectorAll(".folding")) {
    fold(section, true);
    section.querySelector(".fold").addEventListener("click", () => fold(section, !section.classList.contains("folded")));
  }
  window.addEventListener("hashchange", openTarget);
  openTarget();

  // a table that is wider or longer than its place says so
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const ways = [];
      if (target.scrollWidth > target.clientWidth + 1) ways.push("to the right: scroll it sideways");
      if (target.scrollHeight > target.clientHeight + 1) ways.push("below: scroll it down");
      target.nextElementSibling.textContent = `The table goes on ${ways.join(", and ")}.`;
      target.nextElementSibling.hidden = !ways.length;
    }
  });
  document.querySelectorAll(".scroll").forEach((place) => watch.observe(place));

  // paper holds what a click would show; browsers that can open a closed element by style alone do so without this
  const closed = () => document.querySelectorAll("details.numbers:not([open])");
  window.addEventListener("beforeprint", () => closed().forEach((part) => { part.open = true; part.dataset.printed = ""; }));
  window.addEventListener("afterprint", () => {
    for (const part of document.querySelectorAll("details[data-printed]")) { part.open = false; delete part.dataset.printed; }
  });

  for (const link of document.querySelectorAll("[data-download]")) {
    link.addEventListener("click", () => fillDownload(link), { once: true });
  }
})();
