// Draws a `LiveChart` of `explorer.figures.live_chart` in its `Frame`: curves over a band, with a marker. The SVG stays
// where it is from one chart to the next; nothing is measured while it is drawn.

const SVG = "http://www.w3.org/2000/svg";
const MARKER = { class: "marker", fill: "#D55E00", stroke: "white", "stroke-width": 1.5, r: 5 };
const FONT = "Arial, Helvetica, sans-serif"; // of a file, which has none of the page
const LEGEND = 20; // pixels that the legend above a large chart needs
const LETTER = 0.48; // width of a letter, as a share of the font size

const make = (name, attributes, parent, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
};

// What is not finite has come as null.
const pointsOf = (xs, ys, texts = []) =>
  xs.map((x, i) => ({ x, y: ys[i], text: texts[i] })).filter(({ x, y }) => x !== null && y !== null);

// Round numbers that divide a range into about `count` parts; at least two.
export const ticks = ([start, end], count) => {
  const [low, high] = [Math.min(start, end), Math.max(start, end)];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const off = (step) => Math.abs(Math.log(step / rough));
  const multiples = (step) => {
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
    return found;
  };
  const steps = [0.2, 0.5, 1, 2, 5, 10].map((factor) => factor * power).sort((a, b) => off(a) - off(b));
  return steps.map(multiples).find((found) => found.length >= 2) ?? [];
};

const label = (value, all) => {
  const largest = Math.max(...all.map(Math.abs));
  const [factor, suffix] = largest >= 1e7 ? [1e6, "M"] : largest >= 1e4 ? [1e3, "k"] : [1, ""];
  return `${+(value / factor).toPrecision(6)}${value === 0 ? "" : suffix}`.replace("-", "−");
};

const stroke = ({ color, dashed }) => ({
  fill: "none",
  stroke: `light-dark(${color}, color-mix(in srgb, ${color} 65%, white))`,
  "stroke-width": dashed ? 1.5 : 2,
  "stroke-dasharray": dashed ? "6 4" : "none",
});

// Name and sample of each entry.
const legendOf = ({ band, lines }) => [
  ...(band ? [{ name: band.name, shape: "rect", attributes: { width: 26, height: 12, rx: 2, fill: band.color } }] : []),
  ...lines
    .filter(({ name }) => name)
    .map((line) => ({ name: line.name, shape: "line", attributes: { x1: 0, x2: 26, y1: 6, y2: 6, ...stroke(line) } })),
];

const drawLegend = (legend, chart) => {
  legend.replaceChildren();
  for (const { name, shape, attributes } of chart.small ? [] : legendOf(chart)) {
    const entry = legend.appendChild(document.createElement("span"));
    make(shape, attributes, make("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, entry));
    entry.append(name);
  }
};

// Grid and numbers of y, beside the plot: no curve crosses them. Those of a small chart are in the margin of the page.
const drawHeights = (group, { start, end }, large, size, { l, right, scaleY }) => {
  const values = ticks([start, end], large ? 5 : 3);
  for (const value of values) {
    const y = scaleY(value);
    make("line", { class: "grid", x1: l, x2: right, y1: y, y2: y }, group);
    make("text", { x: l - 8, y: y + size / 3, "text-anchor": "end" }, group, label(value, values));
  }
};

// Titles and the numbers of x around a large chart.
const drawAxes = (group, { x, y }, size, { l, t, right, bottom, scaleX }) => {
  const values = ticks([x.start, x.end], Math.max(3, Math.min(9, (right - l) / 60)));
  for (const value of values) {
    const place = scaleX(value);
    make("line", { class: "grid", x1: place, x2: place, y1: bottom, y2: bottom + 4 }, group);
    make("text", { x: place, y: bottom + 6 + size, "text-anchor": "middle" }, group, label(value, values));
  }
  const middle = { "text-anchor": "middle" };
  make("text", { x: (l + right) / 2, y: bottom + 3.2 * size, ...middle }, group, x.title);
  const turned = { transform: `translate(${size},${(t + bottom) / 2}) rotate(-90)` };
  make("text", { ...turned, ...middle }, group, y.title);
};

// Titles and the ends of x around a small chart, whose x title gives way to its ends.
const drawEnds = (group, { x, y }, size, { l, t, right, bottom }) => {
  const [start, end] = [x.start, x.end].map((value) => label(value, [value]));
  const below = bottom + size + 4;
  const crowded = LETTER * size * (start + x.title + end).length + 18 > right - l;
  make("text", { x: l, y: t - 7, "text-anchor": "start" }, group, y.title);
  make("text", { x: l, y: below, "text-anchor": "start" }, group, start);
  if (!crowded) make("text", { x: (l + right) / 2, y: below, "text-anchor": "middle" }, group, x.title);
  make("text", { x: right, y: below, "text-anchor": "end" }, group, end);
};

const drawCurves = (group, { band, lines }, { scaleX, scaleY }) => {
  const at = ({ x, y }) => `${scaleX(x).toFixed(2)},${scaleY(y).toFixed(2)}`;
  if (band) {
    const outline = [...pointsOf(band.x, band.low), ...pointsOf(band.x, band.high).reverse()];
    if (outline.length) make("polygon", { points: outline.map(at).join(" "), fill: band.color }, group);
  }
  for (const line of lines.filter(({ points }) => points.length)) {
    make("path", { class: "line", d: `M${line.points.map(at).join("L")}`, ...stroke(line) }, group);
  }
};

// Draws the chart into an SVG of a width; returns where things are.
const drawChart = (svg, chart, frame, width) => {
  const { x, y, marker, small } = chart;
  const { left: l, top: t, font_size: size } = frame;
  const height = frame.height - (small ? 0 : LEGEND);
  const [right, bottom] = [width - frame.right, height - frame.bottom];
  const scaleX = (value) => l + ((value - x.start) / (x.end - x.start)) * (right - l);
  const scaleY = (value) => bottom - ((value - y.start) / (y.end - y.start)) * (bottom - t);
  const plot = { l, t, right, bottom, scaleX, scaleY };
  svg.clip ??= `clip-${Math.random().toString(36).slice(2)}`;
  svg.setAttribute("height", height);
  svg.setAttribute("font-size", size);
  svg.replaceChildren();
  const inside = { x: l - 2, y: t - 1, width: right - l + 4, height: bottom - t + 2 };
  make("rect", inside, make("clipPath", { id: svg.clip }, svg));
  const around = make("g", {}, svg);
  drawHeights(around, y, !small, size, plot);
  (small ? drawEnds : drawAxes)(around, chart, size, plot);
  drawCurves(make("g", { "clip-path": `url(#${svg.clip})` }, svg), chart, plot);
  const pointer = make("g", {}, svg);
  if (marker.x !== null && marker.y !== null) {
    make("circle", { cx: scaleX(marker.x), cy: scaleY(marker.y), ...MARKER }, make("g", {}, svg));
  }
  return { ...plot, pointer };
};

// The chart on paper: large, white, with its legend inside and without a style sheet.
const onPaper = (chart, frame, width) => {
  const page = make("svg", { width, height: frame.height, "font-family": FONT }, document.createElement("div"));
  make("rect", { width, height: frame.height, fill: "white" }, page);
  const entries = make("g", { "font-size": frame.font_size, fill: "#0e141b" }, page);
  const letters = document.createElement("canvas").getContext("2d");
  letters.font = `${frame.font_size}px ${FONT}`;
  let left = frame.left;
  for (const { name, shape, attributes } of legendOf(chart)) {
    make(shape, attributes, make("g", { transform: `translate(${left},6)` }, entries));
    make("text", { x: left + 33, y: 16 }, entries, name);
    left += 33 + letters.measureText(name).width + 18;
  }
  drawChart(make("svg", { y: LEGEND, width, overflow: "visible" }, page), { ...chart, small: false }, frame, width);
  for (const line of page.querySelectorAll(".grid")) line.setAttribute("stroke", "#d8d8d8");
  for (const text of page.querySelectorAll("svg text")) text.setAttribute("fill", "#0e141b");
  return new XMLSerializer().serializeToString(page);
};

// What the chart says, a row a point; see `figure_export`.
const rowsOf = ({ x, y, lines, band, marker }) => {
  const row = (series, across, up) => ({ series, [x.title]: across, [y.title]: up });
  const rows = (series, xs, ys) => pointsOf(xs, ys).map((point) => row(series, point.x, point.y));
  return [
    ...lines.flatMap((line) => rows(line.name || "curve", line.x, line.y)),
    ...(band ? rows(`${band.name}, lower`, band.x, band.low) : []),
    ...(band ? rows(`${band.name}, upper`, band.x, band.high) : []),
    ...rows("marked", [marker.x], [marker.y]),
  ];
};

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".chart");
  const svg = root.querySelector(":scope > svg");
  const hover = root.querySelector(".hover");
  const { frame, paper, alt } = data;
  const lines = data.chart.lines.map((line) => ({ ...line, points: pointsOf(line.x, line.y, line.hover) }));
  const chart = { ...data.chart, lines };
  const { y: yAxis } = chart;
  let plot = null;

  const draw = () => {
    plot = drawChart(svg, chart, frame, root.drawnWidth);
  };

  const leave = () => {
    plot?.pointer.replaceChildren();
    hover.hidden = true;
  };
  const point = (event) => {
    if (!plot) return;
    leave();
    const { scaleX, scaleY, pointer, t, bottom } = plot;
    const offset = event.clientX - svg.getBoundingClientRect().left;
    const distance = ({ x }) => Math.abs(scaleX(x) - offset);
    const nearest = (points) => points.reduce((best, next) => (distance(next) < distance(best) ? next : best));
    const said = lines.filter(({ hover, points }) => hover.length && points.length).reverse();
    if (!said.length) return;
    const found = said.map(({ color, points }) => ({ color, ...nearest(points) }));
    const x = scaleX(found[0].x);
    make("line", { class: "cursor", x1: x, x2: x, y1: t, y2: bottom }, pointer);
    for (const { x, y, color } of found) {
      const visible = y >= Math.min(yAxis.start, yAxis.end) && y <= Math.max(yAxis.start, yAxis.end);
      if (visible) make("circle", { cx: scaleX(x), cy: scaleY(y), r: 3.5, fill: color }, pointer);
    }
    hover.textContent = found.map(({ text }) => text).join("\n");
    hover.hidden = false;
    const room = Math.max(0, root.drawnWidth - hover.offsetWidth);
    hover.style.left = `${Math.min(Math.max(0, x - hover.offsetWidth / 2), room)}px`;
    hover.style.top = `${svg.getBoundingClientRect().top - root.getBoundingClientRect().top + t - hover.offsetHeight - 4}px`;
  };

  svg.onpointermove = point;
  svg.onpointerleave = leave;
  const content = JSON.stringify(data);
  if (root.drawnContent !== content) {
    root.drawnContent = content;
    svg.setAttribute("aria-label", alt);
    drawLegend(root.querySelector(".legend"), chart);
    root.figure = { title: alt, rows: () => rowsOf(chart), svg: (width) => onPaper(chart, paper, width) };
    root.dispatchEvent(new CustomEvent("figure", { bubbles: true, composed: true }));
    if (root.drawnWidth) draw();
  }
  const observer = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width && (contentRect.width !== root.drawnWidth || !plot)) {
      root.drawnWidth = contentRect.width;
      draw();
    }
  });
  observer.observe(root);
  return () => observer.disconnect();
}
