// Picking several posts of a list or of the calendar: one by a click or x, all up to another one with Shift.
const bulk = document.getElementById("bulk");
let last = null;

function boxes() {
  return [...document.querySelectorAll('input[type="checkbox"][name="post"]')];
}

// What an item of a list or of the calendar is called on the page.
export function nameOf(item) {
  return item.querySelector(".words, b")?.textContent.trim() ?? "";
}

function named(items, most) {
  const names = items.slice(0, most).map((one) => `“${nameOf(one.closest("[data-post]"))}”`);
  return `${names.join(", ")}${items.length > most ? ` and ${items.length - most} more` : ""}`;
}

export function picked() {
  const all = boxes();
  const those = all.filter((one) => one.checked);
  const count = those.length;
  document.getElementById("picked").textContent = `${count} picked`;
  document.getElementById("picked-names").textContent = named(those, 2);
  for (const one of all) one.closest("[data-post]").toggleAttribute("data-dirty", one.checked);
  document.getElementById("unpick").hidden = !count && !document.body.classList.contains("picking");
}

export function unpick() {
  for (const one of boxes()) one.checked = false;
  last = null;
  picked();
}

function upTo(box) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
}

function ask() {
  bulk.dataset.sure = `Cancel ${named(boxes().filter((one) => one.checked), 5)}? Canceled posts cannot be brought back.`;
  bulk.dataset.yes = "Cancel posts";
}

if (bulk) {
  document.addEventListener("click", (event) => {
    if (!event.target.matches('input[type="checkbox"][name="post"]')) return;
    if (event.shiftKey) upTo(event.target);
    last = event.target;
    picked();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select, dialog[open], input:not([type='checkbox'])")) return;
    const box = event.target.closest("[data-post]")?.querySelector('input[name="post"]');
    if (event.key === "X" && box) box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true }));
    else if (event.key === "Escape" && boxes().some((one) => one.checked)) unpick();
  });
  document.getElementById("unpick").addEventListener("click", unpick);
  const all = document.getElementById("pick-all");
  all.hidden = false;
  all.addEventListener("click", () => {
    for (const one of boxes()) one.checked = true;
    picked();
  });
  bulk.addEventListener("click", (event) => {
    delete bulk.dataset.sure;
    bulk.elements.sure.value = "";
    if (!event.target.closest("#bulk-cancel") || !boxes().some((one) => one.checked)) return;
    ask();
    bulk.elements.sure.value = "1";
  }, true);
  picked();
}
