// A menu in the corner of each figure that saves it as a picture or as a table. A Plotly figure makes its picture
// itself, through the button of its tools that the style sheet of the app hides; a live chart tells how it is drawn and
// what it says in the property `figure` of its element, and with an event of that name that it is there.

const SOON = 200; // milliseconds from a change of the page until new figures are looked for
const SCALE = 3; // of a PNG
const WIDTH = 640; // of a picture, at least
const INK = { color: "#0e141b", family: "Arial, Helvetica, sans-serif" }; // a file has no fonts of the page

// Names and titles of Plotly are HTML, with a few tags.
const plain = (text) =>
  new DOMParser().parseFromString(String(text ?? "").replace(/<br>/g, " "), "text/html").body.textContent.trim();

const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");

// A text that begins like a formula would be run by a spreadsheet.
const cell = (value) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  const text = String(value).replace(/\s*\n\s*/g, "; ");
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",;\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

// Rows are objects; a column is there from the first row that has it.
export const csv = (rows) => {
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(","));
  return [columns.map(cell).join(","), ...lines, ""].join("\r\n");
};

const isList = (value) => Array.isArray(value) || ArrayBuffer.isView(value);

// Where an axis has names in the place of numbers, the table has them, too.
const named = (axis) => {
  const { tickvals, ticktext } = axis ?? {};
  if (!isList(ticktext)) return (value) => value;
  const names = new Map(Array.from(tickvals, (value, i) => [value, plain(ticktext[i])]));
  return (value) => names.get(value) ?? value;
};

const heatmapRows = ({ x, y, z }, [across, up], about, value) =>
  Array.from(z, (line, j) =>
    Array.from(line, (number, i) => ({ ...about, [across]: x?.[i] ?? i, [up]: y?.[j] ?? j, [value]: number })),
  ).flat();

const pointRows = (trace, columns, about, axes) => {
  const { x, y, text, customdata, error_y: error, width, marker } = trace;
  const color = isList(marker?.color) && marker.colorbar?.title?.text;
  const images = isList(text) && isList(customdata?.[0]); // the points of a hover card
  const [toX, toY] = axes.map(named);
  const rows = Array.from(x ?? y ?? [], (_, i) => {
    const row = { ...about, [columns[0]]: toX(x ? x[i] : i), [columns[1]]: toY(y?.[i]) };
    if (trace.type === "bar" && isList(width)) row["bar width"] = width[i];
    if (isList(error?.array)) row["standard error"] = error.array[i];
    if (color) row[plain(color)] = marker.color[i];
    if (images) row.image = customdata[i][0];
    if (isList(text)) row.text = text[i];
    else if (typeof customdata?.[i] === "string") row.note = plain(customdata[i]).replace(/^[,;\s]+/, "");
    return row;
  });
  return rows.filter((row) => row[columns[0]] !== null && row[columns[0]] !== undefined); // null parts two strokes
};

// As it was given: where there is none, Plotly has one of its own.
const titleOf = (axis) => plain(axis?._input?.title?.text ?? axis?._input?.title);

// What a Plotly figure shows: `full` are its traces with all defaults, `given` those that it was made of.
export const plotlyRows = ({ _fullData: full, data: given, _fullLayout: layout }) =>
  full
    .map((trace) => ({ trace, raw: given[trace.index ?? trace._expandedIndex] ?? trace }))
    .filter(({ trace }) => trace.visible === true)
    .filter(({ raw }) => raw.meta || raw.showlegend !== false || raw.hoverinfo !== "skip")
    .flatMap(({ trace, raw }) => {
      const axes = [trace.xaxis ?? "x", trace.yaxis ?? "y"].map((id) => layout[id.replace(/^[xy]/, "$&axis")]);
      const titles = axes.map((axis, k) => titleOf(axis) || (axis?.type === "category" ? "name" : "xy"[k]));
      const columns = titles[0] === titles[1] ? [`${titles[0]} (x)`, `${titles[1]} (y)`] : titles;
      const about = full.length > 1 ? { series: plain(raw.meta ?? raw.name ?? "") } : {};
      if (trace.type !== "heatmap") return pointRows(trace, columns, about, axes);
      return heatmapRows(trace, columns, about, plain(trace.colorbar?.title?.text) || "value");
    });

// A page is dark at times, paper is white.
const onPaper = (layout) => {
  const inked = (part) => {
    if (!part || typeof part !== "object" || isList(part)) return Array.isArray(part) ? part.map(inked) : part;
    const changed = ([key, value]) => [key, /font$/.test(key) ? { ...value, ...INK } : inked(value)];
    return Object.fromEntries(Object.entries(part).map(changed));
  };
  const { font } = layout;
  const white = { paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff" };
  return { ...inked(layout), ...white, font: { ...font, ...INK } };
};

const savePlotly = (graph, filename, format) => {
  const { layout, _context: context } = graph;
  const { width, height } = graph._fullLayout;
  const size = { width: Math.max(width, WIDTH), height, scale: format === "png" ? SCALE : 1 };
  context.toImageButtonOptions = { format, filename, ...size };
  graph.layout = onPaper(layout);
  graph.querySelector("[data-title^='Download plot']").click(); // copies the layout at once
  graph.layout = layout;
};

const save = (content, filename) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

const saveSvg = async (svg, filename, format) => {
  const content = new Blob([svg], { type: "image/svg+xml" });
  if (format === "svg") return save(content, `${filename}.svg`);
  const picture = new Image();
  picture.src = URL.createObjectURL(content);
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SCALE * picture.width, SCALE * picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(picture.src);
  canvas.toBlob((png) => save(png, `${filename}.png`));
};

// The two kinds of figures, told alike: title, table, picture.
const plotly = (place) => {
  const graph = () => place.querySelector(".js-plotly-plot");
  return {
    title: () => place.getAttribute("aria-label") ?? plain(graph().layout.yaxis?.title?.text),
    about: () => graph().layout.meta,
    rows: () => plotlyRows(graph()),
    picture: (filename, format) => savePlotly(graph(), filename, format),
  };
};
const live = (place) => ({
  title: () => place.figure.title,
  about: () => undefined,
  rows: () => place.figure.rows(),
  picture: (filename, format) => saveSvg(place.figure.svg(WIDTH), filename, format),
});

let names = { page: "", model: "" };
let style = "";

const addMenu = (place, figure) => {
  if (place.querySelector(":scope > figure-export")) return;
  const host = document.createElement("figure-export");
  const shadow = host.attachShadow({ mode: "open" });
  shadow.innerHTML =
    '<style></style><button class="open" type="button" aria-expanded="false"></button><div class="menu" popover></div>';
  shadow.querySelector("style").textContent = style;
  const [open, menu] = [shadow.querySelector(".open"), shadow.querySelector(".menu")];
  open.popoverTargetElement = menu;
  const label = () => open.setAttribute("aria-label", `Save: ${figure.title()}`);
  const parts = () => [names.page, figure.title(), figure.about() ?? names.model];
  const filename = () => parts().map(slug).filter(Boolean).join("-");
  const choose = (words, act) => {
    const choice = menu.appendChild(document.createElement("button"));
    choice.type = "button";
    choice.textContent = words;
    choice.onclick = () => {
      menu.hidePopover();
      act();
    };
    return choice;
  };
  choose("PNG", () => figure.picture(filename(), "png"));
  choose("SVG", () => figure.picture(filename(), "svg"));
  const table = choose("CSV", () => save(new Blob([csv(figure.rows())], { type: "text/csv" }), `${filename()}.csv`));
  menu.addEventListener("beforetoggle", ({ newState }) => {
    label();
    table.hidden = newState === "open" && !figure.rows().length;
  });
  menu.addEventListener("toggle", ({ newState }) => {
    open.setAttribute("aria-expanded", newState === "open");
    const { right, bottom } = open.getBoundingClientRect();
    menu.style.left = `${Math.max(4, right - menu.offsetWidth)}px`;
    menu.style.top = `${Math.min(bottom + 2, window.innerHeight - menu.offsetHeight - 4)}px`;
  });
  place.addEventListener("pointerenter", () => host.classList.add("near"));
  place.addEventListener("pointerleave", () => host.classList.remove("near"));
  label();
  place.append(host);
};

const look = () => {
  for (const place of document.querySelectorAll("[data-testid=stPlotlyChart]")) {
    if (place.querySelector(".js-plotly-plot")?._fullLayout) addMenu(place, plotly(place));
  }
  for (const { shadowRoot } of document.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
    const place = shadowRoot?.querySelector(".chart");
    if (place?.figure) addMenu(place, live(place));
  }
};

const install = () => {
  let timer;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      look();
    }, SOON);
  };
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("figure", soon);
  soon();
};

export default function ({ data, parentElement }) {
  const isFirst = !style;
  names = data;
  style = parentElement.querySelector("style").textContent;
  if (isFirst) install();
}
