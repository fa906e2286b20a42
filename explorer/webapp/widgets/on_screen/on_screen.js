// Asks for a turn, once for each time that it is drawn, as soon as its place is on the screen; see the module that declares it.

export default function ({ data, parentElement, setTriggerValue }) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    setTriggerValue("seen", data.drawn);
  });
  observer.observe(parentElement.querySelector(".place"));
  return () => observer.disconnect();
}
