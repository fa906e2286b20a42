// Takes files that are dropped or pasted anywhere on the page; see the module that declares this component.

const UPLOADER = "stFileUploader";
const PATIENCE = 600; // milliseconds after the last event of a drag: the pointer has left the window

const isOver = (event, testId) => event.composedPath().some((element) => element.dataset?.testid === testId);
const isEditable = ([target]) => target.isContentEditable || /^(INPUT|TEXTAREA)$/.test(target.tagName);

const contentOf = (file) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => resolve(null); // a folder, or a file that is gone
    reader.readAsDataURL(file);
  });

// Width and height of what the browser can show; null for other formats, which the server looks at.
const sidesOf = (file) =>
  new Promise((resolve) => {
    const image = new Image();
    const done = (sides) => {
      URL.revokeObjectURL(image.src);
      resolve(sides);
    };
    image.onload = () => done([image.naturalWidth, image.naturalHeight]);
    image.onerror = () => done(null);
    image.src = URL.createObjectURL(file);
  });

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.listening?.abort();
  const listening = new AbortController();
  parentElement.listening = listening;
  const zone = parentElement.querySelector(".zone");
  zone.querySelector("span").textContent = data.label;
  let [isOwn, timer] = [false, null];

  const hide = () => { zone.hidden = true; };
  const holdsFile = ({ dataTransfer }) => !isOwn && Boolean(dataTransfer?.types.includes("Files"));

  const take = async (files, name) => {
    const file = files.find(({ type }) => type.startsWith("image/")) ?? files[0];
    const about = { name: name ?? file.name, size: file.size, others: files.length - 1 };
    if (file.size > data.max_bytes) return setTriggerValue("file", about);
    const sides = await sidesOf(file);
    if (sides && sides[0] * sides[1] > data.max_pixels) return setTriggerValue("file", { ...about, sides });
    setTriggerValue("file", { ...about, content: await contentOf(file) });
  };

  const heard = {
    dragstart: () => { isOwn = true; }, // a picture of this page
    dragend: () => { isOwn = false; },
    dragover: (event) => {
      if (!holdsFile(event)) return;
      if (!isOver(event, UPLOADER)) event.preventDefault();
      zone.hidden = false;
      clearTimeout(timer);
      timer = setTimeout(hide, PATIENCE);
    },
    drop: (event) => {
      hide();
      if (!holdsFile(event) || isOver(event, UPLOADER)) return;
      event.preventDefault();
      const files = Array.from(event.dataTransfer.files);
      if (files.length) take(files);
    },
    paste: (event) => {
      const files = Array.from(event.clipboardData?.files ?? []);
      if (!files.length) return;
      if (isEditable(event.composedPath()) && event.clipboardData.types.includes("text/plain")) return;
      event.preventDefault();
      const isNamed = files.length > 1 || !/^image\.\w+$/.test(files[0].name); // what browsers call a bare picture
      take(files, isNamed ? undefined : "");
    },
  };
  for (const [name, listener] of Object.entries(heard)) {
    document.addEventListener(name, listener, { capture: true, signal: listening.signal });
  }
  return () => {
    hide();
    listening.abort();
  };
}
