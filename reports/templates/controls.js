// Connects the controls of each workload with the calculation in live.js and shows what comes out.
(() => {
  "use strict";

  const COARSE = 2 ** 0.5; // one step of a slider that multiplies; 8 is the middle
  const DOTS = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  const ALIKE = 0.995; // what nobody could measure: the plan's own choice is then named
  const number = (value) => DOTS.format(value);

  // as formats.percent tells a share elsewhere on the page: whole above ten, one digit below
  function share(value) {
    const percent = 100 * value;
    if (percent === 0) return "0 %";
    if (percent < 0.1) return "under 0.1 %";
    if (percent >= 99.5 && percent < 100) return "over 99 %";
    return `${percent.toFixed(percent >= 9.95 ? 0 : 1)} %`;
  }

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

  const named = (found, choice) =>
    choice && found.find((one) => one.system === choice.system && one.vms === choice.vms && one.threads === choice.threads);

  // the plan's own split where it is as fast as the fastest by all that can be measured
  function chosen(found, choice) {
    const own = named(found, choice);
    return own && own.throughput >= ALIKE * found[0].throughput ? own : undefined;
  }

  function tell(root, model, settings, found) {
    if (!found.length) {
      root.querySelector(".answer").textContent = "No split of these systems fits so few cores.";
      root.querySelector(".compared").textContent = "";
      return;
    }
    const best = chosen(found, model.choice) ?? found[0];
    root.querySelector(".answer").textContent =
      `Fastest: ${splitText(best)} (${best.system}), ${number(best.throughput)} ${model.unit}`;
    const sentences = [];
    const planned = named(found, model.choice);
    if (planned && planned !== best) sentences.push(`The plan's ${splitText(planned)} reaches ${share(planned.throughput / best.throughput)} of it.`);
    if (planned === best) sentences.push("That is the plan's split.");
    const singles = found.filter((each) => each.vms === 1);
    const one = chosen(singles, model.single) ?? singles[0];
    if (one && one !== best) sentences.push(`The best single instance, ${one.system} on ${one.threads}, reaches ${share(one.throughput / best.throughput)}.`);
    const shares = [...live.ledger(model, best, settings)].sort((a, b) => b[1] - a[1]).slice(0, 3);
    sentences.push(`Its time goes to ${shares.map(([name, part]) => `${name} ${share(part)}`).join(", ")}.`);
    root.querySelector(".compared").textContent = sentences.join(" ");
  }

  // the best split of each system for each number of cores; a clustered system may leave some idle
  function curves(found, top) {
    const rows = [];
    for (const system of new Set(found.map((one) => one.system))) {
      const own = found.filter((one) => one.system === system);
      const clustered = own.some((one) => one.vms > 1);
      const cores = [...new Set(own.map((one) => one.vms * one.threads))].sort((a, b) => a - b);
      for (const n of cores) {
        const best = top.system === system && top.vms * top.threads === n;
        // fastest first, so the first that fits is the best
        const one = best ? top : own.find(({ vms, threads }) => (clustered ? vms * threads <= n : vms * threads === n));
        rows.push({ system, cores: n, throughput: one.throughput, split: splitText(one), best });
      }
    }
    return rows;
  }

  // the systems that are drawn, each with its colour
  function showKeys(root, spec, found) {
    const { domain, range } = spec.layer.find((layer) => layer.encoding.color)?.encoding.color.scale ?? {};
    root.querySelector(".keys").replaceChildren(
      ...[...new Set(found.map((one) => one.system))].map((system) => {
        const key = document.createElement("span");
        key.textContent = system;
        key.style.setProperty("--key", range[domain.indexOf(system)]);
        return key;
      }),
    );
  }

  function connect(root) {
    const model = JSON.parse(document.getElementById(root.dataset.live).textContent);
    const place = root.querySelector(".chart");
    const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    const form = root.querySelector("form");
    let waiting = 0;
    function update() {
      const settings = settingsOf(form, model);
      showSettings(root, settings);
      const found = live.evaluate(model, settings);
      tell(root, model, settings, found);
      showKeys(root, spec, found);
      place.view?.data("now", curves(found, chosen(found, model.choice) ?? found[0])).runAsync();
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
