// Draws a `LiveChart` of `explorer.figures.live_chart` in its `Frame`: curves over a band, with a marker. The SVG stays
// where it is from one chart to the next; nothing is measured while it is drawn.

const SVG = "http://www.w3.org/2000/svg";
const MARKER = { class: "marker", fill: "#D55E00", stroke: "white", "stroke-width": 1.5, r: 5 };
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

const drawLegend = (legend, { band, lines }) => {
  legend.replaceChildren();
  const add = (name, shape, attributes) => {
    const entry = legend.appendChild(document.createElement("span"));
    const sample = make("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, entry);
    make(shape, attributes, sample);
    entry.append(name);
  };
  if (band) add(band.name, "rect", { width: 26, height: 12, rx: 2, fill: band.color });
  for (const line of lines.filter(({ name }) => name)) {
    add(line.name, "line", { x1: 0, x2: 26, y1: 6, y2: 6, ...stroke(line) });
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

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".chart");
  const svg = root.querySelector(":scope > svg");
  const hover = root.querySelector(".hover");
  const { frame, alt } = data;
  const lines = data.chart.lines.map((line) => ({ ...line, points: pointsOf(line.x, line.y, line.hover) }));
  const chart = { ...data.chart, lines };
  const { x: xAxis, y: yAxis, marker, small } = chart;
  const { left: l, top: t, font_size: size } = frame;
  const large = !small;
  const height = frame.height - (large ? 20 : 0); // the legend of a large one is above it
  let [plot, pointer] = [null, null];

  const draw = () => {
    const [right, bottom] = [root.drawnWidth - frame.right, height - frame.bottom];
    const scaleX = (x) => l + ((x - xAxis.start) / (xAxis.end - xAxis.start)) * (right - l);
    const scaleY = (y) => bottom - ((y - yAxis.start) / (yAxis.end - yAxis.start)) * (bottom - t);
    plot = { l, t, right, bottom, scaleX, scaleY };
    root.clip ??= `clip-${Math.random().toString(36).slice(2)}`;
    svg.replaceChildren();
    make("rect", { x: l - 2, y: t - 1, width: right - l + 4, height: bottom - t + 2 }, make("clipPath", { id: root.clip }, svg));
    const around = make("g", {}, svg);
    drawHeights(around, yAxis, large, size, plot);
    (large ? drawAxes : drawEnds)(around, chart, size, plot);
    drawCurves(make("g", { "clip-path": `url(#${root.clip})` }, svg), chart, plot);
    pointer = make("g", {}, svg);
    if (marker.x !== null && marker.y !== null) {
      make("circle", { cx: scaleX(marker.x), cy: scaleY(marker.y), ...MARKER }, make("g", {}, svg));
    }
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
    const said = lines.filter(({ hover, points }) => hover.length && points.length).reverse();
    if (!said.length) return;
    const found = said.map(({ color, points }) => ({ color, ...nearest(points) }));
    const x = scaleX(found[0].x);
    make("line", { class: "cursor", x1: x, x2: x, y1: t, y2: plot.bottom }, pointer);
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
    svg.setAttribute("height", height);
    svg.setAttribute("font-size", size);
    svg.setAttribute("aria-label", alt);
    drawLegend(root.querySelector(".legend"), large ? chart : { lines: [] });
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
