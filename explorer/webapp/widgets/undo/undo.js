// Undo is one step back in the history; see the module that declares this component.

// A text that is being written has an undo of its own.
const isText = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable ||
    element.matches("textarea, input:not([type=range], [type=checkbox], [type=radio], [type=button], [type=file])"));

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  const show = () => {
    button.disabled = !window.explorerHistory?.steps();
  };
  const undo = () => window.explorerHistory?.undo();
  const press = (event) => {
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";
    if (!isUndo || event.defaultPrevented || isText(event.composedPath()[0])) return;
    event.preventDefault();
    undo();
  };
  button.onclick = undo;
  window.addEventListener("explorer:history", show);
  document.addEventListener("keydown", press);
  show();
  return () => {
    window.removeEventListener("explorer:history", show);
    document.removeEventListener("keydown", press);
  };
}
