// The page scrolls inside an element of Streamlit's; it is given the focus, which the keys of the browser follow.

const CONTROL = "input, textarea, select, button, a, [contenteditable], [role=combobox], [role=option], [role=dialog]";
const SHARE = 0.8; // of what is on the screen, that the space bar scrolls by

const page = () => document.querySelector("[data-testid=stMain]");

const takeKeys = () => {
  const main = page();
  if (!main) return;
  if (!main.hasAttribute("tabindex")) main.tabIndex = -1;
  main.focus({ preventScroll: true });
};

const isOnScreen = (element) => {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= window.innerHeight;
};

let shown; // the view of the last run, also of a visit that went to another page since

export default function ({ data }) {
  if (data.view !== shown) {
    shown = data.view;
    page()?.scrollTo(0, 0);
    takeKeys();
  }
  const press = (event) => {
    const { code, target } = event;
    if (code !== "Space" || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    if (target.closest?.(CONTROL)) return;
    event.preventDefault();
    const button = document.querySelector(`.st-key-${data.onward} button`);
    if (button && isOnScreen(button)) button.click();
    else page()?.scrollBy({ top: SHARE * page().clientHeight, behavior: "smooth" });
  };
  const click = ({ target, detail }) => {
    const byPointer = detail > 0;
    if (byPointer && target.closest?.(`.st-key-${data.switch}`)) setTimeout(takeKeys);
  };
  document.addEventListener("keydown", press);
  document.addEventListener("click", click, true); // Streamlit ends it at the switch
  return () => {
    document.removeEventListener("keydown", press);
    document.removeEventListener("click", click, true);
  };
}
