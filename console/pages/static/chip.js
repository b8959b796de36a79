// A post in the calendar, and the dialog in which one is moved: what is needed at once, and by what is loaded later.
import { nameOf } from "./picking.js";

// One that can be moved says which version of its post it shows; where it stands says when it is due.
export const MOVABLE = ".chip[data-version]";

export function wallAt(chip) {
  return `${chip.closest("[data-day]").dataset.day}T${chip.querySelector("time").textContent}`;
}

export function openFor(chip, wall = wallAt(chip)) {
  const dialog = document.getElementById("move");
  const { post, version, wall: time } = dialog.querySelector("form").elements;
  [post.value, version.value, time.value] = [chip.dataset.post, chip.dataset.version, wall];
  document.getElementById("move-name").textContent = nameOf(chip);
  for (const one of dialog.querySelectorAll('[role="status"]')) one.replaceChildren();
  dialog.showModal();
  time.focus();
}
