// A post over the page where it stands: its words and its time are changed there, and what was typed stays until it is
// saved or thrown away. Loaded when the first one is looked at.
let box = null;
let asked = 0;
let leaves = false; // somebody was told that what they typed is not saved

const items = () => [...document.querySelectorAll("main [data-post]")].filter((one) => one.offsetParent);
const linkOf = (item) => item.querySelector('a[href^="/posts/"]');
const plain = (field) => field.value.replace(/\r\n?/g, "\n");

// Also what was sent and refused is not saved.
function isTyped() {
  const fields = box.querySelector("form:has(textarea)")?.elements;
  return Boolean(fields) && (plain(fields.caption) !== plain(fields.was_caption) || fields.publish_at.value !== fields.was_at.value);
}

function tell(words) {
  const told = document.createElement("p");
  Object.assign(told, { className: "notice warn", role: "alert", textContent: words });
  box.querySelector("[role='alert']")?.remove();
  (box.querySelector("form") ?? box.querySelector(".body")).prepend(told);
}

function fill(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  box.replaceChildren(...page.body.childNodes);
  for (const one of box.querySelectorAll('input[name="back"]')) one.value = location.pathname + location.search;
  leaves = false;
}

export async function peek(item) {
  box ??= make();
  const mine = ++asked;
  box.dataset.at = item.dataset.post;
  let text = null;
  try {
    const answer = await fetch(`${linkOf(item).getAttribute("href")}/peek`, { redirect: "error" });
    if (answer.ok) text = await answer.text();
  } catch { /* the page of the post says why */ }
  if (mine !== asked) return;
  if (text === null) { location.assign(linkOf(item).href); return; }
  fill(text);
  if (!box.open) box.showModal();
  box.focus();
}

async function save(event) {
  const form = event.target;
  if (!form.elements.version) return;
  event.preventDefault();
  const body = new FormData(form);
  body.set("by_script", "1");
  const button = form.querySelector("button.main");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "error" });
    if (answer.headers.get("content-type")?.startsWith("application/json")) {
      location.assign((await answer.json()).to);
      return;
    }
    if (!answer.ok) throw new Error(answer.status);
    fill(await answer.text());
    box.querySelector("textarea").focus();
  } catch {
    tell("The console did not answer. What you typed is still here: save it again.");
  }
  button.disabled = false;
}

function leave(event) {
  if (leaves || !isTyped()) return;
  event.preventDefault();
  leaves = true;
  tell("This is not saved. Save it, or close once more to throw it away.");
}

function step(event) {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (!by || isTyped()) return;
  event.preventDefault();
  const all = items();
  const next = all[all.findIndex((one) => one.dataset.post === box.dataset.at) + by];
  if (!next) return;
  linkOf(next).focus();
  peek(next);
}

function make() {
  const box = document.createElement("dialog");
  Object.assign(box, { id: "peek", className: "wide", tabIndex: -1 });
  box.setAttribute("aria-labelledby", "peek-title");
  document.body.append(box);
  box.addEventListener("submit", save);
  box.addEventListener("cancel", leave);
  box.addEventListener("keydown", step);
  box.addEventListener("click", (event) => {
    if (!event.target.closest("[data-closes]") && event.target !== box) return;
    leave(event);
    if (event.defaultPrevented) event.stopPropagation(); else box.close();
  });
  return box;
}
