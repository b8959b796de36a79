// People tagged on the picture: what stands in the field as `name x y`, placed by pointer or by keys.
import { announce } from "./app.js";

const $ = (id) => document.getElementById(id);
const within = (value) => Math.min(Math.max(value, 0), 1);
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function tagging(form, picture) {
  const field = form.elements.user_tags;
  if (!field || !$("tag-open")) return;
  let people = [];

  function read() {
    people = field.value.split("\n").map((line) => line.replaceAll(",", " ").trim().split(/\s+/)).filter(([name]) => name).map(([name, x, y]) => ({
      name: name.replace(/^@/, ""), x: x === undefined || Number.isNaN(Number(x)) ? 0.5 : within(Number(x)), y: y === undefined || Number.isNaN(Number(y)) ? 0.5 : within(Number(y)),
    }));
  }

  function write(told) {
    field.value = people.map((one) => `${one.name} ${Number(one.x.toFixed(2))} ${Number(one.y.toFixed(2))}`).join("\n");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (told) announce(told);
    $("tag-told").textContent = people.length ? `${people.length} tagged` : "Nobody is tagged yet.";
  }

  const where = (one) => `${Math.round(one.x * 100)} % across, ${Math.round(one.y * 100)} % down`;

  function put(mark, one) {
    mark.style.left = `${one.x * 100}%`;
    mark.style.top = `${one.y * 100}%`;
    mark.setAttribute("aria-label", `${one.name}: ${where(one)}`);
  }

  function pointed(event) {
    const bounds = $("tag-picture").getBoundingClientRect();
    return { x: within((event.clientX - bounds.left) / bounds.width), y: within((event.clientY - bounds.top) / bounds.height) };
  }

  function marked(one) {
    const mark = document.createElement("button");
    mark.type = "button";
    mark.className = "tagged one-line";
    mark.textContent = one.name;
    mark.setAttribute("aria-describedby", "tag-how");
    put(mark, one);
    mark.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (step) {
        event.preventDefault();
        const by = event.shiftKey ? 0.1 : 0.01;
        Object.assign(one, { x: within(one.x + step[0] * by), y: within(one.y + step[1] * by) });
        put(mark, one);
        write(where(one));
      } else if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        people.splice(people.indexOf(one), 1);
        draw();
        write(`${one.name} is taken away`);
        ($("tag-stage").querySelector(".tagged") ?? $("tag-name")).focus();
      }
    });
    mark.addEventListener("pointerdown", (event) => mark.setPointerCapture(event.pointerId));
    mark.addEventListener("pointermove", (event) => {
      if (!mark.hasPointerCapture(event.pointerId)) return;
      Object.assign(one, pointed(event));
      put(mark, one);
    });
    mark.addEventListener("pointerup", () => write(where(one)));
    return mark;
  }

  function draw() {
    for (const one of $("tag-stage").querySelectorAll(".tagged")) one.remove();
    $("tag-stage").append(...people.map(marked));
  }

  function add(place) {
    const name = $("tag-name").value.trim().replace(/^@/, "").split(/\s/)[0];
    if (!name) { $("tag-told").textContent = "Write the name first."; $("tag-name").focus(); return; }
    people.push({ name, ...place });
    $("tag-name").value = "";
    draw();
    write(`${name} is put on the picture`);
    $("tag-stage").lastElementChild.focus();
  }

  const current = () => { $("tag-open").hidden = !picture() || form.elements.type.value === "reel"; };
  form.addEventListener("input", current);
  new MutationObserver(current).observe($("shelf"), { childList: true, subtree: true });
  current();
  $("tag-open").addEventListener("click", () => {
    $("tag-picture").src = picture().replace("w=160", "w=720");
    read();
    draw();
    $("tag-told").textContent = people.length ? `${people.length} tagged` : "Nobody is tagged yet.";
    $("tagging").showModal();
    $("tag-name").focus();
  });
  $("tag-form").addEventListener("submit", (event) => { event.preventDefault(); add({ x: 0.5, y: 0.5 }); });
  $("tag-picture").addEventListener("click", (event) => add(pointed(event)));
}
