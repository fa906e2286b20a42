// Draws the part of a Plotly figure that `explorer.figures.probe` uses: scatter traces as lines, bands and markers, with
// explicit axis ranges. Lines and markers keep their elements from one figure to the next, so that they move.

const SVG = "http://www.w3.org/2000/svg";
const DASHES = { dash: "6 4", dot: "2 3" };
const ANCHORS = { left: "start", center: "middle", right: "end" };

const make = (name, attributes, parent, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
};

// Round numbers that divide a range into about `count` parts.
const ticks = ([start, end], count) => {
  const [low, high] = [Math.min(start, end), Math.max(start, end)];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const off = (step) => Math.abs(Math.log(step / rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).reduce((best, next) => (off(next) < off(best) ? next : best));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
};

const label = (value, all) => {
  const largest = Math.max(...all.map(Math.abs));
  if (value !== 0 && largest >= 10000) {
    const [factor, suffix] = largest >= 1e7 ? [1e6, "M"] : [1e3, "k"];
    return `${+(value / factor).toPrecision(4)}${suffix}`.replace("-", "−");
  }
  return String(+value.toPrecision(6)).replace("-", "−");
};

const finitePoints = (trace) =>
  trace.x.map((x, i) => ({ x, y: trace.y[i], text: trace.text?.[i] })).filter(({ x, y }) => x !== null && y !== null);

const decode = (values) => {
  if (Array.isArray(values)) return values;
  const types = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array, u1: Uint8Array };
  const bytes = Uint8Array.from(atob(values.bdata), (character) => character.charCodeAt(0));
  return Array.from(new types[values.dtype](bytes.buffer), (value) => (Number.isFinite(value) ? value : null));
};

const drawLegend = (legend, traces, show) => {
  legend.replaceChildren();
  for (const trace of show ? traces : []) {
    if (!trace.name || trace.showlegend === false) continue;
    const entry = legend.appendChild(document.createElement("span"));
    const sample = make("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, entry);
    if (trace.fill) make("rect", { width: 26, height: 12, rx: 2, fill: trace.fillcolor }, sample);
    else {
      const { color, width, dash } = trace.line;
      const look = { stroke: color, "stroke-width": width, "stroke-dasharray": DASHES[dash] ?? "none" };
      make("line", { x1: 0, x2: 26, y1: 6, y2: 6, ...look }, sample);
    }
    entry.append(trace.name);
  }
};

export default function ({ data, parentElement }) {
  const chart = parentElement.querySelector(".chart");
  const svg = chart.querySelector(":scope > svg");
  const hover = chart.querySelector(".hover");
  const { layout, alt } = data;
  const traces = data.traces.map((trace) => ({ ...trace, x: decode(trace.x), y: decode(trace.y) }));
  const { l, r, t, b } = layout.margin;
  const [x0, x1] = layout.xaxis.range;
  const [y0, y1] = layout.yaxis.range;
  const size = layout.font.size;
  const height = layout.height - (layout.showlegend ? 20 : 0);
  svg.setAttribute("height", height);
  svg.setAttribute("font-size", size);
  svg.setAttribute("aria-label", alt);
  drawLegend(chart.querySelector(".legend"), traces, layout.showlegend);

  // What moves is kept; what only frames it is drawn anew.
  const part = (name) => svg.querySelector(`:scope > g.${name}`) ?? make("g", { class: name }, svg);
  const [frame, bands, lines, pointer] = ["frame", "bands", "lines", "pointer"].map(part);
  const clip = (chart.dataset.clip ??= `clip-${Math.random().toString(36).slice(2)}`);
  lines.setAttribute("clip-path", `url(#${clip})`);
  bands.setAttribute("clip-path", `url(#${clip})`);
  const markers = part("markers");

  let scaleX, scaleY, width;
  const draw = () => {
    width = chart.clientWidth;
    if (!width) return;
    const [right, bottom] = [width - r, height - b];
    scaleX = (x) => l + ((x - x0) / (x1 - x0)) * (right - l);
    scaleY = (y) => bottom - ((y - y0) / (y1 - y0)) * (bottom - t);
    const at = (x, y) => `${scaleX(x).toFixed(2)},${scaleY(y).toFixed(2)}`;

    frame.replaceChildren();
    const box = make("clipPath", { id: clip }, frame);
    make("rect", { x: l - 2, y: t - 1, width: right - l + 4, height: bottom - t + 2 }, box);
    const inside = layout.yaxis.ticklabelposition === "inside top";
    const onRight = layout.yaxis.side === "right";
    const yTicks = ticks([y0, y1], (layout.yaxis.nticks ?? 6) - 1);
    for (const value of yTicks) {
      const y = scaleY(value);
      make("line", { class: "grid", x1: l, x2: right, y1: y, y2: y }, frame);
      const place = onRight ? { x: right - 2, "text-anchor": "end" } : { x: l + 2, "text-anchor": "start" };
      const spot = inside ? { ...place, y: y - 3 } : { x: l - 8, y: y + size / 3, "text-anchor": "end" };
      if (!inside || y - 3 - size > t - 2) make("text", spot, frame, label(value, yTicks));
    }
    if (layout.xaxis.showticklabels !== false) {
      const xTicks = ticks([x0, x1], Math.max(3, Math.min(9, width / 70)));
      for (const value of xTicks) {
        const x = scaleX(value);
        make("line", { class: "grid", x1: x, x2: x, y1: bottom, y2: bottom + 4 }, frame);
        make("text", { x, y: bottom + 6 + size, "text-anchor": "middle" }, frame, label(value, xTicks));
      }
    }
    const middle = { "text-anchor": "middle" };
    if (layout.xaxis.title) make("text", { x: (l + right) / 2, y: height - 4, ...middle }, frame, layout.xaxis.title.text);
    if (layout.yaxis.title) {
      const turned = { transform: `translate(${size},${(t + bottom) / 2}) rotate(-90)` };
      make("text", { ...turned, ...middle }, frame, layout.yaxis.title.text);
    }
    let [below, title] = [0, null];
    for (const note of layout.annotations ?? []) {
      const x = l + note.x * (right - l);
      const y = note.yanchor === "bottom" ? t - 7 : bottom + size + 4;
      const text = make("text", { x, y, "text-anchor": ANCHORS[note.xanchor] }, frame, note.text);
      if (note.yanchor === "top") below += text.getComputedTextLength() + 6;
      if (note.xanchor === "center") title = text;
    }
    if (below > right - l) title?.remove();

    bands.replaceChildren();
    const keep = { line: 0, circle: 0 };
    const next = (name, parent, attributes) => {
      const index = keep[name === "path" ? "line" : "circle"]++;
      const element = parent.children[index] ?? make(name, {}, parent);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    };
    traces.forEach((trace, i) => {
      const points = finitePoints(trace);
      if (trace.fill === "tonexty") {
        const outline = [...finitePoints(traces[i - 1]), ...points.toReversed()].map(({ x, y }) => at(x, y));
        make("polygon", { points: outline.join(" "), fill: trace.fillcolor }, bands);
      } else if (trace.mode === "lines" && trace.line.width > 0) {
        const path = points.map(({ x, y }, k) => `${k ? "L" : "M"}${at(x, y)}`).join("");
        const { color, width: stroke, dash } = trace.line;
        const look = { fill: "none", stroke: color, "stroke-width": stroke, "stroke-dasharray": DASHES[dash] ?? "none" };
        next("path", lines, { class: "line", d: path || "M0,0", ...look });
      } else if (trace.mode === "markers") {
        for (const { x, y } of points) {
          const { color, size: diameter, line } = trace.marker;
          const look = { fill: color, stroke: line.color, "stroke-width": line.width };
          next("circle", markers, { class: "marker", cx: scaleX(x), cy: scaleY(y), r: diameter / 2, ...look });
        }
      }
    });
    while (lines.children.length > keep.line) lines.lastChild.remove();
    while (markers.children.length > keep.circle) markers.lastChild.remove();
  };

  const leave = () => {
    pointer.replaceChildren();
    hover.hidden = true;
  };
  svg.onpointerleave = leave;
  svg.onpointermove = (event) => {
    if (!scaleX) return;
    const offset = event.clientX - svg.getBoundingClientRect().left;
    const distance = (point) => Math.abs(scaleX(point.x) - offset);
    const nearest = (points) => points.reduce((best, point) => (distance(point) < distance(best) ? point : best));
    const found = traces
      .filter((trace) => trace.text?.length)
      .map((trace) => ({ color: trace.line.color, points: finitePoints(trace) }))
      .filter(({ points }) => points.length)
      .map(({ color, points }) => ({ color, ...nearest(points) }));
    leave();
    if (!found.length) return;
    found.reverse();
    const x = scaleX(found[0].x);
    make("line", { class: "cursor", x1: x, x2: x, y1: t, y2: height - b }, pointer);
    for (const { x: px, y: py, color } of found) {
      if (py >= Math.min(y0, y1) && py <= Math.max(y0, y1)) make("circle", { cx: scaleX(px), cy: scaleY(py), r: 3.5, fill: color }, pointer);
    }
    hover.textContent = found.map(({ text }) => text.replaceAll("<br>", "\n")).join("\n");
    hover.hidden = false;
    const room = Math.max(0, width - hover.offsetWidth);
    hover.style.left = `${Math.min(Math.max(0, x - hover.offsetWidth / 2), room)}px`;
    hover.style.top = `${svg.offsetTop - hover.offsetHeight - 4 + t}px`;
  };

  draw();
  const observer = new ResizeObserver(() => chart.clientWidth !== width && draw());
  observer.observe(chart);
  return () => observer.disconnect();
}
