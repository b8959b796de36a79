// What is taken hold of in the calendar: posts are moved by drag and by keys (moving.js, loaded with the first one), and picked.
import { MOVABLE, openFor, wallAt } from "./chip.js";
import { nameOf, picked, unpick } from "./picking.js";

const $ = (id) => document.getElementById(id);
const page = $("calendar");
const zone = page.dataset.zone;
let moving = null;

// At once where it is loaded: keys that follow each other quickly are each of what the one before has done.
function mover(act = () => {}) {
  if (moving) act(moving);
  else import("./moving.js").then((loaded) => { moving = loaded; act(loaded); });
}

const STEPS = { ArrowLeft: -1440, ArrowRight: 1440, ArrowUp: -15, ArrowDown: 15 };
let dragged = null;

// Where the pointer has it: at a day, an hour or a free slot, and on another post of another time that can be moved.
function under(event) {
  const cell = event.target.closest?.("[data-day]");
  if (!cell || !dragged) return null;
  event.preventDefault();
  const other = event.target.closest(MOVABLE);
  return { cell, other: other && wallAt(other) !== wallAt(dragged) ? other : null };
}

function dragging() {
  page.addEventListener("dragstart", (event) => {
    const chip = event.target.closest?.(MOVABLE);
    if (!chip) return;
    dragged = chip;
    chip.classList.add("dragging");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.clearData(); // a browser drags the link
    event.dataTransfer.setData("text/plain", nameOf(chip));
    const bounds = chip.getBoundingClientRect();
    event.dataTransfer.setDragImage(chip, event.clientX - bounds.left, event.clientY - bounds.top);
  });
  page.addEventListener("dragend", () => {
    dragged?.classList.remove("dragging");
    dragged = null;
    mover(({ letGo }) => letGo());
  });
  page.addEventListener("dragover", (event) => {
    const [chip, there] = [dragged, under(event)];
    if (there) mover(({ drag }) => drag(chip, there, event.clientX, event.clientY));
  });
  page.addEventListener("drop", (event) => {
    const [chip, there] = [dragged, under(event)];
    if (there) mover(({ drop }) => drop(chip, there));
  });
}

function keys() {
  page.addEventListener("keydown", (event) => {
    const chip = event.target.closest(MOVABLE);
    if (!chip) return;
    const isStep = event.altKey && event.key in STEPS;
    const isDecided = chip.matches(".moving") && ["Enter", "Escape", "s"].includes(event.key);
    const isOpened = event.key === "m" && !event.ctrlKey && !event.metaKey;
    if (!isStep && !isDecided && !isOpened) return;
    event.preventDefault();
    if (isStep) chip.classList.add("moving");
    if (isOpened) openFor(chip);
    mover(({ shift, decide, weighUp }) => {
      if (isStep) shift(chip, STEPS[event.key]);
      else if (isDecided) decide(chip, event.key);
      else weighUp(chip);
    });
  });
  page.addEventListener("focusout", (event) => {
    const chip = event.target.closest(".chip.moving");
    if (chip && !chip.contains(event.relatedTarget)) mover(({ settle }) => settle(chip));
  });
}

// What would stand in the page once for each post, three hundred times in a week, is made here from what it says.
function boxes() {
  for (const chip of page.querySelectorAll(`${MOVABLE}:not(:has(input))`)) {
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "post", value: chip.dataset.post });
    box.setAttribute("form", "bulk");
    box.setAttribute("aria-label", `Pick ${nameOf(chip)}`);
    box.dataset.key = "x";
    chip.append(box);
  }
}

function hovered(event) {
  const link = event.target.closest?.(".chip a, .free");
  if (!link || link.title) return;
  const words = link.textContent.trim();
  link.title = `${words.slice(0, 5)} ${zone}, ${words.slice(5).trim()}`;
}

function picking() {
  const button = $("pick");
  if (!button) return;
  button.hidden = false;
  const set = (on) => {
    document.body.classList.toggle("picking", on);
    button.setAttribute("aria-pressed", String(on));
    if (on) picked(); else unpick();
  };
  button.addEventListener("click", () => set(!document.body.classList.contains("picking")));
  $("unpick").addEventListener("click", () => set(false));
}

page.addEventListener("mouseover", hovered);
if ($("drop")) {
  boxes();
  page.addEventListener("renewed", boxes);
  dragging();
  keys();
  picking();
  for (const kind of ["focusin", "pointerdown"]) page.addEventListener(kind, () => mover(), { once: true });
}

// A box of columns stays where it was scrolled to when the page is renewed.
const BOX = ".accounts";
let place = [0, 0];
page.addEventListener("scroll", (event) => {
  if (event.target.matches?.(BOX)) place = [event.target.scrollLeft, event.target.scrollTop];
}, true);
page.addEventListener("renewed", () => page.querySelector(BOX)?.scrollTo(...place));
