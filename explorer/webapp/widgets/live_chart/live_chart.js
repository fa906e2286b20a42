// Draws the part of a Plotly figure that `explorer.figures.probe` uses: scatter traces as lines, bands and markers, with
// explicit axis ranges. The SVG stays where it is from one figure to the next; nothing is measured while it is drawn.

const SVG = "http://www.w3.org/2000/svg";
const DASHES = { dash: "6 4", dot: "2 3" };
const ANCHORS = { left: "start", center: "middle", right: "end" };
const LETTER = 0.48; // width of a letter, as a share of the font size

const make = (name, attributes, parent, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
};

// Plotly sends arrays of numbers as base64; what is not finite becomes null, as in JSON.
const decode = (values) => {
  if (Array.isArray(values)) return values;
  const types = { f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array, u1: Uint8Array };
  const bytes = Uint8Array.from(atob(values.bdata), (character) => character.charCodeAt(0));
  return Array.from(new types[values.dtype](bytes.buffer), (value) => (Number.isFinite(value) ? value : null));
};

const withPoints = (trace) => {
  const [xs, ys] = [decode(trace.x), decode(trace.y)];
  const points = xs.map((x, i) => ({ x, y: ys[i], text: trace.text?.[i] }));
  return { ...trace, points: points.filter(({ x, y }) => x !== null && y !== null) };
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
  const [factor, suffix] = largest >= 1e7 ? [1e6, "M"] : largest >= 1e4 ? [1e3, "k"] : [1, ""];
  return `${+(value / factor).toPrecision(6)}${value === 0 ? "" : suffix}`.replace("-", "−");
};

const stroke = ({ color, width, dash }) => ({
  fill: "none",
  stroke: color,
  "stroke-width": width,
  "stroke-dasharray": DASHES[dash] ?? "none",
});

const drawLegend = (legend, traces) => {
  legend.replaceChildren();
  for (const trace of traces.filter(({ name, showlegend }) => name && showlegend !== false)) {
    const entry = legend.appendChild(document.createElement("span"));
    const sample = make("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, entry);
    if (trace.fill) make("rect", { width: 26, height: 12, rx: 2, fill: trace.fillcolor }, sample);
    else make("line", { x1: 0, x2: 26, y1: 6, y2: 6, ...stroke(trace.line) }, sample);
    entry.append(trace.name);
  }
};

const drawFrame = (group, layout, { l, t, right, bottom, scaleX, scaleY }) => {
  const { xaxis, yaxis } = layout;
  const size = layout.font.size;
  const inside = yaxis.ticklabelposition === "inside top";
  const yTicks = ticks(yaxis.range, (yaxis.nticks ?? 6) - 1);
  for (const value of yTicks) {
    const y = scaleY(value);
    make("line", { class: "grid", x1: l, x2: right, y1: y, y2: y }, group);
    const side = yaxis.side === "right" ? { x: right - 2, "text-anchor": "end" } : { x: l + 2, "text-anchor": "start" };
    const place = inside ? { ...side, y: y - 3 } : { x: l - 8, y: y + size / 3, "text-anchor": "end" };
    if (!inside || y - 3 - size > t - 2) make("text", place, group, label(value, yTicks));
  }
  if (xaxis.showticklabels !== false) {
    const xTicks = ticks(xaxis.range, Math.max(3, Math.min(9, (right - l) / 60)));
    for (const value of xTicks) {
      const x = scaleX(value);
      make("line", { class: "grid", x1: x, x2: x, y1: bottom, y2: bottom + 4 }, group);
      make("text", { x, y: bottom + 6 + size, "text-anchor": "middle" }, group, label(value, xTicks));
    }
  }
  const middle = { "text-anchor": "middle" };
  if (xaxis.title) make("text", { x: (l + right) / 2, y: bottom + 3.2 * size, ...middle }, group, xaxis.title.text);
  if (yaxis.title) {
    const turned = { transform: `translate(${size},${(t + bottom) / 2}) rotate(-90)` };
    make("text", { ...turned, ...middle }, group, yaxis.title.text);
  }
  // The title of a narrow axis gives way to its ends.
  const notes = layout.annotations ?? [];
  const below = notes.filter(({ yanchor }) => yanchor === "top");
  const crowded = below.reduce((sum, { text }) => sum + LETTER * size * text.length + 6, 0) > right - l;
  for (const { text, x, xanchor, yanchor } of notes) {
    if (crowded && xanchor === "center") continue;
    const y = yanchor === "bottom" ? t - 7 : bottom + size + 4;
    make("text", { x: l + x * (right - l), y, "text-anchor": ANCHORS[xanchor] }, group, text);
  }
};

const drawTraces = (group, free, traces, { scaleX, scaleY }) => {
  const at = ({ x, y }) => `${scaleX(x).toFixed(2)},${scaleY(y).toFixed(2)}`;
  traces.forEach(({ mode, fill, fillcolor, line, marker, points }, i) => {
    if (!points.length) return;
    if (fill === "tonexty") {
      const outline = [...traces[i - 1].points, ...[...points].reverse()].map(at).join(" ");
      make("polygon", { points: outline, fill: fillcolor }, group);
    } else if (mode === "lines" && line.width > 0) {
      make("path", { class: "line", d: `M${points.map(at).join("L")}`, ...stroke(line) }, group);
    } else if (mode === "markers") {
      const look = { fill: marker.color, stroke: marker.line.color, "stroke-width": marker.line.width, r: marker.size / 2 };
      for (const { x, y } of points) make("circle", { class: "marker", cx: scaleX(x), cy: scaleY(y), ...look }, free);
    }
  });
};

export default function ({ data, parentElement }) {
  const chart = parentElement.querySelector(".chart");
  const svg = chart.querySelector(":scope > svg");
  const hover = chart.querySelector(".hover");
  const { layout, alt } = data;
  const traces = data.traces.map(withPoints);
  const height = layout.height - (layout.showlegend ? 20 : 0);
  const [[x0, x1], [y0, y1]] = [layout.xaxis.range, layout.yaxis.range];
  const { l, r, t, b } = layout.margin;
  let [plot, pointer] = [null, null];

  const draw = () => {
    const [right, bottom] = [chart.drawnWidth - r, height - b];
    const scaleX = (x) => l + ((x - x0) / (x1 - x0)) * (right - l);
    const scaleY = (y) => bottom - ((y - y0) / (y1 - y0)) * (bottom - t);
    plot = { l, t, right, bottom, scaleX, scaleY };
    chart.clip ??= `clip-${Math.random().toString(36).slice(2)}`;
    svg.replaceChildren();
    make("rect", { x: l - 2, y: t - 1, width: right - l + 4, height: bottom - t + 2 }, make("clipPath", { id: chart.clip }, svg));
    drawFrame(make("g", {}, svg), layout, plot);
    const clipped = make("g", { "clip-path": `url(#${chart.clip})` }, svg);
    pointer = make("g", {}, svg);
    drawTraces(clipped, make("g", {}, svg), traces, plot);
  };

  const leave = () => {
    pointer?.replaceChildren();
    hover.hidden = true;
  };
  const point = (event) => {
    if (!plot) return;
    leave();
    const { scaleX, scaleY } = plot;
    const offset = event.clientX - svg.getBoundingClientRect().left;
    const distance = ({ x }) => Math.abs(scaleX(x) - offset);
    const nearest = (points) => points.reduce((best, next) => (distance(next) < distance(best) ? next : best));
    const said = traces.filter(({ text, points }) => text?.length && points.length).reverse();
    if (!said.length) return;
    const found = said.map(({ line, points }) => ({ color: line.color, ...nearest(points) }));
    const x = scaleX(found[0].x);
    make("line", { class: "cursor", x1: x, x2: x, y1: t, y2: plot.bottom }, pointer);
    for (const { x, y, color } of found) {
      const visible = y >= Math.min(y0, y1) && y <= Math.max(y0, y1);
      if (visible) make("circle", { cx: scaleX(x), cy: scaleY(y), r: 3.5, fill: color }, pointer);
    }
    hover.textContent = found.map(({ text }) => text.replaceAll("<br>", "\n")).join("\n");
    hover.hidden = false;
    const room = Math.max(0, chart.drawnWidth - hover.offsetWidth);
    hover.style.left = `${Math.min(Math.max(0, x - hover.offsetWidth / 2), room)}px`;
    hover.style.top = `${svg.getBoundingClientRect().top - chart.getBoundingClientRect().top + t - hover.offsetHeight - 4}px`;
  };

  svg.onpointermove = point;
  svg.onpointerleave = leave;
  const content = JSON.stringify(data);
  if (chart.drawnContent !== content) {
    chart.drawnContent = content;
    svg.setAttribute("height", height);
    svg.setAttribute("font-size", layout.font.size);
    svg.setAttribute("aria-label", alt);
    drawLegend(chart.querySelector(".legend"), layout.showlegend ? traces : []);
    if (chart.drawnWidth) draw();
  }
  const observer = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width && (contentRect.width !== chart.drawnWidth || !plot)) {
      chart.drawnWidth = contentRect.width;
      draw();
    }
  });
  observer.observe(chart);
  return () => observer.disconnect();
}
