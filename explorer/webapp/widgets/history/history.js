// Streamlit adds an entry to the history whenever the server changes the URL, and another one whenever the page changes.
// One click can do both: Back would then lead to a state that nobody saw. Here the first change after a rest adds an
// entry, and those that follow before the app rests again replace it. What happens on the way Back or Forward adds none.

const QUIET = 400; // milliseconds without a change: a hand that drags a slider has let go

const isBusy = () => {
  const app = document.querySelector("[data-testid=stApp]");
  return Boolean(app) && app.dataset.testScriptState === "running";
};

const install = () => {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let rests = false; // the first view is being drawn
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (isBusy() ? wait() : (rests = true)), QUIET);
  };
  history.pushState = (state, title, url) => {
    (rests ? push : replace)(state, title, url);
    rests = false;
    wait();
  };
  window.addEventListener("popstate", () => {
    rests = false;
    wait();
  });
  // Somebody who follows a link has seen the page, at work as it may be.
  const follow = (event) => {
    if (event.target instanceof Element && event.target.closest("a")) rests = true;
  };
  document.addEventListener("click", follow, true);
  wait();
};

export default function () {
  if (window.imageDensityExplorerHistory) return;
  window.imageDensityExplorerHistory = true;
  install();
}
