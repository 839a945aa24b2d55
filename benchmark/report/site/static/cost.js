// What methods cost against how well they do, of the rows that are shown: as benchmark/report/figures/kinds/comparing.py draws it.
// Pure functions of plain data; they know no page.
"use strict";
(function (stbench) {
  // rows of one setting, its tasks, the columns of runs {id, seed, seconds, machine} →
  // {machine, left, panels: [{task, metric, points: [{name, seconds, mean, deviation}]}]}, or null where no method has all tasks and times
  function costs(rows, tasks, runs, machines) {
    const shown = rows.filter((row) => !row.floor && row.runs);
    const counts = machines.map(() => 0);
    for (const row of shown) for (const run of row.runs) counts[runs.machine[run]]++;
    const order = machines.map((_, k) => k).filter((k) => counts[k])
      .sort((a, b) => counts[b] - counts[a] || (machines[a] < machines[b] ? -1 : 1));
    if (!order.length) return null;
    const machine = order[0], left = order.slice(1).reduce((sum, k) => sum + counts[k], 0);
    const panels = tasks.map((task) => ({ task: task.name, metric: task.metrics[0], points: [] }));
    for (const name of new Set(shown.map((row) => row.called))) {
      const own = tasks.map((task) => shown.find((row) => row.called === name && row.task === task.name));
      const kept = own.map((row) => row ? row.runs.map((run, k) => [run, k]).filter(([run]) => runs.machine[run] === machine) : []);
      const seconds = ofAllTasks(kept.map((some) => some.map(([run]) => run)), runs);
      if (!seconds) continue;
      panels.forEach((panel, k) => {
        const values = own[k].values[panel.metric] && kept[k].map(([, place]) => own[k].values[panel.metric][place]);
        if (!values || !values.length) return;
        const deviation = values.length > 2 ? stbench.ranks.deviation(values) : null;
        panel.points.push({ row: own[k], name: own[k].name, seconds, mean: stbench.ranks.mean(values), deviation });
      });
    }
    const drawn = panels.filter((panel) => panel.points.length);
    return drawn.length ? { machine: machines[machine], left, panels: drawn } : null;
  }

  // mean over seeds of the seconds that the fits of all tasks take; null: a task is missing, or a time. A fit of several tasks counts once
  function ofAllTasks(byTask, runs) {
    const seeds = byTask.map((some) => new Set(some.map((run) => runs.seed[run])));
    const totals = [];
    for (const seed of seeds[0]) {
      if (!seeds.every((one) => one.has(seed))) continue;
      const fits = new Set(byTask.flat().filter((run) => runs.seed[run] === seed));
      const seconds = [...fits].map((run) => runs.seconds[run]);
      if (seconds.every((one) => one !== null)) totals.push(seconds.reduce((sum, one) => sum + one, 0));
    }
    return totals.length && stbench.ranks.mean(totals) > 0 ? stbench.ranks.mean(totals) : null;
  }

  stbench.costs = costs;
})(window.stbench = window.stbench || {});
