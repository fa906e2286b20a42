// Streamlit adds an entry to the history whenever the server changes the URL, and another one whenever the page changes.
// One click can do both: Back would then lead to a state that nobody saw. Here the first change after a rest adds an
// entry, and those that follow before the app rests again replace it. What happens on the way Back or Forward adds none.
//
// Each entry holds how many entries of the same page come right before it. So one can go back without leaving the page.

const QUIET = 400; // milliseconds without a change: a hand that drags a slider has let go
const SOON = 50;

const isBusy = () => {
  const app = document.querySelector("[data-testid=stApp]");
  return Boolean(app) && app.dataset.testScriptState === "running";
};

const steps = () => history.state?.explorerSteps ?? 0;

const install = () => {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let rests = false; // the first view is being drawn
  let timer;
  let undone = 0; // steps back that somebody asked for and that were not taken yet
  const tell = () => window.dispatchEvent(new Event("explorer:history"));
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (isBusy() ? wait() : (rests = true)), QUIET);
  };
  const counted = (write, more) => (state, title, url) => {
    const { pathname } = new URL(url ?? "", location.href);
    const count = pathname === location.pathname ? steps() + more : 0;
    write({ ...state, explorerSteps: count }, title, url);
    tell();
  };
  const [pushCounted, replaceCounted] = [counted(push, 1), counted(replace, 0)];
  history.replaceState = replaceCounted;
  history.pushState = (state, title, url) => {
    (rests ? pushCounted : replaceCounted)(state, title, url);
    rests = false;
    wait();
  };
  window.addEventListener("popstate", () => {
    rests = false;
    wait();
    tell();
  });
  // Somebody who follows a link has seen the page, at work as it may be.
  const follow = (event) => {
    if (event.target instanceof Element && event.target.closest("a")) rests = true;
  };
  document.addEventListener("click", follow, true);
  wait();

  // What the app is at work on gets into the history first: it is what is to be undone.
  const goBack = () => {
    if (isBusy()) return setTimeout(goBack, SOON);
    if (steps()) history.back();
    undone -= 1;
    if (undone) setTimeout(goBack, SOON);
  };
  const undo = () => {
    undone += 1;
    if (undone === 1) goBack();
  };
  window.explorerHistory = { steps, undo };
  tell();
};

export default function () {
  if (!window.explorerHistory) install();
}
