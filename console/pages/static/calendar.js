// Moving posts by drag and by keys; what it would come to is shown before it is done. Picking several.
import { announce } from "./app.js";

const $ = (id) => document.getElementById(id);
const zone = $("calendar").dataset.zone;
const tip = $("cal-tip");
let dragged = null;
let asked = 0;

async function consequences(post, wall) {
  const mine = ++asked;
  const query = new URLSearchParams({ post, wall, zone });
  const answer = await fetch(`/calendar/consequences?${query}`);
  if (mine !== asked) return null;
  if (!answer.ok) return { told: wall.replace("T", " "), problems: ["It cannot be moved there."], warnings: [] };
  return answer.json();
}

function tell(where, found) {
  const lines = [found.told, ...found.problems, ...found.warnings];
  where.replaceChildren(...lines.map((line, at) => {
    const one = document.createElement(at ? "div" : "b");
    one.textContent = line;
    if (at) one.className = at <= found.problems.length ? "bad" : "warn";
    return one;
  }));
  if (lines.length === 1) {
    const fine = document.createElement("div");
    fine.className = "soft";
    fine.textContent = "Nothing stands in its way.";
    where.append(fine);
  }
}

function wallOf(cell, chip) {
  const time = chip.dataset.wall.slice(11);
  return `${cell.dataset.day}T${cell.dataset.hour ? `${cell.dataset.hour}:${time.slice(3)}` : time}`;
}

function send(chip, wall) {
  const form = $("drop");
  form.elements.post.value = chip.dataset.post;
  form.elements.version.value = chip.dataset.version;
  form.elements.wall.value = wall;
  form.requestSubmit();
}

function dragging() {
  const page = $("calendar");
  page.addEventListener("dragstart", (event) => {
    const chip = event.target.closest?.(".chip[draggable]");
    if (!chip) return;
    dragged = chip;
    chip.classList.add("dragging");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", chip.dataset.name);
  });
  page.addEventListener("dragend", () => {
    dragged?.classList.remove("dragging");
    dragged = null;
    tip.hidden = true;
    for (const one of page.querySelectorAll(".over")) one.classList.remove("over");
  });
  let over = null;
  page.addEventListener("dragover", (event) => {
    const cell = event.target.closest?.("[data-day]");
    if (!cell || !dragged) return;
    event.preventDefault();
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - 280)}px`;
    tip.style.top = `${event.clientY + 14}px`;
    if (cell === over) return;
    over?.classList.remove("over");
    over = cell;
    cell.classList.add("over");
    const wall = wallOf(cell, dragged);
    consequences(dragged.dataset.post, wall).then((found) => {
      if (!found || !dragged) return;
      tell(tip, found);
      tip.hidden = false;
    });
  });
  page.addEventListener("drop", (event) => {
    const cell = event.target.closest?.("[data-day]");
    if (!cell || !dragged) return;
    event.preventDefault();
    const wall = wallOf(cell, dragged);
    if (wall !== dragged.dataset.wall) send(dragged, wall);
  });
}

function shifted(wall, minutes) {
  const at = new Date(`${wall}:00Z`);
  at.setUTCMinutes(at.getUTCMinutes() + minutes);
  return at.toISOString().slice(0, 16);
}

const STEPS = { ArrowLeft: -1440, ArrowRight: 1440, ArrowUp: -15, ArrowDown: 15 };

function keys() {
  let pending = null;
  const settle = (chip) => {
    chip.classList.remove("moving");
    pending = null;
    tip.hidden = true;
  };
  $("calendar").addEventListener("keydown", async (event) => {
    const chip = event.target.closest(".chip");
    if (!chip) return;
    if (event.altKey && STEPS[event.key] && chip.draggable) {
      event.preventDefault();
      chip.classList.add("moving");
      pending = shifted(pending ?? chip.dataset.wall, STEPS[event.key]);
      const bounds = chip.getBoundingClientRect();
      tip.style.left = `${Math.min(bounds.left, innerWidth - 280)}px`;
      tip.style.top = `${bounds.bottom + 6}px`;
      const found = await consequences(chip.dataset.post, pending);
      if (!found || !pending) return;
      tell(tip, found);
      tip.hidden = false;
      announce(`${tip.innerText} Enter keeps it, Escape does not.`);
    } else if (pending && event.key === "Enter") {
      event.preventDefault();
      send(chip, pending);
    } else if (pending && event.key === "Escape") {
      settle(chip);
      announce("Left where it was.");
    } else if (event.key === "m" && chip.draggable) {
      event.preventDefault();
      open(chip);
    } else if (event.key === "x") {
      const box = chip.querySelector("input");
      if (box) { box.checked = !box.checked; picked(); }
    }
  });
  $("calendar").addEventListener("focusout", (event) => {
    const chip = event.target.closest(".chip.moving");
    if (chip && !chip.contains(event.relatedTarget)) settle(chip);
  });
}

function open(chip) {
  const dialog = $("move");
  const form = dialog.querySelector("form");
  form.elements.post.value = chip.dataset.post;
  form.elements.version.value = chip.dataset.version;
  form.elements.wall.value = chip.dataset.wall;
  $("move-name").textContent = chip.dataset.name;
  $("move-told").replaceChildren();
  dialog.showModal();
  form.elements.wall.focus();
}

function picked() {
  const boxes = [...document.querySelectorAll('.chip input[name="post"]')];
  const count = boxes.filter((one) => one.checked).length;
  $("picked").textContent = `${count} picked`;
  $("bulk").hidden = !count && !document.body.classList.contains("picking");
  for (const one of boxes) one.closest(".chip").toggleAttribute("data-dirty", one.checked);
}

function picking() {
  const button = $("pick");
  button.hidden = false;
  const set = (on) => {
    document.body.classList.toggle("picking", on);
    button.setAttribute("aria-pressed", String(on));
    if (!on) for (const one of document.querySelectorAll('.chip input[name="post"]')) one.checked = false;
    picked();
  };
  button.addEventListener("click", () => set(!document.body.classList.contains("picking")));
  $("unpick").addEventListener("click", () => set(false));
  document.addEventListener("change", (event) => { if (event.target.matches('.chip input[name="post"]')) picked(); });
  const bulk = $("bulk");
  bulk.addEventListener("click", (event) => {
    delete bulk.dataset.sure;
    if (event.target.closest("#bulk-cancel")) {
      const names = [...document.querySelectorAll(".chip input:checked")].map((one) => `“${one.closest(".chip").dataset.name}”`);
      bulk.dataset.sure = `Cancel ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}? Canceled posts cannot be brought back.`;
      bulk.dataset.yes = "Cancel posts";
    }
  }, true);
}

if ($("drop")) {
  dragging();
  keys();
  picking();
  const form = $("move").querySelector("form");
  form.elements.wall.addEventListener("input", () => {
    if (form.elements.wall.value) consequences(form.elements.post.value, form.elements.wall.value).then((found) => { if (found) tell($("move-told"), found); });
  });
}
