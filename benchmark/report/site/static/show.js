// Elements and numbers as every page shows them. Text is set as text, never as markup.
"use strict";
(function (stbench) {
  // a deviation of fewer values is not printed
  const FEWEST_FOR_SD = 3;

  // element("a", {href: "…", class: "…"}, child or text, …); what is null is left out
  function element(name, attributes, ...inside) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) if (value !== null && value !== undefined) made.setAttribute(key, value);
    made.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
    return made;
  }

  // the same in a picture
  function drawn(name, attributes, ...inside) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inside);
    return made;
  }

  // "12.34 ± 0.05" of one value a seed; shares as percentages
  function numberText(values, metric) {
    const about = stbench.metrics[metric], times = about.percent ? 100 : 1;
    const middle = stbench.ranks.mean(values), digits = about.percent ? 1 : middle >= 0.1 ? 2 : 4;
    const text = (times * middle).toFixed(digits);
    return values.length < FEWEST_FOR_SD ? text : `${text} ± ${(times * stbench.ranks.deviation(values)).toFixed(digits)}`;
  }

  // three significant digits, without an exponent where people write none
  function short(value) {
    return Math.abs(value) >= 1e6 || (value && Math.abs(value) < 1e-3) ? value.toExponential(2) : String(Number(value.toPrecision(3)));
  }

  Object.assign(stbench, { element, drawn, numberText, short, FEWEST_FOR_SD });
})(window.stbench = window.stbench || {});
