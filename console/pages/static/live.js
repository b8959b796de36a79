// Stays current without a reload: when something happens, the page is asked for again, and what differs is put in place.
const QUIET_MS = 400;
const LEAST_MS = 2000;

let last = 0;
let waiting = null;
// Region → what the console said of it last. Scripts add to a page; what they add is no news.
const told = new WeakMap([...document.querySelectorAll("[data-live]")].map((one) => [one, one.innerHTML]));
let owed = false; // something new was left out, so as not to disturb somebody
const FREED_BY = ["focusout", "input", "pointerout", "keyup", "dragend", "close"];

const isFilledIn = (field) => field.matches("select")
  ? field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected))
  : field.value !== field.defaultValue;

function isBusy(region) {
  const held = document.activeElement;
  return region.contains(held) && held.matches("input, textarea, select")
    || [...region.querySelectorAll("input, textarea, select")].some(isFilledIn)
    || region.querySelector("[data-chart][data-at]")
    || document.querySelector("dialog[open], .moving, .dragging, [data-dirty]");
}

function keyOf(element) {
  return element?.closest("[data-post]")?.dataset.post;
}

async function renew(after) {
  last = Date.now();
  const regions = [...document.querySelectorAll("[data-live]")];
  if (!regions.length || document.hidden) return;
  let answer;
  try {
    answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "error" });
  } catch { return; }
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of regions) {
    const fresh = page.querySelector(`[data-live="${region.dataset.live}"]`);
    if (!fresh || fresh.innerHTML === told.get(region)) continue;
    if (isBusy(region)) { owed = true; continue; }
    told.set(region, fresh.innerHTML);
    const held = keyOf(document.activeElement);
    const open = [...region.querySelectorAll("details")].map((one) => one.open);
    region.replaceChildren(...fresh.childNodes);
    [...region.querySelectorAll("details")].forEach((one, at) => { one.open = one.open || Boolean(open[at]); });
    region.dispatchEvent(new Event("renewed"));
    const again = held && region.querySelector(`[data-post="${held}"]`);
    if (again) (again.hasAttribute("tabindex") ? again : again.querySelector("a"))?.focus();
    after(region);
  }
}

// A part that takes its time is asked for once the page stands.
export async function fillIn() {
  const part = document.querySelector("[data-part]");
  if (!part) return;
  let fresh = null;
  try {
    const answer = await fetch(location.href, { headers: { "X-Part": "1" }, redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    fresh = page.getElementById(part.id) ?? page.querySelector("main .sheet");
  } catch { /* said below */ }
  if (fresh) part.replaceWith(fresh);
  else {
    part.removeAttribute("aria-busy");
    part.querySelector(".empty").textContent = "The console did not answer. Look again.";
  }
}

export function follow(address, after) {
  if (!address || !document.querySelector("[data-live]")) return;
  const hear = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => renew(after), Math.max(QUIET_MS, LEAST_MS - (Date.now() - last)));
  };
  const source = new EventSource(address);
  const stale = document.getElementById("stale");
  let silent = null;
  source.addEventListener("error", () => { silent ??= setTimeout(() => { stale.hidden = false; }, 4000); });
  source.addEventListener("open", () => {
    clearTimeout(silent);
    silent = null;
    if (!stale.hidden) hear();
    stale.hidden = true;
  });
  for (const kind of ["message", "post", "notice", "coverage", "change"]) source.addEventListener(kind, hear);
  for (const kind of FREED_BY) document.addEventListener(kind, () => { if (owed) { owed = false; hear(); } }, true);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hear(); });
  addEventListener("pagehide", () => source.close());
}
