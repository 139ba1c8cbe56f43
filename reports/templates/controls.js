// Connects the controls of each workload with the calculation in live.js and shows what comes out.
(() => {
  "use strict";

  const COARSE = 2 ** 0.5; // one step of a slider that multiplies; 8 is the middle
  const DOTS = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const number = (value) => DOTS.format(value);
  const share = (value) => `${DOTS.format(Number((100 * value).toPrecision(3)))} %`;

  function duration(seconds) {
    const [scale, unit] = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]].find(([s]) => seconds >= s) ?? [1e-9, "ns"];
    return `${Number((seconds / scale).toPrecision(3))} ${unit}`;
  }

  function settingsOf(form, model) {
    const value = (name) => Number(form.elements[name]?.value ?? 0);
    const settings = { ...live.defaults(model), cores: value("cores"), vms: value("vms") };
    settings.think = COARSE ** (value("think") - 8);
    settings.lock = form.elements.lock.value || null;
    settings.paging = form.elements.paging.value || null;
    if (model.round_trip_s !== null) {
      settings.messages = model.message_steps[value("messages")];
      settings.round_trip_s = model.round_trip_s * COARSE ** (value("round_trip") - 8);
    }
    return settings;
  }

  function showSettings(root, settings) {
    const texts = {
      cores: settings.cores,
      vms: settings.vms,
      think: settings.think === 1 ? "as planned" : `× ${Number(settings.think.toPrecision(2))}`,
      messages: number(settings.messages),
      round_trip: duration(settings.round_trip_s),
    };
    for (const [name, text] of Object.entries(texts)) {
      const output = root.querySelector(`[id$="-${name}-value"]`);
      if (output) output.textContent = text;
      output?.parentElement.nextElementSibling.setAttribute("aria-valuetext", text);
    }
  }

  const splitText = (found) => `${found.vms} × ${found.threads} ${found.threads === 1 ? "core" : "cores"}`;

  function tell(root, model, settings, found) {
    if (!found.length) {
      root.querySelector(".answer").textContent = "No split of these systems fits so few cores.";
      root.querySelector(".compared").textContent = "";
      return;
    }
    const [best] = found;
    root.querySelector(".answer").textContent =
      `Fastest: ${splitText(best)} (${best.system}), ${number(best.throughput)} ${model.unit}`;
    const sentences = [];
    const { system, vms, threads } = model.choice;
    const planned = found.find((one) => one.system === system && one.vms === vms && one.threads === threads);
    if (planned && planned !== best) sentences.push(`The plan's ${vms} × ${threads} reaches ${share(planned.throughput / best.throughput)} of it.`);
    if (planned === best) sentences.push("That is the plan's split.");
    const one = found.find((each) => each.vms === 1);
    if (one && one !== best) sentences.push(`The best single instance, ${one.system} on ${one.threads}, reaches ${share(one.throughput / best.throughput)}.`);
    const shares = [...live.ledger(model, best, settings)].sort((a, b) => b[1] - a[1]).slice(0, 3);
    sentences.push(`Its time goes to ${shares.map(([name, part]) => `${name} ${share(part)}`).join(", ")}.`);
    root.querySelector(".compared").textContent = sentences.join(" ");
  }

  // the best split of each system for each number of cores; a clustered system may leave some idle
  function curves(found) {
    const rows = [];
    for (const system of new Set(found.map((one) => one.system))) {
      const own = found.filter((one) => one.system === system);
      const clustered = own.some((one) => one.vms > 1);
      const cores = [...new Set(own.map((one) => one.vms * one.threads))].sort((a, b) => a - b);
      for (const n of cores) {
        // fastest first, so the first that fits is the best
        const one = own.find(({ vms, threads }) => (clustered ? vms * threads <= n : vms * threads === n));
        const best = one === found[0] && one.vms * one.threads === n;
        rows.push({ system, cores: n, throughput: one.throughput, split: splitText(one), best });
      }
    }
    return rows;
  }

  function connect(root) {
    const model = JSON.parse(document.getElementById(root.dataset.live).textContent);
    const form = root.querySelector("form");
    const place = root.querySelector(".chart");
    let waiting = 0;
    function update() {
      const settings = settingsOf(form, model);
      showSettings(root, settings);
      const found = live.evaluate(model, settings);
      tell(root, model, settings, found);
      place.view?.data("now", curves(found)).runAsync();
    }
    const later = () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(update);
    };
    form.addEventListener("input", later);
    form.addEventListener("reset", () => setTimeout(update));
    form.addEventListener("submit", (event) => event.preventDefault());
    update();
  }

  window.liveReady = window.chartsDrawn.then(() => document.querySelectorAll("[data-live]").forEach(connect));
})();
