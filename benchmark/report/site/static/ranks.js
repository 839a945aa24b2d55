// Ranks of the rows that are shown, from one value a seed: what benchmark/report/ranks.py and statistics/across.py find of the same rows.
// Pure functions of plain data; they know no page.
"use strict";
(function (stbench) {
  // fewer are not ranked across tasks
  const FEWEST_METHODS = 3, FEWEST_TASKS = 2;
  // of the studentised range of k groups over √2 at α = 0.05 (Nemenyi), k from 2
  const Q = [
    1.959963985, 2.343700586, 2.569031773, 2.727774371, 2.849705420, 2.948320018, 3.030878450, 3.101730341,
    3.163683577, 3.218653607, 3.268003924, 3.312738593, 3.353617752, 3.391230284, 3.426041379, 3.458424707,
    3.488684799, 3.517073009, 3.543799132, 3.569040030, 3.592946137, 3.615646437, 3.637252332, 3.657860673,
    3.677556176, 3.696413349, 3.714498061, 3.731868817, 3.748577807, 3.764671779, 3.780192766, 3.795178690,
    3.809663883, 3.823679519, 3.837253989, 3.850413220, 3.863180949, 3.875578964, 3.887627307, 3.899344454,
    3.910747477, 3.921852178, 3.932673211, 3.943224193, 3.953517795, 3.963565829, 3.973379325, 3.982968593,
    3.992343290, 4.001512469, 4.010484630, 4.019267765, 4.027869392, 4.036296600, 4.044556072, 4.052654123,
    4.060596721, 4.068389512, 4.076037847, 4.083546797, 4.090921175, 4.098165551, 4.105284272, 4.112281471,
    4.119161084, 4.125926860, 4.132582376, 4.139131045, 4.145576123, 4.151920727, 4.158167831, 4.164320285,
    4.170380816, 4.176352036, 4.182236449, 4.188036457, 4.193754365, 4.199392385, 4.204952643, 4.210437181,
    4.215847965, 4.221186885, 4.226455760, 4.231656341, 4.236790318, 4.241859316, 4.246864904, 4.251808597,
    4.256691854, 4.261516085, 4.266282653, 4.270992874, 4.275648019, 4.280249319, 4.284797963, 4.289295102,
    4.293741852, 4.298139291, 4.302488464
  ];

  // correctly rounded nearly always, as Python's fmean: the order of seeds must not make a tie
  function mean(values) {
    let sum = 0, lost = 0;
    for (const value of values) {
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    }
    return (sum + lost) / values.length;
  }

  // sample standard deviation; null for fewer than two values
  function deviation(values) {
    if (values.length < 2) return null;
    const middle = mean(values);
    return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)) * values.length / (values.length - 1));
  }

  // 1 is the smallest; equal values share the mean of their ranks
  function rankdata(values) {
    const order = values.map((_, k) => k).sort((a, b) => values[a] - values[b]);
    const ranks = [];
    for (let start = 0, end; start < order.length; start = end) {
      end = start;
      while (end < order.length && values[order[end]] === values[order[start]]) end++;
      for (let k = start; k < end; k++) ranks[order[k]] = (start + 1 + end) / 2;
    }
    return ranks;
  }

  // splits: [split][method], such as the cities of a task; each is ranked, and the methods by the mean of these ranks
  function taskRanks(splits, higher) {
    const each = splits.map((values) => rankdata(values.map((value) => higher ? -value : value)));
    return rankdata(each[0].map((_, k) => Math.round(mean(each.map((one) => one[k])) * 1e9) / 1e9));
  }

  // ranks: [task][method] → the share of the others that each method beats over all tasks, a tie half
  function winRates(ranks) {
    return ranks[0].map((_, k) => mean(ranks.map((one) => (one.filter((other) => one[k] < other).length
      + (one.filter((other) => other === one[k]).length - 1) / 2) / (one.length - 1))));
  }

  // p of Friedman's test that all methods are alike, by χ² with ties considered; null where all tie in every task
  function friedman(ranks) {
    const tasks = ranks.length, methods = ranks[0].length;
    if (ranks.every((one) => one.every((rank) => rank === one[0]))) return null;
    let ties = 0;
    for (const one of ranks) {
      for (const rank of new Set(one)) {
        const alike = one.filter((other) => other === rank).length;
        ties += alike * (alike * alike - 1);
      }
    }
    const sums = ranks[0].map((_, k) => ranks.reduce((sum, one) => sum + one[k], 0));
    const spread = 12 / (methods * tasks * (methods + 1)) * sums.reduce((sum, one) => sum + one * one, 0) - 3 * tasks * (methods + 1);
    return upperGamma((methods - 1) / 2, spread / (1 - ties / (methods * (methods * methods - 1) * tasks)) / 2);
  }

  // regularised upper incomplete gamma function Q(a, x), by its series or its continued fraction; a is a multiple of 1/2
  function upperGamma(a, x) {
    if (x <= 0) return 1;
    let logGamma = a % 1 ? Math.log(Math.PI) / 2 : 0;
    for (let k = a % 1 || 1; k < a; k++) logGamma += Math.log(k);
    const front = Math.exp(a * Math.log(x) - x - logGamma);
    if (x < a + 1) {
      let term = 1 / a, sum = term;
      for (let k = a + 1; term > sum * 1e-17; k++) sum += term *= x / k;
      return 1 - front * sum;
    }
    let b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;
    for (let k = 1, step = 0; Math.abs(step - 1) > 1e-16 && k < 1000; k++) {
      const over = -k * (k - a);
      b += 2;
      d = 1 / (over * d + b);
      c = b + over / c;
      step = c * d;
      fraction *= step;
    }
    return front * fraction;
  }

  // mean ranks that differ by no more are not told apart (Nemenyi); null for more methods than the table knows
  function criticalDifference(methods, tasks) {
    return methods - 2 < Q.length ? Q[methods - 2] * Math.sqrt(methods * (methods + 1) / (6 * tasks)) : null;
  }

  // [method] letters, of methods by mean rank: those who share one are not told apart. Its group is the longest run within the difference
  function letters(means, difference) {
    const found = means.map(() => "");
    if (difference === null) return found;
    let last = -1, count = 0;
    for (let start = 0; start < means.length; start++) {
      let end = start;
      while (end + 1 < means.length && means[end + 1] - means[start] <= difference) end++;
      if (end > last) {
        const letter = String.fromCharCode(97 + count % 26).repeat(1 + Math.floor(count / 26));
        count++;
        last = end;
        for (let k = start; k <= end; k++) found[k] += letter;
      }
    }
    return found;
  }

  // rows of one setting that ranks, and its tasks {name, kind, metrics} → the methods that have a result in every task, by mean rank;
  // null: too few methods or tasks. Rows of changed options take no part
  function ranking(rows, tasks, metrics) {
    const kinds = new Map(tasks.map((task) => [task.name, task.kind]));
    const by = new Map(tasks.map((task) => [task.kind, task.metrics[0]]));
    const taking = rows.filter((row) => !row.floor && !row.changed && kinds.has(row.task));
    const names = [...new Set(taking.map((row) => row.called))];
    const values = new Map();
    for (const row of taking) {
      const kind = kinds.get(row.task), found = row.values[by.get(kind)];
      if (!found || row.unranked) continue;
      if (!values.has(kind)) values.set(kind, new Map());
      if (!values.get(kind).has(row.task)) values.get(kind).set(row.task, new Map());
      values.get(kind).get(row.task).set(row.called, mean(found));
    }
    const counted = [...values].filter(([, splits]) => [...splits.values()].every((one) => 2 * one.size > names.length));
    const whole = names.filter((name) => counted.every(([, splits]) => [...splits.values()].every((one) => one.has(name))));
    if (whole.length < FEWEST_METHODS || counted.length < FEWEST_TASKS) return null;
    const unsorted = counted.map(([kind, splits]) => taskRanks([...splits.values()].map((one) => whole.map((name) => one.get(name))),
      metrics[by.get(kind)].higher));
    const average = whole.map((_, k) => mean(unsorted.map((one) => one[k])));
    const order = whole.map((_, k) => k).sort((a, b) => average[a] - average[b] || a - b);
    const ranks = unsorted.map((one) => order.map((k) => one[k]));
    const meanRanks = order.map((k) => average[k]), difference = criticalDifference(whole.length, counted.length);
    return {
      tasks: counted.map(([kind]) => kind), metrics: counted.map(([kind]) => by.get(kind)), names: order.map((k) => whole[k]), ranks,
      meanRanks, winRates: winRates(ranks), friedman: friedman(ranks), difference, letters: letters(meanRanks, difference),
      leftOut: names.filter((name) => !whole.includes(name)),
      leftOutTasks: [...by.keys()].filter((kind) => !counted.some(([one]) => one === kind)),
    };
  }

  // row → metric → 1 or 2 for the best and the second of its task among these rows, floors and rows that are never ranked left out
  function marks(rows, metrics) {
    const found = new Map(rows.map((row) => [row, {}])), groups = new Map();
    for (const row of rows) {
      if (row.floor || row.unranked) continue;
      for (const metric of Object.keys(row.values)) {
        const key = JSON.stringify([row.task, metric]);
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push({ row, metric, value: mean(row.values[metric]) });
      }
    }
    for (const group of groups.values()) {
      const sign = metrics[group[0].metric].higher ? -1 : 1;
      const best = [...new Set(group.map((one) => one.value))].sort((a, b) => sign * (a - b)).slice(0, 2);
      const marked = group.length > 1 ? group.filter((one) => best.includes(one.value)) : [];
      for (const one of marked) found.get(one.row)[one.metric] = best.indexOf(one.value) + 1;
    }
    return found;
  }

  stbench.ranks = { mean, deviation, rankdata, taskRanks, winRates, friedman, criticalDifference, letters, ranking, marks };
})(window.stbench = window.stbench || {});
