// Writing a post: media by drop, paste or choice, their order by drag and keys; saved and judged at each pause.
import { announce } from "./app.js";
import { cover, coverPicture, covers } from "./cover.js";
import { fixing, judge as judged, make, openFix, pictureAt } from "./fixing.js";
import { pick, picker } from "./picker.js";
import { tagging } from "./tagging.js";

const form = document.getElementById("compose");
const $ = (id) => document.getElementById(id);
const PAUSE_MS = 900;
const LACKS = { account: "an account", publish_at: "a time", media: "media", caption: "a caption" };
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
  const fix = document.createElement("button");
  fix.type = "button";
  fix.className = "plain fix";
  fix.textContent = "Crop, fix";
  fix.addEventListener("click", () => openFix(known(item)));
  item.append(box, fix);
  item.draggable = true;
  mended(item);
}

const sourceOf = (item) => item.querySelector("[name=media]").value;

function first(item) {
  const head = $("shelf").firstElementChild;
  return head && head !== item && pictureAt(sourceOf(head)) ? sourceOf(head) : "";
}

// What the dialog is told of a media, and how it puts another in its place.
function known(item) {
  return {
    value: () => sourceOf(item), original: item.dataset.from, key: item.dataset.key, type: form.elements.type.value, first: first(item),
    account: form.elements.account.value, tell: (message) => tell("media", [message], []), use: (reference, fix) => swap(item, reference, fix),
  };
}

function swap(item, reference, fix) {
  item.querySelector("[name=media]").value = reference;
  if (fix) { item.dataset.from = fix.source; item.dataset.key = fix.key; } else { delete item.dataset.from; delete item.dataset.key; }
  picture(item, `${pictureAt(reference)}?w=160`);
  mended(item);
  changed();
}

function mended(item) {
  const button = item.querySelector(".fix");
  button.hidden = !pictureAt(sourceOf(item));
  button.classList.toggle("done", Boolean(item.dataset.from));
  button.textContent = item.dataset.from ? "Made right" : "Crop, fix";
}

function picture(item, address) {
  const shown = document.createElement("img");
  shown.src = address;
  shown.alt = "";
  item.querySelector(".thumb").replaceChildren(shown);
}

async function makeAllRight() {
  const type = form.elements.type.value;
  $("fix-all").disabled = true;
  let count = 0;
  for (const item of $("shelf").children) {
    const media = sourceOf(item);
    if (!pictureAt(media)) continue;
    try {
      const found = await judged(media, type, first(item));
      if (!found.faults.some((one) => one.severity === "error")) continue;
      $("fix-all-told").textContent = "It is being made right…";
      const told = await make({ media, sha256: found.media.sha256, use: { image: "feed" }[type] ?? type, first: type === "carousel" ? first(item) : "", account: form.elements.account.value });
      if (told.state !== "done") throw new Error(told.error);
      swap(item, told.media.reference, told);
      count += 1;
    } catch (problem) {
      tell("media", [problem.message], []);
    }
  }
  $("fix-all-told").textContent = `${count} made right`;
  announce(`${count} made right`);
  $("fix-all").disabled = false;
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

function add(source, shot) {
  const item = document.createElement("li");
  const thumb = document.createElement("span");
  thumb.className = "thumb";
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = "media";
  hidden.value = source;
  const alt = document.createElement("input");
  alt.name = "alt_text";
  alt.placeholder = "Alt text";
  alt.setAttribute("aria-label", `Alternative text of media ${$("shelf").children.length + 1}`);
  item.append(thumb, hidden, alt);
  if (shot) picture(item, shot);
  controls(item);
  $("shelf").append(item);
  changed();
  return item;
}

async function take(files) {
  for (const file of files) {
    const item = add("", "");
    const hidden = item.querySelector("[name=media]");
    hidden.disabled = true;
    item.setAttribute("aria-busy", "true");
    const told = await upload(file, "media");
    item.removeAttribute("aria-busy");
    if (!told) { item.remove(); continue; }
    hidden.disabled = false;
    hidden.value = told.reference;
    picture(item, `${pictureAt(told.reference)}?w=160`);
    mended(item);
    guess(told.kind);
    changed();
  }
}

// Hands one file in; what went wrong is told beside that field.
async function upload(file, field) {
  const body = new FormData();
  body.append("file", file);
  try {
    const answer = await fetch("/compose/media", { method: "POST", body, headers: { "X-CSRF-Token": token } });
    const told = await answer.json();
    if (answer.ok) return told;
    throw new Error(told.message);
  } catch (problem) {
    tell(field, [`${file.name}: ${problem.message}`], []);
    announce(`${file.name}: ${problem.message}`);
    return null;
  }
}

function guess(kind) {
  const type = form.elements.type;
  const count = $("shelf").children.length;
  if (type.disabled || type.value !== "image") return;
  if (count > 1) type.value = "carousel";
  else if (kind === "video") type.value = "reel";
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
  $("fix-all-row").hidden = !told.problems.some((one) => one.column === "media" && one.type.startsWith("media.")) || !$("shelf").children.length;
  const lacks = [...new Set(told.problems.filter(isEarly).map((one) => one.column))].map((name) => LACKS[name] ?? name.replaceAll("_", " "));
  const wrong = told.problems.filter((one) => !isEarly(one)).length;
  const summed = [wrong ? `${wrong} to be mended` : "", lacks.length ? `still to come: ${lacks.join(", ")}` : ""].filter(Boolean).join("; ");
  $("verdict").textContent = loose.join("; ") || (summed ? `${summed[0].toUpperCase()}${summed.slice(1)}.` : "Nothing is wrong with it.");
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
      if (answer.status >= 500) setTimeout(changed, 3000);
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
  $("shots").dataset.type = form.elements.type.value;
  $("says").textContent = form.elements.caption.value;
  const name = form.elements.account.value;
  document.querySelector("[data-name]").textContent = name || "choose an account";
  document.querySelector("[data-face]").textContent = name.slice(0, 1).toUpperCase();
  const shot = () => {
    const own = coverPicture();
    place(own || (items[0] && pictureOf(items[0])));
    const shown = $("shots").querySelector("img");
    if (own && shown) shown.src = own.replace("w=160", "w=480");
  };
  shot();
  covers(form.elements.type.value, items[0] && sourceOf(items[0])).then(shot);
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
    if (address.value && address.checkValidity()) { add(address.value, ""); address.value = ""; guess("image"); }
  });
  $("slots").addEventListener("click", (event) => {
    const wall = event.target.closest("[data-wall]")?.dataset.wall;
    if (wall) { form.elements.publish_at.value = wall; changed(); }
  });
  fixing();
  picker();
  cover({ changed, upload: (file) => upload(file, "cover_url"), pick });
  tagging(form, () => $("shelf").firstElementChild && pictureOf($("shelf").firstElementChild));
  $("fix-all").addEventListener("click", makeAllRight);
  $("open-library").hidden = false;
  $("open-library").addEventListener("click", () => pick((source, shot, kind) => { add(source, shot); guess(kind); $("open-library").focus(); }));
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
