// Stays current without a reload: when something happens, the page is asked for again, and what differs is put in place.
const QUIET_MS = 400;
const LEAST_MS = 2000;

let last = 0;
let waiting = null;

function isBusy(region) {
  const held = document.activeElement;
  return region.contains(held) && held.matches("input, textarea, select") || document.querySelector("dialog[open], .moving, .dragging, [data-dirty]");
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
    if (!fresh || isBusy(region) || fresh.innerHTML === region.innerHTML) continue;
    const held = keyOf(document.activeElement);
    const open = [...region.querySelectorAll("details")].map((one) => one.open);
    region.replaceChildren(...fresh.childNodes);
    [...region.querySelectorAll("details")].forEach((one, at) => { one.open = one.open || Boolean(open[at]); });
    if (held) region.querySelector(`[data-post="${held}"] a`)?.focus();
    after(region);
  }
}

export function follow(address, after) {
  if (!address || !document.querySelector("[data-live]")) return;
  const told = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => renew(after), Math.max(QUIET_MS, LEAST_MS - (Date.now() - last)));
  };
  const source = new EventSource(address);
  for (const kind of ["message", "post", "notice", "coverage", "change"]) source.addEventListener(kind, told);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) told(); });
  addEventListener("pagehide", () => source.close());
}
