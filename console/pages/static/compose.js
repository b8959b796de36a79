// Writing a post: media by drop, paste or choice, their order by drag and keys; saved and judged at each pause.
import { announce } from "./app.js";

const form = document.getElementById("compose");
const $ = (id) => document.getElementById(id);
const PAUSE_MS = 900;
const token = document.body.dataset.csrf;
let waiting = null;
let busy = false;
let again = false;

function pictureOf(item) {
  return item.querySelector("img")?.src;
}

function controls(item) {
  if (item.querySelector(".moves")) return;
  const box = document.createElement("div");
  box.className = "moves row";
  for (const [label, glyph, by] of [["Earlier", "←", -1], ["Later", "→", 1], ["Remove", "×", 0]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain icon";
    button.textContent = glyph;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => shift(item, by, button));
    box.append(button);
  }
  item.append(box);
  item.draggable = true;
}

function shift(item, by, button) {
  const shelf = $("shelf");
  if (by < 0 && item.previousElementSibling) shelf.insertBefore(item, item.previousElementSibling);
  else if (by > 0 && item.nextElementSibling) shelf.insertBefore(item.nextElementSibling, item);
  else if (!by) item.remove();
  if (by) button.focus();
  announce(by ? `Now number ${[...shelf.children].indexOf(item) + 1} of ${shelf.children.length}` : "Removed");
  changed();
}

function add(source, picture, isVideo) {
  const item = document.createElement("li");
  const thumb = document.createElement("span");
  thumb.className = "thumb";
  if (picture) {
    const shown = document.createElement(isVideo ? "video" : "img");
    shown.src = picture;
    if (!isVideo) shown.alt = "";
    thumb.append(shown);
  }
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = "media";
  hidden.value = source;
  const alt = document.createElement("input");
  alt.name = "alt_text";
  alt.placeholder = "Alt text";
  alt.setAttribute("aria-label", `Alternative text of media ${$("shelf").children.length + 1}`);
  item.append(thumb, hidden, alt);
  controls(item);
  $("shelf").append(item);
  changed();
  return item;
}

async function take(files) {
  for (const file of files) {
    const item = add("", "", false);
    const hidden = item.querySelector("[name=media]");
    hidden.disabled = true;
    item.setAttribute("aria-busy", "true");
    const body = new FormData();
    body.append("file", file);
    const answer = await fetch("/compose/media", { method: "POST", body, headers: { "X-CSRF-Token": token } });
    const told = await answer.json().catch(() => ({ message: "it could not be taken" }));
    item.removeAttribute("aria-busy");
    if (!answer.ok) {
      item.remove();
      tell("media", [`${file.name}: ${told.message}`], []);
      announce(`${file.name}: ${told.message}`);
      continue;
    }
    hidden.disabled = false;
    hidden.value = told.reference;
    const shown = document.createElement("img");
    shown.src = `/pictures/kept/${told.sha256}?w=160`;
    shown.alt = "";
    item.querySelector(".thumb").replaceChildren(shown);
    changed();
  }
  guess();
}

function guess() {
  const type = form.elements.type;
  const count = $("shelf").children.length;
  if (!type.disabled && count > 1 && type.value === "image") { type.value = "carousel"; changed(); }
}

function tell(name, problems, warnings) {
  const where = form.querySelector(`[data-told="${name}"]`);
  if (!where) return false;
  where.replaceChildren(...[...problems.map((one) => [one, "fieldproblem"]), ...warnings.map((one) => [one, "fieldwarning"])].map(([text, kind]) => {
    const one = document.createElement("span");
    one.className = `${kind} words`;
    one.textContent = `${text} `;
    return one;
  }));
  return true;
}

function judge(told) {
  const names = [...form.querySelectorAll("[data-told]")].map((one) => one.dataset.told);
  const loose = [];
  for (const name of names) {
    tell(name, told.problems.filter((one) => one.column === name && !isEarly(one)).map((one) => one.message), told.warnings.filter((one) => one.column === name).map((one) => one.message));
  }
  for (const one of told.problems) if (!names.includes(one.column)) loose.push(`${one.column}: ${one.message}`);
  $("verdict").textContent = loose.join("; ") || (told.problems.length ? `${told.problems.length} to be mended` : "Nothing is wrong with it.");
  for (const [name, value] of Object.entries({ characters: told.counts.characters, hashtags: told.counts.hashtags, mentions: told.counts.mentions })) {
    const where = document.querySelector(`[data-count="${name}"]`);
    where.textContent = `${value} of ${told.counts[`most_${name}`]} ${name}`;
    where.classList.toggle("over", value > told.counts[`most_${name}`]);
  }
}

// What was not written yet is no mistake while somebody writes.
function isEarly(problem) {
  const field = form.elements[problem.column];
  if (problem.column === "media") return !$("shelf").children.length;
  return field && "value" in field && !field.value;
}

async function save() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch("/compose/save", { method: "POST", body: new FormData(form), headers: { "X-CSRF-Token": token } });
    const told = await answer.json();
    if (!answer.ok) {
      $("saved").textContent = told.message;
      return;
    }
    if (told.draft) {
      form.elements.draft.value = told.draft;
      form.elements.version.value = told.version;
      history.replaceState(null, "", `/compose?draft=${told.draft}`);
      $("saved").textContent = `Saved as draft ${told.draft}`;
    }
    judge(told);
  } catch {
    $("saved").textContent = "Not saved: the console does not answer. It is tried again.";
    setTimeout(changed, 3000);
  } finally {
    busy = false;
    if (again) { again = false; changed(); }
  }
}

function preview() {
  const items = [...$("shelf").children];
  const shots = items.map((item) => {
    const box = document.createElement("div");
    const picture = pictureOf(item);
    if (picture) {
      const shown = document.createElement("img");
      shown.src = picture.replace("w=160", "w=480");
      shown.alt = item.querySelector("[name=alt_text]").value || "";
      box.append(shown);
    }
    return box;
  });
  if (shots.length) $("shots").replaceChildren(...shots);
  $("says").textContent = form.elements.caption.value;
  const name = form.elements.account.value;
  document.querySelector("[data-name]").textContent = name || "choose an account";
  document.querySelector("[data-face]").textContent = name.slice(0, 1).toUpperCase();
  place(items[0] && pictureOf(items[0]));
}

function place(picture) {
  const grid = document.querySelector("[data-grid]");
  grid.querySelector(".new")?.remove();
  if (!picture || form.elements.type.value === "story" || form.elements.post.value) return;
  const box = document.createElement("div");
  box.className = "new";
  const shown = document.createElement("img");
  shown.src = picture;
  shown.alt = "This post";
  box.append(shown);
  const at = Date.parse(form.elements.publish_at.value) / 1000 || Infinity;
  const later = [...grid.children].find((one) => Number(one.dataset.at) < at);
  grid.insertBefore(box, later ?? null);
}

function changed() {
  preview();
  clearTimeout(waiting);
  waiting = setTimeout(save, PAUSE_MS);
}

async function around() {
  const account = form.elements.account;
  const zone = account.selectedOptions[0]?.dataset.zone ?? "UTC";
  $("zone-name").textContent = zone;
  if (!account.value) return;
  const answer = await fetch(`/compose/around?account=${encodeURIComponent(account.value)}`);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  $("slots").replaceChildren(...page.querySelector("#slots").childNodes);
  $("grid-now").replaceChildren(...page.querySelector("#grid-now").childNodes);
  preview();
}

if (form) {
  for (const item of $("shelf").children) controls(item);
  form.addEventListener("input", changed);
  form.elements.account.addEventListener("change", around);
  $("files").addEventListener("change", () => { take([...$("files").files]); $("files").value = ""; });
  $("add-address").addEventListener("click", () => {
    const address = $("address");
    if (address.value && address.checkValidity()) { add(address.value, "", false); address.value = ""; guess(); }
  });
  $("slots").addEventListener("click", (event) => {
    const wall = event.target.closest("[data-wall]")?.dataset.wall;
    if (wall) { form.elements.publish_at.value = wall; changed(); }
  });
  const drop = $("drop-media");
  addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); drop.classList.add("over"); } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => { if (event.clipboardData?.files.length) take([...event.clipboardData.files]); });
  let held = null;
  $("shelf").addEventListener("dragstart", (event) => { held = event.target.closest("li"); });
  $("shelf").addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!held || !over || over === held) return;
    event.preventDefault();
    const all = [...$("shelf").children];
    $("shelf").insertBefore(held, all.indexOf(held) < all.indexOf(over) ? over.nextSibling : over);
  });
  $("shelf").addEventListener("dragend", () => { held = null; changed(); });
  preview();
}
