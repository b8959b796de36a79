// What every page has: the theme, shortcuts, questions before what cannot be undone, countdowns, and staying current.
import { follow } from "./live.js";
import { charts } from "./chart.js";

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
    if (!form.dataset?.sure || form.dataset.isSure) return;
    event.preventDefault();
    $("sure-words").textContent = form.dataset.sure;
    $("sure-yes").textContent = form.dataset.yes ?? "Do it";
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

function step(by) {
  const all = [...document.querySelectorAll("[data-list] li a, .chip a")].filter((one) => one.offsetParent);
  const at = all.indexOf(document.activeElement);
  all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))]?.focus();
}

function shortcuts() {
  let awaits = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
    if (awaits && GO[event.key]) { location.assign(GO[event.key]); return; }
    awaits = event.key === "g";
    if (event.key === "/") { event.preventDefault(); $("seek").focus(); $("seek").select(); }
    else if (event.key === "?") $("keys").showModal();
    else if (event.key === "n") location.assign("/compose");
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });
  $("seek").form.addEventListener("submit", (event) => {
    const place = [...$("places").options].find((one) => one.value.toLowerCase() === $("seek").value.trim().toLowerCase());
    if (place) { event.preventDefault(); location.assign(place.dataset.href); }
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

document.querySelector("nav.main [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
theme();
dialogs();
shortcuts();
countdowns();
charts(document);
const again = document.querySelector("[data-again]");
if (again) setTimeout(() => location.reload(), Number(again.dataset.again));
follow(document.body.dataset.events, charts);
