// A square on an image. Python holds the truth (`data.crop`: left and top as fractions of the free play, size as a
// fraction of the shorter side); this file moves the square and reports where it was let go.

const SMALLEST = 0.02;
const KEY_STEP = 0.02;
const KEY_DELAY = 250;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".frame");
  const image = frame.querySelector("img");
  const box = frame.querySelector(".box");
  const { width, height } = data;
  const shorter = Math.min(width, height);
  if (image.getAttribute("src") !== data.image) image.src = data.image;
  box.setAttribute("aria-label", data.label);
  box.title = data.label;

  // The square in pixels of the original image.
  const fromCrop = ([left, top, size]) => {
    const side = size * shorter;
    return { x: left * (width - side), y: top * (height - side), side };
  };
  const toCrop = ({ x, y, side }) => {
    const share = (offset, play) => (play > 1e-9 ? clamp(offset / play, 0, 1) : 0.5);
    return [share(x, width - side), share(y, height - side), side / shorter].map((v) => Math.round(v * 1000) / 1000);
  };
  const fit = ({ x, y, side }) => {
    const fitted = clamp(side, SMALLEST * shorter, shorter);
    return { x: clamp(x, 0, width - fitted), y: clamp(y, 0, height - fitted), side: fitted };
  };

  let square = fromCrop(data.crop);
  const draw = () => {
    box.style.left = `${(100 * square.x) / width}%`;
    box.style.top = `${(100 * square.y) / height}%`;
    box.style.width = `${(100 * square.side) / width}%`;
    box.style.height = `${(100 * square.side) / height}%`;
  };
  const report = () => {
    const crop = toCrop(square);
    if (crop.some((value, i) => Math.abs(value - data.crop[i]) > 1e-6)) setTriggerValue("moved", crop);
  };
  if (!frame.dataset.dragging) draw();

  const position = (event) => {
    const bounds = frame.getBoundingClientRect();
    const scale = width / bounds.width;
    return { x: (event.clientX - bounds.left) * scale, y: (event.clientY - bounds.top) * scale };
  };

  frame.onpointerdown = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    box.focus({ preventScroll: true });
    const start = position(event);
    const corner = ["nw", "ne", "sw", "se"].find((name) => event.target.classList.contains(name));
    if (event.target === frame || event.target === image) {
      square = fit({ x: start.x - square.side / 2, y: start.y - square.side / 2, side: square.side });
      draw();
    }
    const before = { ...square };
    frame.dataset.dragging = "yes";
    frame.setPointerCapture(event.pointerId);

    frame.onpointermove = (move) => {
      const now = position(move);
      const dx = now.x - start.x;
      const dy = now.y - start.y;
      if (corner) {
        // The opposite corner stays where it is.
        const west = corner.endsWith("w");
        const north = corner.startsWith("n");
        const anchorX = west ? before.x + before.side : before.x;
        const anchorY = north ? before.y + before.side : before.y;
        const room = Math.min(west ? anchorX : width - anchorX, north ? anchorY : height - anchorY);
        const grown = before.side + ((west ? -dx : dx) + (north ? -dy : dy)) / 2;
        const side = clamp(grown, SMALLEST * shorter, Math.min(room, shorter));
        square = { x: west ? anchorX - side : anchorX, y: north ? anchorY - side : anchorY, side };
      } else {
        square = fit({ x: before.x + dx, y: before.y + dy, side: before.side });
      }
      draw();
    };
    frame.onpointerup = frame.onpointercancel = () => {
      frame.onpointermove = frame.onpointerup = frame.onpointercancel = null;
      delete frame.dataset.dragging;
      report();
    };
  };

  box.onkeydown = (event) => {
    const step = KEY_STEP * shorter * (event.shiftKey ? 5 : 1);
    const { x, y, side } = square;
    const grown = (by) => ({ x: x - by / 2, y: y - by / 2, side: side + by });
    const moved = {
      ArrowLeft: { x: x - step, y, side },
      ArrowRight: { x: x + step, y, side },
      ArrowUp: { x, y: y - step, side },
      ArrowDown: { x, y: y + step, side },
      "+": grown(step),
      "=": grown(step),
      "-": grown(-step),
    }[event.key];
    if (!moved) return;
    event.preventDefault();
    square = fit(moved);
    draw();
    clearTimeout(frame.reportTimer);
    frame.reportTimer = setTimeout(report, KEY_DELAY);
  };

  return () => clearTimeout(frame.reportTimer);
}
