// The page of a suite: one setting at a time, the rows that fit the words, and what follows from these rows alone.
"use strict";
(function (stbench) {
  const { element, numberText, short, metrics, board, suite, columns } = stbench;
  // what must be one in a ranking; some are chosen only where there is a choice
  const FACTS = ["version", "edition", "protocol", "preset", "scenario", "differs"], SELDOM = ["version", "scenario", "differs"];
  // more rows than this scroll in a box of their own, which draws those that are seen
  const MOST_ROWS = 60;
  const find = (id) => document.getElementById(id);
  const link = (row) => `../record.html#${suite.page}/${row.page}/${row.runs.map((run) => board.runs.id[run]).join("+")}`;
  const tables = [];

  // each choice offers what the choices before it leave; returns the setting
  function fillChoices(wanted) {
    let left = board.settings;
    for (const key of FACTS) {
      const values = [...new Set(left.map((one) => one[key]))];
      const value = fill(`by-${key}`, values.map((one) => [one, one || "–"]), wanted[key]);
      find(`by-${key}`).parentElement.hidden = values.length < 2 && SELDOM.includes(key);
      left = left.filter((one) => one[key] === value);
    }
    fill("by-task", [["", "all tasks"], ...left[0].tasks.map((task) => [task.name, task.name])], wanted.task);
    return left[0];
  }

  function fill(id, options, wanted) {
    const choice = find(id);
    choice.replaceChildren(...options.map(([value, said]) => element("option", { value }, said)));
    choice.value = options.some(([value]) => value === wanted) ? wanted : options[0][0];
    return choice.value;
  }

  function chosen() {
    return { ...Object.fromEntries(FACTS.map((key) => [key, find(`by-${key}`).value])), task: find("by-task").value };
  }

  function shownRows(setting, tasks) {
    const words = find("by-words").value.toLowerCase().split(/[\s,]+/).filter(Boolean), names = new Set(tasks.map((task) => task.name));
    const fits = (row) => row.floor || !words.length || words.some((word) => row.name.toLowerCase().includes(word));
    return setting.rows.filter((row) => names.has(row.task) && fits(row) && (find("variants").checked || !row.changed));
  }

  function show(setting) {
    const tasks = setting.tasks.filter((task) => [task.name, ""].includes(find("by-task").value));
    const rows = shownRows(setting, tasks);
    const count = (some, task) => some.filter((row) => row.task === task.name && !row.floor).length;
    // the signs of a task were made of all its rows
    const whole = new Set(tasks.filter((task) => count(setting.rows, task) === count(rows, task)).map((task) => task.name));
    const hidden = ["≈ and ? come of tests over seeds or days, which are made of all rows of a task when the site is built; where some "
      + "rows of a task are not shown, it has no signs."];
    const signs = whole.size === tasks.length || !setting.signs.length ? setting.signs : hidden;
    const methods = new Set(rows.filter((row) => !row.floor).map((row) => row.method)).size;
    find("said").textContent = `${rows.length} rows of ${methods} methods shown.`;
    find("conditions").replaceChildren(...[...setting.conditions, ...signs].map((line) => element("li", {}, line)));
    tables.splice(0).forEach((table) => table.destroy());
    const marks = setting.ranked ? stbench.ranks.marks(rows, metrics) : new Map();
    showRanking(setting, rows, tasks, marks);
    showNumbers(rows, tasks, marks, whole);
    showCosts(rows, tasks);
  }

  function showRanking(setting, rows, tasks, marks) {
    const found = setting.ranked ? stbench.ranks.ranking(rows, tasks, metrics) : null;
    const none = setting.ranked ? "Ranks across tasks need 3 methods with a settled result in each of 2 tasks or more, among the rows that "
      + "are shown." : `Protocol ${setting.protocol} does not rank.`;
    find("ranking").hidden = !found;
    find("rank-notes").replaceChildren(...(found ? rankNotes(found) : [none]).map((line) => element("p", {}, line)));
    if (!found) return;
    const own = (name, task) => rows.find((row) => row.called === name && row.task === task.name && !row.floor);
    const data = [...found.names, ...found.leftOut].map((name, k) => {
      const cells = Object.fromEntries(tasks.map((task, j) => [`t${j}`, own(name, task)])), row = Object.values(cells).find(Boolean);
      const unranked = k >= found.names.length;
      const ranks = unranked ? {} : { rank: found.meanRanks[k], wins: 100 * found.winRates[k], letters: found.letters[k] };
      return { ...cells, ...columns.about(row, board.runs), row, unranked, letters: "", ...ranks };
    });
    draw("ranking-table", data, [columns.method(), columns.number("mean rank ↓", "rank", (one) => one.toFixed(2)),
      columns.number("win rate % ↑", "wins", (one) => one.toFixed(0)), columns.text("group", "letters"),
      ...tasks.map((task, j) => columns.metric(`${task.name} ${metrics[task.metrics[0]].head}`, `t${j}`, task.metrics[0],
        (one) => one[`t${j}`], { to: link, marks })), ...columns.origin()]);
  }

  function rankNotes(found) {
    const tasksOf = (metric) => found.tasks.filter((_, k) => found.metrics[k] === metric).join(", ");
    const by = [...new Set(found.metrics)].map((metric) => `${metrics[metric].label} (${tasksOf(metric)})`).join(", ");
    const friedman = found.friedman === null ? "" : `Friedman's test over ${found.tasks.length} tasks: p = ${short(found.friedman)}. `;
    const groups = found.difference === null ? "So many methods have no groups here." : "Methods that share a letter are not told apart: "
      + `their mean ranks differ by no more than the critical difference ${found.difference.toFixed(2)} (Nemenyi, at 0.05).`;
    const lines = [`Ranks by ${by}, among the rows that are shown; 1 is the best, ties share. Cities of one task count as one. Rows with `
      + "changed options take no part. Win rate: the share of the others that a method beats, over all tasks.",
    `${friedman}${groups} Tasks of one suite share places and days, so they are no independent trials.`];
    if (found.leftOut.length) lines.push(`Not ranked, without a settled result in each of these tasks: ${found.leftOut.join(", ")}.`);
    if (found.leftOutTasks.length) {
      lines.push(`Not counted, since half of the methods or more have no settled result: ${found.leftOutTasks.join(", ")}.`);
    }
    return lines;
  }

  // a table for all tasks of the same metrics, as their units and columns are others
  function showNumbers(rows, tasks, marks, whole) {
    const alike = new Map();
    for (const task of tasks) alike.set(task.metrics.join(), [...(alike.get(task.metrics.join()) || []), task]);
    const boxes = [...alike.values()].map((_, k) => element("div", { id: `numbers-${k}`, class: "numbers" }));
    find("numbers").replaceChildren(...boxes);
    [...alike.values()].forEach((some, k) => numbersOf(`numbers-${k}`, rows, some, marks, whole));
  }

  function numbersOf(id, rows, tasks, marks, whole) {
    const taskOf = new Map(tasks.map((task, k) => [task.name, { ...task, place: k }])), used = tasks[0].metrics, [first] = used;
    // the tasks in their order; in each the best first, then what is not ranked, then floors
    const order = (row) => {
      const mean = row.values[first] ? stbench.ranks.mean(row.values[first]) * (metrics[first].higher ? -1 : 1) : Infinity;
      return [taskOf.get(row.task).place, row.floor ? 2 : row.unranked || row.missing ? 1 : 0, mean];
    };
    const ordered = rows.filter((row) => taskOf.has(row.task)).map((row) => [order(row), row])
      .sort(([a], [b]) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    const data = ordered.map(([, row]) => ({ row, task: row.task, n: row.floor ? null : row.runs.length, paper: row.paper,
      ...columns.about(row, board.runs), ...Object.fromEntries(used.map((metric) => [metric, row])) }));
    const sign = (metric) => (row) => metric === first && whole.has(row.task) ? row.sign : "";
    const asPaper = (value) => numberText([value], tasks[0].paper_metric);
    const shown = used.map((metric) =>
      columns.metric(metrics[metric].head, metric, metric, (one) => one.row, { to: link, marks, sign: sign(metric) }));
    const paper = data.some((one) => one.paper !== undefined) ? [columns.number(tasks[0].paper, "paper", asPaper, "dim")] : [];
    draw(id, data, [columns.method(), ...shown, columns.number("n", "n", String), ...paper, ...columns.origin()], taskOf);
  }

  function showCosts(rows, tasks) {
    const found = stbench.costs(rows, tasks, board.runs, board.machines);
    const left = found && found.left ? ` ${found.left} results of other machines or versions are left out.` : "";
    find("costs").replaceChildren(...(found ? found.panels.map((panel) => stbench.costPicture(panel, link)) : []));
    find("cost-notes").textContent = found ? `Seconds of training of all ${tasks.length} shown tasks together, one seed; mean over seeds, `
      + `whiskers ± sample sd (n ≥ ${stbench.FEWEST_FOR_SD}). Measured with ${found.machine}.${left}`
      : "No method that is shown has a result and a time of each task on one machine.";
  }

  // taskOf: tasks by name, each a group of rows; none: one list
  function draw(id, data, shown, taskOf) {
    const box = element("div", { "aria-label": taskOf ? `Numbers of ${[...taskOf.keys()].join(", ")}` : "Ranks across tasks" });
    const head = (task) => element("span", {}, task.name, task.unit ? element("small", {}, ` MAE and RMSE in ${task.unit}`) : null);
    find(id).replaceChildren(box);
    const table = new Tabulator(box, {
      data, columns: shown, layout: "fitDataFill", maxHeight: data.length > MOST_ROWS ? "80vh" : false, placeholder: "Nothing fits.",
      columnDefaults: { resizable: false, vertAlign: "middle" },
      rowFormatter: (row) => row.getElement().classList.toggle("apart", Boolean(row.getData().row.floor || row.getData().row.unranked)),
      ...(taskOf ? { groupBy: "task", groupHeader: (task) => head(taskOf.get(task)) } : {}),
    });
    tables.push(table);
  }

  show(fillChoices({ ...board.settings[board.first], task: "" }));
  for (const choice of find("choices").elements) {
    choice.addEventListener(choice.type === "search" ? "input" : "change", () => show(fillChoices(chosen())));
  }
  find("choices").addEventListener("submit", (event) => event.preventDefault());
})(window.stbench);
