// The library, to take media from: found by words as they are typed, chosen by arrow keys or a click.
const $ = (id) => document.getElementById(id);
const PAUSE_MS = 200;
let chosen = null;
let waiting = null;
let asked = 0;

async function found(words) {
  try {
    const answer = await fetch(`/compose/library?${new URLSearchParams({ q: words })}`, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    return [...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes];
  } catch {
    const told = document.createElement("p");
    told.className = "empty";
    told.textContent = "The console did not answer. Type again to look again.";
    return [told];
  }
}

async function find() {
  const mine = ++asked;
  const now = await found($("library-find").value);
  if (mine !== asked) return; // more was typed meanwhile
  const held = $("library-found").contains(document.activeElement) ? document.activeElement.dataset.source : "";
  $("library-found").replaceChildren(...now);
  if (held) (picks().find((one) => one.dataset.source === held) ?? $("library-find")).focus();
}

const picks = () => [...$("library-found").querySelectorAll(".pick")];

function step(event) {
  const all = picks();
  const at = all.indexOf(document.activeElement);
  const columns = all.filter((one) => one.offsetTop === all[0]?.offsetTop).length || 1;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: at < 0 ? 1 : columns, ArrowUp: -columns }[event.key];
  if (!by || !all.length || (at < 0 && event.key !== "ArrowDown")) return;
  event.preventDefault();
  if (at + by < 0) $("library-find").focus();
  else all[Math.min(at + by, all.length - 1)].focus();
}

export function pick(take) {
  chosen = take;
  $("library-find").value = "";
  $("library").showModal();
  $("library-find").focus();
  find();
}

export function picker() {
  $("library-find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, PAUSE_MS); });
  $("library-find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); picks()[0]?.click(); }
  });
  $("library").addEventListener("keydown", step);
  $("library-found").addEventListener("click", (event) => {
    const one = event.target.closest(".pick");
    if (!one) return;
    $("library").close();
    chosen(one.dataset.source, `${one.dataset.picture}?w=160`, one.dataset.kind);
  });
}
