// The plan recomputed in the page. `live.evaluate` is the whole calculation: every split of the compared systems under
// the controls' settings, at the central values of all inputs. Needs solver.js.
const live = (() => {
  "use strict";

  const LOCKS = ["TicketLock", "TestAndSetLock", "QueueLock"]; // the same parameters: hold, hand-over

  const at = (column, split) => (Array.isArray(column) ? column[split] : column);

  function factor(station, settings) {
    if (station.scaled_by === "think") return settings.think;
    if (station.scaled_by === "messages") return settings.messages * settings.round_trip_s;
    if (station.scaled_by === "round_trip") return settings.round_trip_s;
    return 1;
  }

  function stationAt(station, split, settings) {
    const scale = factor(station, settings);
    const law = settings.lock && LOCKS.includes(station.law) ? settings.lock : station.law;
    return { name: station.name, law, parameters: station.parameters.map((p) => at(p, split) * scale) };
  }

  function compared(model, settings) {
    return settings.paging ? [...model.bare, ...model.modes[settings.paging]] : model.planned;
  }

  function network(system, split, settings) {
    return {
      vms: system.vms[split],
      threads: system.threads[split],
      local: system.local.map((station) => stationAt(station, split, settings)),
      shared: system.shared.map((station) => stationAt(station, split, settings)),
    };
  }

  // one split: throughput in the workload's unit, and seconds of a finite job
  function evaluateSplit(model, name, split, settings) {
    const system = model.systems[name];
    const given = network(system, split, settings);
    const rate = (solver.solve(given).throughput / at(system.stretch, split)) * model.units_per_cycle;
    const alone = model.job_units === null ? rate : model.job_units / (at(system.startup_s, split) + model.job_units / rate);
    const throughput = alone * at(system.bend, split);
    const seconds = model.job_units === null ? null : model.job_units / throughput;
    return { system: name, split, vms: given.vms, threads: given.threads, throughput, seconds };
  }

  // all splits within the limits, fastest first; equal ones in the order of the fewest instances
  function evaluate(model, settings) {
    const found = [];
    for (const name of compared(model, settings)) {
      const { vms, threads } = model.systems[name];
      for (let split = 0; split < vms.length; split++) {
        if (vms[split] * threads[split] <= settings.cores && vms[split] <= settings.vms) {
          found.push(evaluateSplit(model, name, split, settings));
        }
      }
    }
    return found.sort((a, b) => b.throughput - a.throughput || a.vms - b.vms);
  }

  // shares of the used cores' time: stations, what stretches all times, start-up, what runs show beyond; they sum to 1
  function ledger(model, found, settings) {
    const system = model.systems[found.system];
    const { occupancy } = solver.solve(network(system, found.split, settings), true);
    const bend = at(system.bend, found.split);
    const left = Math.min(bend, 1);
    const starting = found.seconds === null ? 0 : at(system.startup_s, found.split) / (found.seconds * bend);
    const stretch = at(system.stretch, found.split);
    const shares = new Map();
    const add = (name, share) => shares.set(name, (shares.get(name) ?? 0) + share * left);
    for (const { name, length } of occupancy) add(name, ((length / (found.vms * found.threads)) * (1 - starting)) / stretch);
    for (const [name, part] of Object.entries(system.stretched_by)) {
      add(name, (1 - starting) * (1 - 1 / stretch) * at(part, found.split));
    }
    if (starting > 0) add("start-up", starting);
    if (left < 1) shares.set(model.beyond, 1 - left);
    return shares;
  }

  const defaults = (model) => ({
    cores: model.limits.cores,
    vms: model.limits.vms,
    lock: null,
    paging: null,
    messages: model.messages,
    round_trip_s: model.round_trip_s ?? 0,
    think: 1,
  });

  return { evaluate, ledger, defaults };
})();
