// Shows the value under the pointer, and by arrow keys: read from the table that stands with the chart. Where a row of the
// table leads somewhere, a click or Enter on its place in the drawing leads there, too.
function place(box, svg, hit, index) {
  const count = Number(hit.dataset.count);
  const first = Number(hit.dataset.first);
  const last = Number(hit.dataset.last);
  const x = count < 2 ? first : first + (last - first) * index / (count - 1);
  let at = svg.querySelector(".at");
  if (!at) {
    at = document.createElementNS("http://www.w3.org/2000/svg", "path");
    at.setAttribute("class", "at");
    svg.append(at);
  }
  const top = Number(hit.getAttribute("y"));
  at.setAttribute("d", `M${x} ${top}V${top + Number(hit.getAttribute("height"))}`);
  return x / svg.viewBox.baseVal.width * svg.clientWidth;
}

// A chart is drawn wide and narrow; which of them is seen, the width of the window decides.
function seen(box) {
  const all = [...box.querySelectorAll("svg.chart")];
  return all.find((one) => one.clientWidth) ?? all[0];
}

function show(box, index) {
  const svg = seen(box);
  const hit = svg.querySelector(".hit");
  const row = box.querySelectorAll("tbody tr")[index];
  if (!row) return;
  let tip = box.querySelector(".tip");
  if (!tip) {
    tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("role", "status");
    box.append(tip);
  }
  const heads = [...box.querySelectorAll("thead th")].map((one) => one.textContent);
  const cells = [...row.cells].map((one) => one.textContent);
  const name = document.createElement("b");
  name.textContent = cells[0];
  const lines = cells.slice(1, -1).map((value, at) => `${heads[at + 1]}: ${value}`);
  if (cells.at(-1)) lines.push(cells.at(-1));
  if (box.matches("[data-leads]")) lines.push("Enter or a click: its posts");
  tip.replaceChildren(name, ...lines.flatMap((one, at) => at ? [document.createElement("br"), one] : [one]));
  const x = place(box, svg, hit, index);
  tip.style.left = `${Math.max(0, Math.min(box.clientWidth - tip.offsetWidth, x + 12))}px`;
  box.dataset.at = index;
}

function hide(box) {
  box.querySelector(".tip")?.remove();
  for (const one of box.querySelectorAll("svg.chart .at")) one.remove();
  delete box.dataset.at;
}

function follow(box, index) {
  box.querySelectorAll("tbody tr")[index]?.querySelector("a")?.click();
}

// Which value is below the pointer.
function under(event, svg, hit) {
  const count = Number(hit.dataset.count);
  const bounds = svg.getBoundingClientRect();
  const x = (event.clientX - bounds.left) / bounds.width * svg.viewBox.baseVal.width;
  const first = Number(hit.dataset.first);
  const last = Number(hit.dataset.last);
  const index = last === first ? 0 : Math.round((x - first) / (last - first) * (count - 1));
  return Math.max(0, Math.min(count - 1, index));
}

function listen(box, svg, hit) {
  const count = Number(hit.dataset.count);
  svg.setAttribute("tabindex", "0");
  svg.addEventListener("pointermove", (event) => show(box, under(event, svg, hit)));
  let tapped = -1; // a finger shows what is there before it goes anywhere
  svg.addEventListener("click", (event) => {
    const index = under(event, svg, hit);
    const isNew = event.pointerType === "touch" && tapped !== index;
    tapped = index;
    if (isNew) show(box, index);
    else follow(box, index);
  });
  svg.addEventListener("pointerleave", () => hide(box));
  svg.addEventListener("blur", () => hide(box));
  svg.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count }[event.key];
    if (event.key === "Enter" && box.dataset.at) follow(box, Number(box.dataset.at));
    if (!by) return;
    event.preventDefault();
    show(box, Math.max(0, Math.min(count - 1, Number(box.dataset.at ?? -1) + by)));
  });
}

export function charts(within) {
  for (const box of within.querySelectorAll("[data-chart]:not([data-ready])")) {
    for (const svg of box.querySelectorAll("svg.chart")) {
      const hit = svg.querySelector(".hit");
      if (!hit) continue;
      box.dataset.ready = "1";
      listen(box, svg, hit);
    }
  }
}

charts(document);
