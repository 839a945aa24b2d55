// The columns of the tables. A title is a button, which the keyboard reaches; what a cell shows is made of elements and texts.
"use strict";
(function (stbench) {
  const { element, numberText, metrics } = stbench;
  const low = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);

  // floors and what is missing stay below, whichever way is sorted; key: what a row is sorted by, where it is not the value of the cell
  function stay(a, b, aRow, bRow, column, direction, { key }) {
    const up = direction === "asc" ? 1 : -1, one = aRow.getData(), other = bRow.getData();
    const [x, y] = key ? [key(one), key(other)] : [a, b];
    if (!one.row.floor !== !other.row.floor) return one.row.floor ? up : -up;
    if (low(x) || low(y)) return low(x) === low(y) ? 0 : low(x) ? up : -up;
    return typeof x === "number" ? x - y : String(x).localeCompare(String(y));
  }

  function column(title, field, formatter, { key, ...more } = {}) {
    const head = () => element("button", { type: "button", title: "sort by this" }, title);
    return { title, field, formatter, titleFormatter: head, sorter: stay, sorterParams: { key }, ...more };
  }

  function link(href, said) {
    return href ? element("a", { href, rel: "noopener noreferrer" }, said) : document.createTextNode(said);
  }

  const text = (title, field) => column(title, field, (cell) => document.createTextNode(cell.getValue()));

  function number(title, field, said, kind) {
    const formatter = (cell) => low(cell.getValue()) ? "" : element("span", { class: kind }, said(cell.getValue(), cell.getData()));
    return column(title, field, formatter, { hozAlign: "right" });
  }

  function method() {
    const formatter = (cell) => {
      const { row, unranked } = cell.getData();
      if (row.floor) return element("span", { class: "floor" }, `${row.name} (floor)`);
      const name = element("a", { href: `../methods/${row.page}.html` }, unranked ? row.called : row.name);
      return element("span", { title: row.name }, name, unranked ? element("small", {}, " not ranked") : null);
    };
    return column("method", "method", formatter, { frozen: true, minWidth: 110, key: (one) => one.row.name });
  }

  // one metric of a row; of: the data of a table's line → the row; to: row → its records; sign: row → what stands behind its number
  function metric(title, field, name, of, { to, marks, sign }) {
    const key = (one) => of(one) && of(one).values[name] ? stbench.ranks.mean(of(one).values[name]) : null;
    const formatter = (cell) => {
      const row = of(cell.getData());
      if (row && row.missing) return element("span", { title: row.missing }, "✕");
      if (!row || !row.values[name]) return "";
      const said = numberText(row.values[name], name);
      if (row.floor) return element("span", { class: "floor" }, said);
      const place = (marks.get(row) || {})[name];
      const spoken = [`${row.name}, ${row.task}, ${metrics[name].label}: ${said}`, ["", "best", "second"][place || 0],
        row.unsettled ? "not settled, never ranked" : row.unranked ? "too few events, never ranked" : "",
        "to the records"].filter(Boolean).join(", ");
      const shown = element(["span", "b", "u"][place || 0], {}, said);
      return element("span", {}, element("a", { href: to(row), "aria-label": spoken, title: spoken }, shown),
        sign && sign(row) ? element("sup", {}, sign(row)) : null);
    };
    return column(title, field, formatter, { hozAlign: "right", key });
  }

  // what is known of how a row came about, see `about`
  function origin() {
    return [text("tuning", "tuning"), text("reproduced by", "reproduced"),
      column("author verified", "verified", (cell) => link(cell.getValue(), cell.getValue() ? "yes" : "")),
      column("source", "source", (cell) => link(cell.getData().code, cell.getValue()))];
  }

  function about(row, runs) {
    const said = stbench.submitted[row.method];
    const again = said && row.runs ? row.runs.map((run) => said.reproduced[runs.id[run]]).filter(Boolean) : [];
    const by = [...new Set(again.map((one) => `${one.by} (${one.how})`))].join(", ");
    return { tuning: row.trials ?? "", reproduced: again.length ? `${by}, ${again.length} of ${row.runs.length} runs` : "",
      verified: said ? said.author_verified : null, code: said ? said.code : null,
      source: row.floor ? "" : said ? "submitted" : "project" };
  }

  stbench.columns = { text, number, method, metric, origin, about };
})(window.stbench);
