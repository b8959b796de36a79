// Moving a post, and swapping two, by drag and by keys; what it would come to is shown before it is done. Loaded by the
// calendar as soon as somebody takes hold of a post.
import { announce } from "./app.js";
import { MOVABLE, openFor, wallAt } from "./chip.js";
import { nameOf } from "./picking.js";

const $ = (id) => document.getElementById(id);
const page = $("calendar");
const zone = page.dataset.zone;
const tip = $("cal-tip");
let asked = 0;

// `other`: a post that it may change places with instead.
async function consequences(post, wall, other = null) {
  const mine = ++asked;
  const query = new URLSearchParams({ post, wall, zone, ...(other ? { other } : {}) });
  const answer = await fetch(`/calendar/consequences?${query}`);
  if (mine !== asked) return null;
  if (!answer.ok) return { told: wall.replace("T", " "), problems: ["It cannot be moved there."], warnings: [], swap: [] };
  return answer.json();
}

function line(words, kind = "", name = "div") {
  const one = document.createElement(name);
  one.textContent = words;
  one.className = kind;
  return one;
}

function facts(found) {
  return [...found.problems.map((one) => line(one, "bad")), ...found.warnings.map((one) => line(one, "warn"))];
}

function tell(where, found) {
  const told = facts(found);
  where.replaceChildren(line(found.told, "", "b"), ...(told.length ? told : [line("Nothing stands in its way.", "soft")]));
}

// What a swap comes to, for both of them.
function tellSwap(where, found, pair) {
  const told = found.swap.flatMap((one, at) => [line(`${one.told}: “${nameOf(pair[at])}”`), ...facts(one)]);
  if (told.length === 2) told.push(line("Nothing stands in their way.", "soft"));
  where.append(...told);
}

// Where a chip would come to be in a cell: a slot says its time, an hour its hour, a day nothing.
function wallOf(cell, chip) {
  if (cell.dataset.time) return `${cell.dataset.day}T${cell.dataset.time}`;
  const time = wallAt(chip).slice(11);
  return `${cell.dataset.day}T${cell.dataset.hour ? `${cell.dataset.hour}:${time.slice(3)}` : time}`;
}

// The others that can be moved; and the one of them that is due at a time.
const others = (chip) => [...page.querySelectorAll(MOVABLE)].filter((one) => one !== chip);
const heldAt = (wall, chip) => (wall === wallAt(chip) ? undefined : others(chip).find((one) => wallAt(one) === wall));

function send(chip, wall, other = null) {
  const form = $("drop");
  form.action = other ? "/calendar/swap" : "/calendar/move";
  form.elements.post.value = chip.dataset.post;
  form.elements.version.value = chip.dataset.version;
  form.elements.wall.value = wall;
  form.elements.other.value = other?.dataset.post ?? "";
  form.elements.other_version.value = other?.dataset.version ?? "";
  form.requestSubmit();
}

function tipAt(left, top) {
  tip.hidden = false;
  tip.style.left = `${Math.max(4, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.max(4, Math.min(top, innerHeight - tip.offsetHeight - 8))}px`;
}

// With a column for each account a post is moved in time and not to another account.
function refusal(chip, cell) {
  const [from, to] = [chip, cell].map((one) => one.closest("[data-of]")?.dataset.of);
  if (from === to) return "";
  const [mine, other] = [from, to].map((at) => page.querySelector(`[data-head="${at}"] .one-line`).textContent);
  return `“${nameOf(chip)}” belongs to ${mine}: a post stays with its account, and is not moved to ${other}.`;
}

function sayRefused(words) {
  document.querySelector(".said")?.remove();
  const said = line("", "said bad");
  said.setAttribute("role", "alert");
  const close = line("Close", "", "button");
  Object.assign(close, { type: "button" }).dataset.closes = "said";
  said.append(line(words, "words"), close);
  document.body.append(said);
}

let over = null; // what the tip is about

function unmark() {
  for (const one of page.querySelectorAll(".over")) one.classList.remove("over", "refused");
}

// `there`: the cell that a chip is held over, and the other post in it, if one is.
export function drag(chip, there, x, y) {
  const place = [x + 14, y + 14];
  if (!tip.hidden) tipAt(...place);
  const refused = refusal(chip, there.cell);
  const target = refused ? there.cell : there.other ?? there.cell;
  if (target === over || !chip.matches(".dragging")) return;
  over = target;
  unmark();
  over.classList.add("over");
  if (refused) {
    asked += 1; // what is still to be answered is of another place
    over.classList.add("refused");
    tip.replaceChildren(line(refused, "bad"));
    tipAt(...place);
    return;
  }
  consequences(chip.dataset.post, wallOf(there.cell, chip), there.other?.dataset.post).then((found) => {
    if (!found || !chip.matches(".dragging")) return;
    tell(tip, found);
    if (there.other) {
      tip.append(line("Or swap their times", "", "b"));
      tellSwap(tip, found, [chip, there.other]);
    }
    tipAt(...place);
  });
}

export function drop(chip, there) {
  const wall = wallOf(there.cell, chip);
  const refused = refusal(chip, there.cell);
  if (refused) sayRefused(refused);
  else if (there.other) {
    openFor(chip, wall);
    weighUp(chip, there.other);
    $("swap").focus();
  } else if (wall !== wallAt(chip)) send(chip, wall);
}

export function letGo() {
  over = null;
  tip.hidden = true;
  unmark();
}

function shifted(wall, minutes) {
  const at = new Date(`${wall}:00Z`);
  at.setUTCMinutes(at.getUTCMinutes() + minutes);
  return at.toISOString().slice(0, 16);
}

let pending = null; // where the chip that is moved by keys would come to be

export function settle(chip) {
  chip.classList.remove("moving");
  pending = null;
  tip.hidden = true;
}

export async function shift(chip, minutes) {
  pending = shifted(pending ?? wallAt(chip), minutes);
  const other = heldAt(pending, chip);
  const found = await consequences(chip.dataset.post, pending, other?.dataset.post);
  if (!found || !pending) return;
  tell(tip, found);
  if (other) {
    tip.append(line("Or, with s, swap their times", "", "b"));
    tellSwap(tip, found, [chip, other]);
  }
  const bounds = chip.getBoundingClientRect();
  tipAt(bounds.left, bounds.bottom + 6);
  announce(`${tip.innerText} Enter keeps it,${other ? " s swaps their times," : ""} Escape does not.`);
}

export function decide(chip, key) {
  const other = key === "s" ? heldAt(pending, chip) : null;
  if (key === "Enter") send(chip, pending);
  else if (other) send(chip, pending, other);
  else if (key === "Escape") {
    settle(chip);
    announce("Left where it was.");
  }
}

// The post is moved to a time that is said, or swaps times with another one of the page: the one that is due then, or one
// that is chosen.
let moving = null;
const form = $("move").querySelector("form");
const chosen = () => others(moving).find((one) => one.dataset.post === $("move-other").value);

export function weighUp(chip, other = null) {
  moving = chip;
  const choices = others(chip).map((one) => new Option(`${onDay(wallAt(one))}, ${nameOf(one)}`, one.dataset.post));
  $("move-other").replaceChildren(new Option("No other post", ""), ...choices);
  $("move-other").value = (other ?? heldAt(form.elements.wall.value, chip))?.dataset.post ?? "";
  $("move-other").closest("label").hidden = !choices.length;
  weigh();
}

function onDay(wall) {
  const day = new Date(`${wall}Z`).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
  return `${day.replace(",", "")} ${wall.slice(11)}`;
}

// What both would come to, of what the dialog says now.
async function weigh() {
  const [wall, other] = [form.elements.wall.value, chosen()];
  $("swap").hidden = !other;
  $("swap-told").replaceChildren();
  if (!wall || (wall === wallAt(moving) && !other)) {
    asked += 1;
    $("move-told").replaceChildren();
    return;
  }
  const found = await consequences(moving.dataset.post, wall, other?.dataset.post);
  if (!found) return;
  tell($("move-told"), found);
  if (other) tellSwap($("swap-told"), found, [moving, other]);
}

function swap() {
  if (chosen()) send(moving, "", chosen());
}

form.elements.wall.addEventListener("input", () => {
  $("move-other").value = heldAt(form.elements.wall.value, moving)?.dataset.post ?? "";
  weigh();
});
$("move-other").addEventListener("change", () => {
  if (chosen()) form.elements.wall.value = wallAt(chosen());
  weigh();
});
$("swap").addEventListener("click", swap);
form.addEventListener("keydown", (event) => {
  if (event.key !== "s" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select") || !chosen()) return;
  event.preventDefault();
  swap();
});
