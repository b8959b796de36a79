// One media held to the rules and made right: crop with a focus point, what it was and what it became side by side.
import { announce } from "./app.js";

const $ = (id) => document.getElementById(id);
const USES = { image: "feed", carousel: "carousel", reel: "reel", story: "story" };
const LOOK_AGAIN_MS = 400;
const token = document.body.dataset.csrf;
let open = null;

export function pictureAt(reference) {
  if (reference.startsWith("kept:")) return `/pictures/kept/${reference.slice(5)}`;
  return reference.startsWith("lib:") ? `/pictures/library/${encodeURIComponent(reference.slice(4))}` : "";
}

async function asked(path, options) {
  const answer = await fetch(path, options);
  const told = await answer.json().catch(() => ({ message: "the console does not answer as it should" }));
  if (!answer.ok) throw new Error(told.message);
  return told;
}

export function judge(media, type, first) {
  const query = new URLSearchParams({ media, use: USES[type] });
  if (first && type === "carousel") query.set("first", first);
  return asked(`/compose/look?${query}`);
}

function wish(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  return asked("/compose/fix", { method: "POST", body, headers: { "X-CSRF-Token": token } });
}

// Asks until a worker has made it, or as long as somebody waits.
export async function make(fields, waits = () => true) {
  let told = await wish(fields);
  const address = `/compose/fixed?${new URLSearchParams({ media: fields.sha256, key: told.key })}`;
  while (told.state === "asked" && waits()) {
    await new Promise((go) => setTimeout(go, LOOK_AGAIN_MS));
    told = await asked(address);
  }
  return told;
}

function size(facts) {
  const long = facts.duration_s ? ` · ${facts.duration_s.toFixed(1)} s` : "";
  return `${facts.format} · ${facts.width}×${facts.height}${long} · ${Math.max(Math.round(facts.size_bytes / 1024), 1)} kB`;
}

function line(parts) {
  const item = document.createElement("li");
  for (const [text, kind] of parts) {
    const one = document.createElement("span");
    if (kind) one.className = kind;
    one.textContent = text;
    item.append(one, " ");
  }
  return item;
}

function shown(told) {
  $("fix-result").hidden = told.state !== "done" || !told.media;
  $("fix-none").hidden = !$("fix-result").hidden;
  $("fix-changes").replaceChildren();
  $("fix-after").textContent = "";
  $("fix-use").hidden = true;
  if (told.state === "none") { $("fix-none").textContent = "Nothing is made of it yet."; return; }
  if (told.state === "asked") { $("fix-none").textContent = "It is being made right…"; return; }
  if (told.state === "failed") {
    $("fix-none").textContent = "It cannot be made right.";
    $("fix-changes").append(line([[told.error, "bad words"]]));
    announce(`It cannot be made right: ${told.error}`);
    return;
  }
  $("fix-after").textContent = size(told.after);
  if (told.media) $("fix-result").src = `${pictureAt(told.media.reference)}?w=720`;
  $("fix-changes").append(...told.changes.map((one) => line([
    [one.field.replaceAll("_", " "), "what"], [`${one.before} → ${one.after}`, "words"], [`${one.reason} (${one.section})`, "soft words"],
  ])), ...told.notes.map((note) => line([[note, "soft words"]])));
  if (!told.changes.length) $("fix-changes").append(line([["Nothing had to be changed.", "soft"]]));
  $("fix-use").hidden = !told.media || told.media.reference === open.value();
  announce(`Made right: ${told.changes.length} changes`);
}

function place() {
  const crops = ratio() === "crop";
  const ours = open.judged.media.width / open.judged.media.height;
  const shape = open.judged.shape;
  const [wide, high] = [Math.min(1, shape / ours), Math.min(1, ours / shape)];
  const cuts = crops && (wide < 0.999 || high < 0.999);
  const [left, top] = [Math.min(Math.max(open.x - wide / 2, 0), 1 - wide), Math.min(Math.max(open.y - high / 2, 0), 1 - high)];
  const crop = $("fix-crop");
  crop.hidden = !cuts;
  for (const [name, part] of Object.entries({ left, top, width: wide, height: high })) crop.style[name] = `${part * 100}%`;
  const point = $("fix-focus");
  point.hidden = $("fix-how").hidden = !cuts;
  point.style.left = `${open.x * 100}%`;
  point.style.top = `${open.y * 100}%`;
  point.setAttribute("aria-label", `Focus point: ${Math.round(open.x * 100)} % across, ${Math.round(open.y * 100)} % down`);
  $("fix-color-row").hidden = crops;
}

const ratio = () => document.querySelector('[name="fix-ratio"]:checked').value;

function focus(x, y) {
  open.x = Math.min(Math.max(x, 0), 1);
  open.y = Math.min(Math.max(y, 0), 1);
  place();
}

function verdict(judged) {
  const errors = judged.faults.filter((one) => one.severity === "error").map((one) => one.message);
  const doubts = judged.faults.filter((one) => one.severity !== "error").map((one) => one.message);
  $("fix-verdict").textContent = errors.length ? errors.join("; ") : `Instagram takes it as it is.${doubts.length ? ` ${doubts.join("; ")}` : ""}`;
  $("fix-verdict").classList.toggle("bad", errors.length > 0);
}

// item: value(), original, key, type, first, account; use(reference, fix) puts another file in its place.
export async function openFix(item) {
  const media = item.original || item.value();
  let judged;
  try { judged = await judge(media, item.type, item.first); } catch (problem) { announce(problem.message); item.tell(problem.message); return; }
  open = { ...item, media, judged, x: 0.5, y: 0.5 };
  $("fix-before").textContent = size({ ...judged.media, format: judged.media.media_type.split("/")[1].toUpperCase() });
  $("fix-picture").src = `${pictureAt(judged.media.reference)}?w=720`;
  $("fix-trim-row").hidden = judged.media.kind !== "video";
  $("fix-back").hidden = !item.original;
  verdict(judged);
  shown({ state: "none" });
  place();
  $("fix").showModal();
  if (item.original && item.key) {
    const query = new URLSearchParams({ media: judged.media.sha256, key: item.key });
    shown(await asked(`/compose/fixed?${query}`).catch(() => ({ state: "none" })));
  }
}

async function makeIt() {
  const mine = open;
  $("fix-make").disabled = true;
  shown({ state: "asked" });
  const fields = {
    media: mine.media, sha256: mine.judged.media.sha256, use: USES[mine.type], ratio: ratio(), focus: `${mine.x.toFixed(3)},${mine.y.toFixed(3)}`,
    pad_color: $("fix-color").value, trim: $("fix-trim").checked ? "1" : "", first: mine.type === "carousel" ? mine.first : "", account: mine.account,
  };
  try {
    const told = await make(fields, () => $("fix").open && open === mine);
    if (open !== mine) return;
    mine.told = told;
    shown(told);
    if (!$("fix-use").hidden) $("fix-use").focus();
  } catch (problem) {
    shown({ state: "failed", error: problem.message });
  } finally {
    $("fix-make").disabled = false;
  }
}

export function fixing() {
  let held = false;
  const stage = $("fix-stage");
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    focus((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  stage.addEventListener("pointerdown", (event) => {
    if ($("fix-focus").hidden) return;
    event.preventDefault();
    held = true;
    stage.setPointerCapture(event.pointerId);
    at(event);
    $("fix-focus").focus();
  });
  stage.addEventListener("pointermove", (event) => { if (held) at(event); });
  stage.addEventListener("pointerup", () => { held = false; });
  $("fix-focus").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.1 : 0.02;
    focus(open.x + by[0] * step, open.y + by[1] * step);
  });
  for (const one of document.querySelectorAll('[name="fix-ratio"]')) one.addEventListener("change", place);
  $("fix-make").addEventListener("click", makeIt);
  $("fix-use").addEventListener("click", () => { open.use(open.told.media.reference, open.told); $("fix").close(); });
  $("fix-back").addEventListener("click", () => { open.use(open.original, null); $("fix").close(); });
  $("fix").addEventListener("close", () => { open = null; });
}
