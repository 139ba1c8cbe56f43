// Exact throughput of m equal OS instances of k threads each: the same sums as the program's own solver.
//
//   g(j)   normalising constants of one instance's stations        F(j) = product of service times 1..j
//   P(z) = sum_i g(k - i) z^i / i!                                 G = sum_J J! Gs(J) [z^J] P(z)^m
//   X    = m G(one thread less in one instance) / G
//
// Every series holds logarithms: constants of large machines leave the range of a number. Nothing cancels,
// because all terms are positive. A station is {name, law, parameters}; times in seconds.
const solver = (() => {
  "use strict";

  // time per completion with k customers present
  const laws = {
    Delay: (k, [demand]) => demand / k,
    Queue: (k, [demand]) => demand,
    Servers: (k, [demand, count]) => demand / Math.min(k, count),
    SharedBandwidth: (k, [demand, saturation]) => demand / Math.min(k, saturation),
    TicketLock: (k, [hold, handover]) => hold + (handover * (k - 1)) / 2,
    TestAndSetLock: (k, [hold, handover]) => hold + handover * (k - 1),
    QueueLock: (k, [hold, handover]) => hold + handover * Math.min(k - 1, 1),
    AllocatorSearch: (k, [base, search, width]) => base + search * (1 - Math.exp(-(((k - 1) / width) ** 2))),
    ReaderWriterLock: (k, [hold, line, writes]) => {
      const alone = line + hold;
      const readers = (hold + line * k + Math.sqrt((hold - line * k) ** 2 + 4 * line * hold)) / (2 * k);
      const ratio = alone === 0 ? 1 : readers / alone;
      const run = (writes + (1 - writes) / k) * (writes + (1 - writes) * ratio);
      return writes * alone + (1 - writes) * readers - (writes * hold * Math.log(run)) / 2;
    },
  };

  const factorials = [0];
  function logFactorial(n) {
    while (factorials.length <= n) factorials.push(factorials[factorials.length - 1] + Math.log(factorials.length));
    return factorials[n];
  }

  // log(sum of exp(term(i)), i = first..last)
  function logSum(first, last, term) {
    let largest = -Infinity;
    for (let i = first; i <= last; i++) largest = Math.max(largest, term(i));
    if (largest === -Infinity) return largest;
    let sum = 0;
    for (let i = first; i <= last; i++) sum += Math.exp(term(i) - largest);
    return largest + Math.log(sum);
  }

  // coefficients 0..most of the product of two series
  function convolve(a, b, most = a.length + b.length - 2) {
    const found = new Float64Array(Math.min(most, a.length + b.length - 2) + 1);
    for (let j = 0; j < found.length; j++) {
      found[j] = logSum(Math.max(0, j - b.length + 1), Math.min(j, a.length - 1), (i) => a[i] + b[j - i]);
    }
    return found;
  }

  function power(series, exponent) {
    let found = Float64Array.of(0);
    for (let square = series; exponent > 0; exponent >>= 1) {
      if (exponent & 1) found = convolve(found, square);
      if (exponent > 1) square = convolve(square, square);
    }
    return found;
  }

  function factors(station, most) {
    const found = new Float64Array(most + 1);
    const law = laws[station.law];
    for (let k = 1; k <= most; k++) found[k] = found[k - 1] + Math.log(law(k, station.parameters));
    return found;
  }

  function constants(all, most) {
    let found = new Float64Array(most + 1).fill(-Infinity);
    found[0] = 0;
    for (const one of all) found = convolve(found, one, most);
    return found;
  }

  const polynomial = (g, threads) => Float64Array.from({ length: threads + 1 }, (_, i) => g[threads - i] - logFactorial(i));

  // what i threads of one instance at the shared stations weigh, given all other instances
  function weights(shared, others, threads, total) {
    const common = constants(shared, total);
    if (!shared.length) return Float64Array.from({ length: threads + 1 }, (_, i) => (i ? -Infinity : 0));
    return Float64Array.from({ length: threads + 1 }, (_, i) =>
      logSum(0, others.length - 1, (j) => common[i + j] + logFactorial(i + j) + others[j]),
    );
  }

  const dot = (a, b) => logSum(0, a.length - 1, (i) => a[i] + b[i]);

  // cycles per second of all instances; and, on request, mean customers at each station over all instances
  function solve({ vms, threads, local, shared = [] }, withOccupancy = false) {
    const own = local.map((station) => factors(station, threads));
    const common = shared.map((station) => factors(station, vms * threads));
    const g = constants(own, threads);
    const others = common.length ? power(polynomial(g, threads), vms - 1) : Float64Array.of(0);
    const table = weights(common, others, threads, vms * threads);
    const normal = dot(polynomial(g, threads), table);
    const throughput = vms * Math.exp(dot(polynomial(g, threads - 1), table) - normal);
    if (!withOccupancy) return { throughput };
    const ownLength = (at) => {
      const g1 = constants(own.map((f, i) => (i === at ? f.map((x, k) => x + Math.log(k)) : f)), threads);
      return vms * Math.exp(dot(polynomial(g1, threads), table) - normal);
    };
    const sharedLength = (at) => {
      const changed = common.map((f, i) => (i === at ? f.map((x, k) => x + Math.log(k)) : f));
      return Math.exp(dot(polynomial(g, threads), weights(changed, others, threads, vms * threads)) - normal);
    };
    const occupancy = [
      ...local.map((station, i) => ({ name: station.name, length: ownLength(i) })),
      ...shared.map((station, i) => ({ name: station.name, length: sharedLength(i) })),
    ];
    return { throughput, occupancy };
  }

  return { laws, solve };
})();
