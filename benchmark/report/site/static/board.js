// The page of a suite: one setting at a time, the rows that fit the words, and what follows from these rows alone.
"use strict";
(function (stbench) {
  const { element, numberText, short, metrics, board, suite } = stbench;
  // what must be one in a ranking; a choice is shown where there is one
  const FACTS = { version: "suite version", edition: "data", protocol: "protocol", preset: "preset", scenario: "scenario", differs: "budget" };
  // more rows than this scroll in a box of their own, which draws those that are seen
  const MOST_ROWS = 60;
  const find = (id) => document.getElementById(id);
  const tables = {};

  const link = (row) => `../record.html#${suite.page}/${row.page}/${row.runs.map((run) => board.runs.id[run]).join("+")}`;
  const setting = () => {
    let left = board.settings;
    for (const key of Object.keys(FACTS)) left = left.filter((one) => one[key] === find(`by-${key}`).value);
    return left[0];
  };

  // each choice offers what the choices before it leave
  function fillChoices(wanted) {
    let left = board.settings;
    for (const [key, name] of Object.entries(FACTS)) {
      const values = [...new Set(left.map((one) => one[key]))], choice = find(`by-${key}`);
      choice.replaceChildren(...values.map((value) => element("option", { value }, value || "–")));
      choice.value = values.includes(wanted[key]) ? wanted[key] : values[0];
      choice.parentElement.hidden = values.length < 2 && (key === "version" || key === "scenario" || key === "differs");
      choice.title = `${name}: ${choice.value}`;
      left = left.filter((one) => one[key] === choice.value);
    }
    const tasks = setting().tasks.map((task) => task.name), choice = find("by-task");
    choice.replaceChildren(element("option", { value: "" }, "all tasks"), ...tasks.map((value) => element("option", { value }, value)));
    choice.value = tasks.includes(wanted.task) ? wanted.task : "";
  }

  function chosen() {
    return { ...Object.fromEntries(Object.keys(FACTS).map((key) => [key, find(`by-${key}`).value])), task: find("by-task").value };
  }

  function shownRows(now) {
    const words = find("by-words").value.toLowerCase().split(/[\s,]+/).filter(Boolean), task = find("by-task").value;
    const fits = (row) => row.floor || !words.length || words.some((word) => row.name.toLowerCase().includes(word));
    return now.rows.filter((row) => (!task || row.task === task) && fits(row) && (find("variants").checked || !row.changed));
  }

  function show() {
    const now = setting(), rows = shownRows(now), tasks = now.tasks.filter((task) => !find("by-task").value || task.name === chosen().task);
    const whole = new Set(tasks.filter((task) => count(now.rows, task) === count(rows, task)).map((task) => task.name));
    const complete = whole.size === tasks.length;
    find("conditions").replaceChildren(...[...now.conditions, ...(complete ? now.signs : [])].map((line) => element("li", {}, line)));
    if (!complete && now.signs.length) {
      find("conditions").append(element("li", {}, "≈ and ? compare all rows of a task with its best one, by tests over seeds or days that "
        + "are made when the site is built; where some rows of a task are not shown, its signs are hidden."));
    }
    const methods = new Set(rows.filter((row) => !row.floor).map((row) => row.name)).size;
    find("said").textContent = `${rows.length} rows of ${methods} methods shown.`;
    showRanking(now, rows, tasks);
    showNumbers(now, rows, tasks, whole);
    showCosts(rows, tasks);
  }

  const count = (rows, task) => rows.filter((row) => row.task === task.name && !row.floor).length;

  function showRanking(now, rows, tasks) {
    const found = now.ranked ? stbench.ranks.ranking(rows, tasks, metrics) : null;
    find("ranking").hidden = !found;
    find("rank-notes").replaceChildren(...(found ? rankNotes(found) : [now.ranked ? "Ranks across tasks need 3 methods with a settled result "
      + "in each of 2 tasks or more among the rows that are shown." : `Protocol ${now.protocol} does not rank.`])
      .map((line) => element("p", {}, line)));
    if (!found) return;
    const own = (name, task) => rows.find((row) => row.called === name && row.task === task.name && !row.floor);
    const data = [...found.names, ...found.leftOut].map((name, k) => {
      const cells = Object.fromEntries(tasks.map((task, j) => [`t${j}`, own(name, task)])), any = Object.values(cells).find(Boolean);
      const ranked = k < found.names.length;
      return { ...cells, ...about(any), row: { ...any, unsettled: false }, rank: ranked ? found.meanRanks[k] : null,
        wins: ranked ? 100 * found.winRates[k] : null, letters: ranked ? found.letters[k] : "", whole: !ranked };
    });
    const marks = stbench.ranks.marks(rows, metrics);
    const columns = [methodColumn(), number("mean rank ↓", "rank", (one) => one.toFixed(2)), number("win rate % ↑", "wins", (one) => one.toFixed(0)),
      text("group", "letters"), ...tasks.map((task, j) => values(`${task.name} ${metrics[task.metrics[0]].head}`, `t${j}`,
        (one) => one[`t${j}`], task.metrics[0], marks)), ...listed()];
    draw("ranking", data, columns, null);
  }

  function rankNotes(found) {
    const by = [...new Set(found.metrics)].map((metric) =>
      `${metrics[metric].label} (${found.tasks.filter((_, k) => found.metrics[k] === metric).join(", ")})`).join(", ");
    const friedman = found.friedman === null ? "" : `Friedman's test over ${found.tasks.length} tasks: p = ${short(found.friedman)}. `;
    const groups = found.difference === null ? "So many methods have no groups here." :
      `Critical difference of mean ranks (Nemenyi, at 0.05): ${found.difference.toFixed(2)}; methods that share a letter are not told apart.`;
    const lines = [`Ranks by ${by}, among the rows that are shown; 1 is the best, ties share. Cities of one task count as one. Win rate: `
      + "the share of the others that a method beats, over all tasks.",
    `${friedman}${groups} Tasks of one suite share places and days, so they are no independent trials.`];
    if (found.leftOut.length) lines.push(`Without a rank, since a settled result of some task is missing: ${found.leftOut.join(", ")}.`);
    if (found.leftOutTasks.length) lines.push(`Tasks that half of the methods or more have no settled result of do not count: ${found.leftOutTasks.join(", ")}.`);
    return lines;
  }

  function showNumbers(now, rows, tasks, whole) {
    const marks = now.ranked ? stbench.ranks.marks(rows, metrics) : new Map(), first = new Map(tasks.map((task) => [task.name, task.metrics[0]]));
    const order = (row) => [tasks.findIndex((task) => task.name === row.task), row.floor ? 2 : row.unsettled || row.missing ? 1 : 0,
      (metrics[first.get(row.task)].higher ? -1 : 1) * (row.values[first.get(row.task)] ? stbench.ranks.mean(row.values[first.get(row.task)]) : 0)];
    const keyed = rows.map((row) => [order(row), row]).sort(([a], [b]) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    const data = keyed.map(([, row]) => ({ row, task: row.task, n: row.floor ? null : row.runs.length, paper: row.paper ?? null, ...about(row) }));
    const used = [...new Set(tasks.flatMap((task) => task.metrics))];
    const paper = tasks.find((task) => rows.some((row) => row.task === task.name && row.paper !== undefined));
    const columns = [methodColumn(), ...used.map((metric, k) => values(metrics[metric].head, `m${k}`, (one) => one.row, metric, marks,
      (row) => first.get(row.task) === metric && whole.has(row.task) ? row.sign : "")), number("n", "n", String)];
    for (const one of data) used.forEach((metric, k) => { one[`m${k}`] = one.row; });
    if (paper) columns.push(number(paper.paper, "paper", (value, one) => numberText([value], tasks.find((task) => task.name === one.task).paper_metric), "dim"));
    draw("numbers", data, [...columns, ...listed()], tasks.length > 1 ? tasks : null);
  }

  function showCosts(rows, tasks) {
    const found = stbench.costs(rows, tasks, board.runs, board.machines);
    find("costs").replaceChildren(...(found ? found.panels.map((panel) => stbench.costPicture(panel, link)) : []));
    find("cost-notes").textContent = found ? `Seconds of training of all ${tasks.length} shown tasks together, one seed; mean over seeds, whiskers `
      + `± sample sd (n ≥ ${stbench.FEWEST_FOR_SD}). Measured with ${found.machine}.`
      + (found.left ? ` ${found.left} results of other machines or versions are left out.` : "")
      : "No method that is shown has a result and a time of each task on one machine.";
  }

  // what a submission says of a row
  function about(row) {
    const listing = stbench.submitted[row.method];
    const again = listing ? row.runs.map((run) => listing.reproduced[board.runs.id[run]]).filter(Boolean) : [];
    const by = [...new Set(again.map((one) => `${one.by} (${one.how})`))].join(", ");
    return { trials: row.trials ?? "", reproduced: again.length ? `${by}, ${again.length} of ${row.runs.length} runs` : "",
      verified: listing ? listing.author_verified : null, source: row.floor ? "" : listing ? "submitted" : "project", code: listing ? listing.code : null };
  }

  // columns: a title is a button, which the keyboard reaches; floors and what is missing stay below, whichever way is sorted
  function column(title, field, more) {
    return { title, field, titleFormatter: () => element("button", { type: "button", title: "sort" }, title), sorter: stay, ...more };
  }

  const low = (one) => one === null || one === undefined || one === "" || Number.isNaN(one);

  function stay(a, b, aRow, bRow, column, direction) {
    const up = direction === "asc" ? 1 : -1, [one, other] = [aRow.getData(), bRow.getData()];
    const [x, y] = [a, b].map((value, k) => column.getDefinition().key ? column.getDefinition().key([one, other][k]) : value);
    if (!one.row.floor !== !other.row.floor) return one.row.floor ? up : -up;
    if (low(x) || low(y)) return low(x) === low(y) ? 0 : low(x) ? up : -up;
    return typeof x === "number" ? x - y : String(x).localeCompare(String(y));
  }

  function methodColumn() {
    return column("method", "method", { frozen: true, minWidth: 110, widthGrow: 2, key: (one) => one.row.name, formatter: (cell) => {
      const { row, whole } = cell.getData();
      if (row.floor) return element("span", { class: "floor" }, `${row.name} (floor)`);
      return element("span", { title: row.name }, element("a", { href: `../methods/${row.page}.html` }, row.name),
        whole ? element("small", {}, " not ranked") : null);
    } });
  }

  function values(title, field, rowOf, metric, marks, sign) {
    const key = (one) => rowOf(one) && rowOf(one).values[metric] ? stbench.ranks.mean(rowOf(one).values[metric]) : null;
    return column(title, field, { key, hozAlign: "right", formatter: (cell) => {
      const row = rowOf(cell.getData());
      if (!row) return "";
      if (row.missing) return element("span", { title: row.missing }, "✕");
      if (!row.values[metric]) return "";
      const said = numberText(row.values[metric], metric);
      if (row.floor) return element("span", { class: "floor" }, said);
      const place = (marks.get(row) || {})[metric], name = place === 1 ? "b" : place === 2 ? "u" : "span";
      const spoken = `${row.name}, ${row.task}, ${metrics[metric].label}: ${said}${place ? place === 1 ? ", best" : ", second" : ""}`;
      return element("span", {}, element("a", { href: link(row), "aria-label": spoken, title: row.unsettled ? "not settled, never ranked" : "to the records" },
        element(name, {}, said)), sign && sign(row) ? element("sup", {}, sign(row)) : null);
    } });
  }

  const number = (title, field, said, kind) => column(title, field, { hozAlign: "right", formatter: (cell) =>
    low(cell.getValue()) ? "" : element("span", { class: kind || null }, said(cell.getValue(), cell.getData())) });
  const text = (title, field) => column(title, field, { formatter: (cell) => document.createTextNode(cell.getValue()) });
  const to = (href, said) => href ? element("a", { href, rel: "noopener noreferrer" }, said) : document.createTextNode(said);
  const listed = () => [text("trials", "trials"), text("reproduced by", "reproduced"),
    column("author verified", "verified", { formatter: (cell) => to(cell.getValue(), cell.getValue() ? "yes" : "") }),
    column("source", "source", { formatter: (cell) => to(cell.getData().code, cell.getValue()) })];

  function draw(id, data, columns, tasks) {
    if (tables[id]) tables[id].destroy();
    const box = element("div", { "aria-labelledby": `${id}-title` });
    find(`${id}-table`).replaceChildren(box);
    tables[id] = new Tabulator(box, {
      data, columns, layout: "fitDataFill", maxHeight: data.length > MOST_ROWS ? "80vh" : false, placeholder: "Nothing fits.",
      columnDefaults: { headerHozAlign: "left", resizable: false, headerWordWrap: true, vertAlign: "middle" },
      rowFormatter: (row) => row.getElement().classList.toggle("apart", Boolean(row.getData().row.floor || row.getData().row.unsettled)),
      ...(tasks ? { groupBy: "task", groupHeader: (value) => groupHead(tasks.find((task) => task.name === value)) } : {}),
    });
  }

  const groupHead = (task) => element("span", {}, task.name, task.unit ? element("small", {}, ` MAE and RMSE in ${task.unit}`) : null);

  fillChoices({ ...board.settings[board.first], task: "" });
  for (const choice of find("choices").elements) {
    choice.addEventListener(choice.type === "search" ? "input" : "change", () => {
      fillChoices(chosen());
      show();
    });
  }
  find("choices").addEventListener("submit", (event) => event.preventDefault());
  show();
})(window.stbench);
