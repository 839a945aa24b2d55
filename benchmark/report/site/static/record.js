// The page of records: record.html#suite/method/id+id. Their text comes from records/suite/method.js, which is loaded when it is asked for.
"use strict";
(function (stbench) {
  const { element, short, metrics } = stbench;
  const PART = /^[a-z0-9_-][a-z0-9_.-]{0,79}$/, ID = /^[0-9a-f]{16}$/;
  const main = document.getElementById("records");

  function asked() {
    const [suite, method, ids] = location.hash.slice(1).split("/");
    const wanted = (ids || "").split("+");
    return PART.test(suite || "") && PART.test(method || "") && wanted.every((id) => ID.test(id)) ? { suite, method, ids: wanted } : null;
  }

  function open() {
    const want = asked();
    if (!want) {
      main.replaceChildren(element("p", {}, "Follow a number of a table to see the records behind it."));
      return;
    }
    const loader = element("script", { src: `records/${want.suite}/${want.method}.js` });
    loader.onload = () => show(want, stbench.records);
    loader.onerror = () => main.replaceChildren(element("p", {}, "This site holds no such record."));
    document.head.append(loader);
    loader.remove();
  }

  function show(want, records) {
    const found = want.ids.filter((id) => Object.hasOwn(records, id));
    const parts = found.map((id) => one(want, records[id], found.length === 1));
    main.replaceChildren(...(parts.length ? parts : [element("p", {}, "This site holds no such record.")]));
    document.title = found.length === 1 ? `record ${found[0]}` : `${found.length} records`;
  }

  function one(want, { record, history, reproduced }, open) {
    const { spec } = record, place = `records/${want.suite}/${want.method}/${record.id}`;
    return element("article", {},
      element("h2", {}, `${spec.method} on ${spec.suite}, seed ${spec.seed}`),
      element("p", {}, "Record ", element("code", {}, record.id), " of ",
        element("a", { href: `methods/${want.method}.html` }, spec.method), " on ",
        element("a", { href: `suites/${want.suite}.html` }, spec.suite), ": ",
        element("a", { href: `${place}.json` }, "the file itself (JSON)"), "."),
      reproduced ? element("p", {}, `Reproduced by ${reproduced.by}: ${reproduced.how}.`) : null,
      element("h3", {}, "Numbers"), numbers(record),
      ...curves(history),
      more("What was run", facts(spec), open), more("Environment and times", facts({ ...record.environment, ...record.timings }), open),
      more("Counts and notes", facts({ ...record.counts, ...record.notes }), false), more("Sums behind the numbers", sums(record), false));
  }

  function numbers(record) {
    const used = Object.keys(metrics).filter((metric) => Object.values(record.metrics).some((values) => metric in values));
    const head = ["task", ...used.map((metric) => metrics[metric].head)];
    const said = (value, metric) => value === null || value === undefined ? "" : short(value * (metrics[metric].percent ? 100 : 1));
    const rows = Object.entries(record.metrics).map(([task, values]) => [task, ...used.map((metric) => said(values[metric], metric))]);
    return table(`The numbers of record ${record.id}`, head, rows);
  }

  function curves(history) {
    if (!history) return [element("p", { class: "notes" }, "The history of its epochs is not published; its notes say the best epoch.")];
    return [element("h3", {}, "Learning curve"), element("div", { class: "pictures" },
      ...Object.entries(history).map(([name, losses]) => stbench.curve(name, losses)))];
  }

  function sums(record) {
    return element("div", {}, ...Object.entries(record.sums).flatMap(([task, masks]) => Object.entries(masks).map(([mask, parts]) =>
      table(`${task}, mask ${mask}: one column a step`, ["sum", ...Object.values(parts)[0].map((_, k) => String(k + 1))],
        Object.entries(parts).map(([name, values]) => [name, ...values.map(String)])))));
  }

  function table(caption, head, rows) {
    const cell = (text, k) => element(k ? "td" : "th", k ? {} : { scope: "row" }, text);
    const heads = element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text))));
    const body = element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell))));
    return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
      element("table", {}, element("caption", {}, caption), heads, body));
  }

  function facts(values) {
    return element("dl", {}, ...Object.entries(values).flatMap(([name, value]) => [element("dt", {}, name),
      element("dd", {}, inWords(value))]));
  }

  // {"a": 1, "b": [1, 2]} → "a = 1, b = [1, 2]"
  function inWords(value) {
    if (Array.isArray(value)) return `[${value.map(inWords).join(", ")}]`;
    if (value === null || typeof value !== "object") return String(value);
    return Object.entries(value).map(([name, one]) => `${name} = ${inWords(one)}`).join(", ") || "–";
  }

  function more(title, inside, open) {
    return element("details", open ? { open: "" } : {}, element("summary", {}, title), inside);
  }

  window.addEventListener("hashchange", open);
  open();
})(window.stbench);
