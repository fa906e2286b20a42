// Reads numbers as people write them; see the module that declares this component. A field is of the browser's type
// "number", which drops characters: it is of the type "text" for as long as it has the focus.

const FIELD = "[data-testid=stNumberInputField]";
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// A number as JavaScript writes it: true minus signs and dashes, raised digits and "×10^" become ASCII.
const plain = (text) =>
  text
    .replace(/[−‐‑‒–—﹣－⁻]/g, "-")
    .replace(/[＋⁺]/g, "+")
    .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => RAISED.indexOf(digit))
    .replace(/\s*[×x✕⋅·*]\s*10\s*(?:\^|\*\*)?\s*([-+]?\d+)$/i, "e$1")
    .replace(/^([-+]?)10\^([-+]?\d+)$/, "$11e$2")
    .trim();

// What the digits, separators and spaces before an exponent say: one number, or none (null), or two.
const readings = (digits) => {
  const grouped = (separator, rest = "") =>
    new RegExp(`^[-+]?\\d{1,3}(?:${separator}\\d{3})+${rest}$`).test(digits);
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(digits)) return [digits];
  const space = "[ \\u00a0\\u2007\\u2009\\u202f'’]";
  if (grouped(space, "(?:[.,]\\d*)?")) return [digits.replace(/[ \u00a0\u2007\u2009\u202f'’]/g, "").replace(",", ".")];
  if (grouped(",", "\\.\\d*")) return [digits.replaceAll(",", "")];
  if (grouped("\\.", ",\\d*")) return [digits.replaceAll(".", "").replace(",", ".")];
  const [commas, points] = [",", "."].map((separator) => digits.split(separator).length - 1);
  if (commas > 1 && grouped(",")) return [digits.replaceAll(",", "")];
  if (points > 1 && grouped("\\.")) return [digits.replaceAll(".", "")];
  if (commas === 1 && /^[-+]?(?:\d+,\d*|,\d+)$/.test(digits)) {
    const decimal = digits.replace(",", ".");
    return grouped(",") && !/^[-+]?0/.test(digits) ? [digits.replace(",", ""), decimal] : [decimal];
  }
  return [];
};

// { value } with the number as a text that Streamlit reads, or { problem } with a sentence. `whole`: no fractions.
export const read = (typed, whole) => {
  const shown = typed.trim();
  const [, digits, exponent = ""] = plain(shown).match(/^(.*?)(e[-+]?\d+)?$/i);
  const all = readings(digits.replace(/^([-+])\s+/, "$1")).map((number) => Number(number + exponent));
  // In whole numbers a comma is between thousands.
  const possible = whole ? all.filter(Number.isInteger).slice(0, 1) : all;
  if (!all.length || !all.every(Number.isFinite)) {
    return { problem: `“${shown}” is not a number. Type digits, with a point before decimals and without a unit.` };
  }
  if (whole && /^[-+]?[1-9]\d{0,2}\.\d{3}$/.test(plain(shown))) {
    return { problem: `“${shown}” can be ${possible.concat(plain(shown).replace(".", "")).join(" or ")}. Type one of these.` };
  }
  if (!possible.length) return { problem: `“${shown}” is not a whole number.` };
  const [first, second] = possible.map(String);
  if (second === undefined) return { value: first };
  const decimal = second.includes(".") ? second : `${second}.0`;
  return { problem: `“${shown}” can be ${first} or ${decimal}. Type one of these.` };
};

export default function ({ parentElement }) {
  const alert = parentElement.querySelector(".problem");
  const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const write = (field, value) => {
    setValue.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true })); // React hears of it before the event that is at work
  };
  const hide = () => { alert.hidden = true; };
  const tell = (field, problem) => {
    const { left, bottom } = field.getBoundingClientRect();
    alert.textContent = problem;
    alert.hidden = false;
    alert.style.left = `${Math.max(4, Math.min(left, window.innerWidth - alert.offsetWidth - 4))}px`;
    alert.style.top = `${Math.min(bottom + 8, window.innerHeight - alert.offsetHeight - 4)}px`;
  };

  const settle = (field) => {
    if (!field.value.trim() || field.value === field.dataset.before) return;
    const step = Number(field.getAttribute("step") || 1);
    const { value, problem } = read(field.value, Number.isInteger(step));
    if (problem) tell(field, problem);
    const wanted = problem ? field.dataset.before : value;
    if (field.value !== wanted) write(field, wanted);
    field.dataset.before = wanted;
  };
  const enter = ({ target }) => {
    if (!target.matches?.(FIELD) || target.type !== "number") return;
    target.dataset.before = target.value;
    target.inputMode = Number(target.min || -1) < 0 ? "text" : "decimal"; // some decimal keypads have no minus
    target.type = "text";
    target.select(); // as the Tab key does; the change of the type has undone it
  };
  const leave = ({ target }) => {
    if (!target.matches?.(FIELD) || target.type !== "text") return;
    settle(target);
    target.type = "number";
  };
  const press = ({ key, target }) => {
    if (!target.matches?.(FIELD)) return;
    hide();
    if (["Enter", "ArrowUp", "ArrowDown"].includes(key)) settle(target);
  };
  // Before React's own listeners, which sit inside the document and take what is in the field then.
  const heard = { focusin: enter, focusout: leave, keydown: press };
  for (const [name, listener] of Object.entries(heard)) document.addEventListener(name, listener, true);
  document.addEventListener("pointerdown", hide, true);
  if (document.activeElement?.matches?.(FIELD)) enter({ target: document.activeElement });
  return () => {
    for (const [name, listener] of Object.entries(heard)) document.removeEventListener(name, listener, true);
    document.removeEventListener("pointerdown", hide, true);
  };
}
