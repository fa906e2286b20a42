// Shows a card beside the point of a Plotly chart that the pointer is on: its image, cut from a sheet of thumbnails, and
// its text. A point's `customdata` is the index of its image and its place on the sheet. The chart is another element of
// the page, which Streamlit may build anew at any time: it is looked for whenever the pointer enters.
//
// Clicks are heard here, too: where a lasso can be drawn, Streamlit does not tell the server of them.
const GAP = 14;

export default function ({ data, parentElement, setTriggerValue }) {
  const card = parentElement.querySelector(".card");
  const picture = card.querySelector(".picture");
  const words = card.querySelector(".words");
  const host = document.querySelector(`.st-key-${data.chart}`);
  if (!host) return undefined;
  picture.style.backgroundImage = `url(${data.sheet})`;
  picture.style.backgroundSize = `${100 * data.columns}% ${100 * data.rows}%`;
  picture.style.aspectRatio = data.ratio;
  let graph = null;

  const hide = () => { card.hidden = true; };
  const share = (place, count) => (count > 1 ? (100 * place) / (count - 1) : 0);
  const show = ({ points: [point], event }) => {
    const place = point.customdata[1];
    picture.style.backgroundPosition =
      `${share(place % data.columns, data.columns)}% ${share(Math.floor(place / data.columns), data.rows)}%`;
    words.textContent = point.data.text[point.pointNumber];
    card.hidden = false;
    const { width, height } = card.getBoundingClientRect();
    const left = event.clientX + GAP + width > window.innerWidth ? event.clientX - GAP - width : event.clientX + GAP;
    const top = Math.min(event.clientY + GAP, window.innerHeight - height - 4);
    card.style.left = `${Math.max(4, left)}px`;
    card.style.top = `${Math.max(4, top)}px`;
  };
  const open = ({ points: [point] }) => setTriggerValue("opened", point.customdata[0]);
  const heard = { plotly_hover: show, plotly_unhover: hide, plotly_click: open };
  const letGo = () => {
    for (const [name, listener] of Object.entries(heard)) graph?.removeListener?.(name, listener);
  };
  const listen = () => {
    letGo();
    graph = host.querySelector(".js-plotly-plot");
    for (const [name, listener] of Object.entries(heard)) graph?.on?.(name, listener);
  };
  host.addEventListener("pointerenter", listen);
  host.addEventListener("pointerleave", hide);
  return () => {
    letGo();
    hide();
    host.removeEventListener("pointerenter", listen);
    host.removeEventListener("pointerleave", hide);
  };
}
