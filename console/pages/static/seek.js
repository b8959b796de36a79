// Results while somebody types into the search, and what can be done on the page at hand. Without a script the form is
// sent, and the list of posts answers.
const WAIT_MS = 160;
const words = (one) => one.textContent.trim().replace(/\s+/g, " ");

export function seeking(announce) {
  const input = document.getElementById("seek");
  const box = document.getElementById("seek-box");
  let asking = null;
  let waiting = null;
  let at = -1;

  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "seek-found"], ["aria-expanded", "false"]]) input.setAttribute(name, value);

  const does = new Map(); // option → what it stands for, which is clicked in its place
  const options = () => [...box.querySelectorAll('[role="option"]')];

  function mark(next) {
    const all = options();
    all[at]?.setAttribute("aria-selected", "false");
    at = next;
    const held = all[at];
    if (!held) { input.removeAttribute("aria-activedescendant"); return; }
    held.setAttribute("aria-selected", "true");
    held.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", held.id);
  }

  function close() {
    clearTimeout(waiting);
    asking?.abort();
    mark(-1);
    if (box.matches(":popover-open")) box.hidePopover();
    input.setAttribute("aria-expanded", "false");
  }

  function place() {
    const bounds = input.getBoundingClientRect();
    const room = document.body.clientWidth;
    const width = Math.min(room - 16, 480);
    box.style.width = `${width}px`;
    box.style.left = `${Math.max(8, Math.min(bounds.left, room - width - 8))}px`;
    box.style.top = `${bounds.bottom + 6}px`;
    box.style.maxHeight = `${Math.max(160, innerHeight - bounds.bottom - 20)}px`;
  }

  function show() {
    place();
    if (!box.matches(":popover-open")) box.showPopover();
    input.setAttribute("aria-expanded", String(Boolean(options().length)));
  }

  const offered = () => ["main .top :is(a.button, button)", ".foot button"]
    .flatMap((those) => [...document.querySelectorAll(those)])
    .filter((one) => one.offsetParent && !one.disabled);

  function option(source, id) {
    const made = document.createElement("a");
    Object.assign(made, { id, tabIndex: -1, role: "option", ariaSelected: "false" });
    made.dataset.name = words(source);
    if (source.href) made.href = source.href;
    const sign = source.querySelector(".i")?.cloneNode(true) ?? document.createElement("span");
    sign.classList.add("i");
    const name = document.createElement("span");
    name.className = "one-line";
    name.textContent = words(source);
    made.append(sign, name);
    if (source.dataset.key) {
      const key = document.createElement("kbd");
      key.textContent = source.dataset.key;
      made.append(key);
    }
    does.set(made, source);
    return made;
  }

  function group(id, name, sources) {
    const made = document.createElement("div");
    made.role = "group";
    made.setAttribute("aria-labelledby", id);
    const head = document.createElement("p");
    Object.assign(head, { id, className: "tiny soft", textContent: name });
    made.append(head, ...sources.map((one, number) => option(one, `${id}-${number}`)));
    return made;
  }

  const begins = (wanted) => (one) => ` ${words(one)}`.toLowerCase().includes(` ${wanted.toLowerCase()}`);

  // What was chosen stays so while more is found.
  function put(nodes) {
    const held = options()[at]?.dataset.name;
    mark(-1);
    box.replaceChildren(...nodes);
    return () => { if (held) mark(options().findIndex((one) => one.dataset.name === held)); };
  }

  // What this page does goes before what is found elsewhere.
  function offer(wanted) {
    const here = offered().filter(begins(wanted));
    if (here.length) box.querySelector("#seek-found").prepend(group("seek-here", "Here", here));
  }

  // Known without asking: what can be done here, and the pages.
  function offerAtOnce(wanted) {
    does.clear();
    const list = document.createElement("div");
    Object.assign(list, { id: "seek-found", role: "listbox", ariaLabel: "Found" });
    const pages = [...document.querySelectorAll("nav.main a")].filter(begins(wanted));
    if (!pages.length && !offered().some(begins(wanted))) return;
    if (pages.length) list.append(group("seek-pages", "Pages", pages));
    const hold = put([list]);
    offer(wanted);
    hold();
    show();
  }

  function choose(wanted) {
    const source = does.get(wanted);
    if (!source) { location.assign(wanted.href); return; }
    close();
    input.value = "";
    source.click();
  }

  async function ask() {
    asking?.abort();
    const mine = asking = new AbortController();
    const wanted = input.value.trim();
    if (!wanted) { close(); return; }
    try {
      const answer = await fetch(`/seek?${new URLSearchParams({ q: wanted })}`, { signal: mine.signal, redirect: "error" });
      if (!answer.ok) throw new Error(answer.status);
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine.signal.aborted) return;
      const hold = put(found.body.childNodes);
      does.clear();
      offer(wanted);
      hold();
      const count = options().length - 1;
      announce(count ? `${count} found. Arrow keys choose, Enter opens.` : "Nothing found.");
    } catch {
      if (mine.signal.aborted) return;
      const told = document.createElement("p");
      told.className = "empty";
      told.textContent = "The console did not answer. Enter looks again.";
      box.replaceChildren(told);
    }
    show();
  }

  function soon() {
    clearTimeout(waiting);
    asking?.abort();
    const wanted = input.value.trim();
    if (wanted) offerAtOnce(wanted);
    waiting = setTimeout(ask, WAIT_MS);
  }

  input.addEventListener("input", soon);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    const is_open = box.matches(":popover-open");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!is_open) { if (input.value.trim()) ask(); else offerAtOnce(""); return; }
      const by = event.key === "ArrowDown" ? 1 : -1;
      mark(at < 0 && by < 0 ? all.length - 1 : (at + 1 + by + all.length + 1) % (all.length + 1) - 1);
    } else if (event.key === "Escape" && is_open) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter") {
      const named = all.find((one) => one.dataset.name?.toLowerCase() === input.value.trim().toLowerCase());
      const wanted = is_open ? all[at] ?? named : null;
      if (!wanted) return;
      event.preventDefault();
      choose(wanted);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    input.focus();
    input.select();
    clearTimeout(waiting);
    asking?.abort();
    offerAtOnce("");
  });
  box.addEventListener("click", (event) => {
    const wanted = event.target.closest('[role="option"]');
    if (wanted && !wanted.href) choose(wanted);
  });
  input.addEventListener("blur", close);
  // A click on a result leaves the focus where it is, or it would be gone before it is clicked.
  box.addEventListener("pointerdown", (event) => event.preventDefault());
  box.addEventListener("mousedown", (event) => event.preventDefault());
  addEventListener("resize", () => { if (box.matches(":popover-open")) place(); });
}
