export default function (component) {
    const { data, parentElement, setTriggerValue } = component;
    const grid = parentElement.querySelector(".grid");
    grid.style.setProperty("--cell", `${data.cell}px`);
    grid.style.setProperty("--columns", data.columns ?? 1000);
    grid.style.setProperty("--ratio", data.ratio);
    const line = (name, text) => {
        const span = document.createElement("span");
        span.className = name;
        span.textContent = text;
        return span;
    };
    const cells = data.images.map((image, place) => {
        const picture = document.createElement("img");
        picture.src = image.source;
        picture.alt = image.description;
        const button = document.createElement("button");
        button.type = "button";
        button.title = image.description;
        if (place === data.current) button.setAttribute("aria-current", "true");
        button.append(picture);
        if (image.caption) button.append(line("caption", image.caption));
        if (image.detail) button.append(line("detail", image.detail));
        button.onclick = () => setTriggerValue("opened", place);
        const cell = document.createElement("li");
        cell.append(button);
        return cell;
    });
    if (data.label) grid.setAttribute("aria-label", data.label);
    grid.classList.toggle("tight", !data.images.some((image) => image.caption));
    const focused = Array.from(grid.children).indexOf(parentElement.activeElement?.parentElement);
    grid.replaceChildren(...cells);
    cells[focused]?.firstChild.focus({ preventScroll: true });
}
