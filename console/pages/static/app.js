// What every page has: the theme, shortcuts, questions before what cannot be undone, countdowns, and staying current.
import { fillIn, follow } from "./live.js";
import { seeking } from "./seek.js";

const root = document.documentElement;
const $ = (id) => document.getElementById(id);

export function announce(text) {
  const live = $("live");
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

function theme() {
  const order = ["", "light", "dark"];
  const button = $("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(root.dataset.theme ?? "") + 1) % order.length];
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
    document.cookie = `theme=${next}; path=/; max-age=${next ? 31536000 : 0}; samesite=lax`;
    $("theme-name").textContent = next || "as the system";
    announce(`Theme: ${next || "as the system"}`);
  });
}

function dialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) $(opener.dataset.opens).showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer?.dataset.closes === "said") closer.closest(".said").remove();
    else if (closer) $(closer.dataset.closes).close();
  });
  for (const one of document.querySelectorAll("[data-opens]")) one.hidden = false;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asks = event.submitter?.dataset.sure ? event.submitter : form;  // a form that does several things asks by the button
    if (!asks.dataset?.sure || form.dataset.isSure) return;
    event.preventDefault();
    $("sure-words").textContent = asks.dataset.sure;
    $("sure-yes").textContent = asks.dataset.yes ?? "Do it";
    const ask = $("sure");
    ask.returnValue = "no";
    ask.addEventListener("close", () => {
      if (ask.returnValue !== "yes") return;
      form.dataset.isSure = "1";
      form.requestSubmit(event.submitter ?? undefined);
    }, { once: true });
    ask.showModal();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
}

const GO = { t: "/", c: "/calendar", p: "/posts", i: "/insights", n: "/inbox", a: "/accounts", s: "/system" };

function items() {
  return [...document.querySelectorAll("[data-list] > li, .chip")].filter((one) => one.offsetParent);
}

function step(by) {
  const all = items();
  const at = all.findIndex((one) => one.contains(document.activeElement));
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
  if (!next) return;
  (next.hasAttribute("tabindex") ? next : next.querySelector("a"))?.focus();
  next.scrollIntoView({ block: "nearest" });
}

// What an item names a key for is done by that key while the item has the focus; what the head of a page does, at any time.
function act(key) {
  const named = `[data-key="${CSS.escape(key)}"]`;
  const item = items().find((one) => one.contains(document.activeElement));
  const doing = item?.querySelector(named) ?? document.querySelector(`main .top ${named}`);
  if (!doing) return false;
  doing.click();
  if (doing.matches("summary")) doing.parentElement.querySelector("textarea")?.focus();
  return true;
}

function shortcuts() {
  let awaits = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type='checkbox']), textarea, select, [contenteditable], dialog[open]")) return;
    if (awaits && GO[event.key]) { location.assign(GO[event.key]); return; }
    awaits = event.key === "g";
    if (event.key === "/") { event.preventDefault(); $("seek").focus(); $("seek").select(); }
    else if (event.key === "?") $("keys").showModal();
    else if (event.key === "n") location.assign("/compose");
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key.length === 1 && act(event.key)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches(".answer textarea")) event.target.form.requestSubmit();
  });
}

// A post is looked at over the page by Space, and in the calendar by a click. Enter, and a click for a new window, open it.
function peeking() {
  const bare = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented);
  const look = (event, item) => {
    event.preventDefault();
    import("./peek.js").then(({ peek }) => peek(item));
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || !bare(event) || event.target.closest("input, textarea, select, button, summary, dialog[open]")) return;
    const item = event.target.closest("main [data-post]");
    if (item?.querySelector('a[href^="/posts/"]')) look(event, item);
  });
  document.addEventListener("click", (event) => {
    const item = event.target.closest("#calendar .chip a")?.closest("[data-post]");
    if (item && event.detail && bare(event) && !document.body.classList.contains("picking")) look(event, item);
  });
}

function spoken(seconds) {
  const left = Math.abs(seconds);
  const units = [["d", 86400, "h", 3600], ["h", 3600, "min", 60], ["min", 60, "", 1], ["s", 1, "", 1]];
  for (const [name, size, finer, small] of units) {
    if (left < size && name !== "s") continue;
    const rest = finer ? Math.floor((left % size) / small) : 0;
    const told = `${Math.floor(left / size)} ${name}${rest ? ` ${rest} ${finer}` : ""}`;
    return seconds > 0 ? `in ${told}` : `${told} ago`;
  }
}

function countdowns() {
  const tick = () => {
    const now = Date.now() / 1000;
    for (const one of document.querySelectorAll("[data-until]")) {
      const told = spoken(Math.round(Number(one.dataset.until) - now));
      if (one.textContent !== told) one.textContent = told;
    }
  };
  setInterval(tick, 1000);
}

// A page that takes its time is seen to be asked for.
function leaving() {
  const line = document.createElement("div");
  line.className = "leaving";
  line.hidden = true;
  document.body.append(line);
  let soon = null;
  addEventListener("beforeunload", () => { soon = setTimeout(() => { line.hidden = false; }, 250); });
  addEventListener("pageshow", () => { clearTimeout(soon); line.hidden = true; });
}

leaving();
document.querySelector("nav.main [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
theme();
dialogs();
shortcuts();
seeking(announce);
peeking();
countdowns();
const again = document.querySelector("[data-again]");
if (again) setTimeout(() => location.reload(), Number(again.dataset.again));
// Only a page that draws something brings the script for it.
follow(document.body.dataset.events, (region) => region.querySelector("[data-chart]") && import("./chart.js").then((one) => one.charts(region)));
fillIn();
