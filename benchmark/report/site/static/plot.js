// Small pictures: what methods cost against how well they do, and the validation error of a training.
"use strict";
(function (stbench) {
  const WIDTH = 340, HEIGHT = 250, LEFT = 52, RIGHT = 14, TOP = 26, BOTTOM = 40;
  const { drawn, short } = stbench;

  // from values to pixels; low and high end a little beyond the values
  function scale(values, from, to, log) {
    const of = (value) => log ? Math.log10(value) : value;
    let low = Math.min(...values.map(of)), high = Math.max(...values.map(of));
    const margin = (high - low || Math.abs(high) || 1) * 0.08;
    low -= margin;
    high += margin;
    const place = (value) => from + (of(value) - low) / (high - low) * (to - from);
    return { place, ticks: log ? powers(low, high) : round(low, high) };
  }

  function round(low, high) {
    const step = 10 ** Math.floor(Math.log10((high - low) / 3));
    const wide = [1, 2, 5, 10].map((times) => times * step).find((one) => (high - low) / one <= 5);
    return Array.from({ length: 8 }, (_, k) => (Math.ceil(low / wide) + k) * wide).filter((one) => one <= high);
  }

  function powers(low, high) {
    const steps = high - low > 2 ? [1] : [1, 2, 5];
    const found = [];
    for (let k = Math.floor(low); k <= high; k++) found.push(...steps.map((one) => one * 10 ** k));
    return found.filter((one) => Math.log10(one) >= low && Math.log10(one) <= high);
  }

  function axes(title, x, y, xName, yName) {
    const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": title });
    svg.append(drawn("text", { x: LEFT, y: 14, class: "head" }, title));
    svg.append(drawn("path", { class: "axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }));
    for (const one of x.ticks) {
      svg.append(drawn("text", { x: x.place(one), y: HEIGHT - BOTTOM + 14, "text-anchor": "middle" }, short(one)));
      svg.append(drawn("path", { class: "grid", d: `M${x.place(one)} ${TOP}V${HEIGHT - BOTTOM}` }));
    }
    for (const one of y.ticks) {
      svg.append(drawn("text", { x: LEFT - 5, y: y.place(one) + 4, "text-anchor": "end" }, short(one)));
      svg.append(drawn("path", { class: "grid", d: `M${LEFT} ${y.place(one)}H${WIDTH - RIGHT}` }));
    }
    svg.append(drawn("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, xName));
    svg.append(drawn("text", { x: 12, y: (TOP + HEIGHT - BOTTOM) / 2, "text-anchor": "middle",
      transform: `rotate(-90 12 ${(TOP + HEIGHT - BOTTOM) / 2})` }, yName));
    return svg;
  }

  // panel: one of `costs`; link: row → where its number comes from
  function costPicture(panel, link) {
    const times = stbench.metrics[panel.metric].percent ? 100 : 1;
    const x = scale(panel.points.map((one) => one.seconds), LEFT, WIDTH - RIGHT, true);
    const y = scale(panel.points.map((one) => times * one.mean), HEIGHT - BOTTOM, TOP, false);
    const svg = axes(panel.task, x, y, "training of all tasks (s)", stbench.metrics[panel.metric].head);
    const taken = [];
    for (const one of panel.points) {
      const across = x.place(one.seconds), up = y.place(times * one.mean), spread = one.deviation === null ? 0 : times * one.deviation;
      const said = `${one.name}: ${short(times * one.mean)}${spread ? ` ± ${short(spread)}` : ""}, ${short(one.seconds)} s`;
      const point = drawn("a", { href: link(one.row), "aria-label": said }, drawn("title", {}, said));
      if (spread) {
        const [top, bottom] = [one.mean + one.deviation, one.mean - one.deviation].map((end) => y.place(times * end));
        point.append(drawn("path", { class: "spread", d: `M${across} ${Math.max(top, TOP)}V${Math.min(bottom, HEIGHT - BOTTOM)}` }));
      }
      point.append(drawn("circle", { cx: across, cy: up, r: 4 }));
      const name = labelPlace(one.name, across, up, taken);
      if (name) point.append(drawn("text", { ...name, class: "name" }, one.name));
      svg.append(point);
    }
    return svg;
  }

  // beside its point where there is room, else nowhere: the tooltip has the name as well
  function labelPlace(name, across, up, taken) {
    const width = 6 * name.length;
    for (const [x, anchor, left] of [[across + 7, "start", across + 7], [across - 7, "end", across - 7 - width]]) {
      const box = { left, right: left + width, top: up - 7, bottom: up + 5 };
      const free = box.right < WIDTH && box.left > LEFT
        && !taken.some((one) => one.left < box.right && box.left < one.right && one.top < box.bottom && box.top < one.bottom);
      if (free && name.length <= 28) {
        taken.push(box);
        return { x, y: up + 4, "text-anchor": anchor };
      }
    }
    return null;
  }

  // losses: one an epoch
  function curve(title, losses) {
    const x = scale(losses.map((_, k) => k + 1), LEFT, WIDTH - RIGHT, false), y = scale(losses, HEIGHT - BOTTOM, TOP, false);
    const svg = axes(title, x, y, "epoch", "validation error");
    svg.append(drawn("path", { class: "line", d: losses.map((loss, k) => `${k ? "L" : "M"}${x.place(k + 1)} ${y.place(loss)}`).join("") }));
    return svg;
  }

  Object.assign(stbench, { costPicture, curve });
})(window.stbench = window.stbench || {});
