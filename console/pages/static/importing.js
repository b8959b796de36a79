// A file that is dropped anywhere on the page is looked at; so is one that was chosen, and cells that are pasted.
const form = document.getElementById("read");
if (form) {
  const drop = document.getElementById("drop-file");
  const file = document.getElementById("file");
  addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    file.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  file.addEventListener("change", () => { if (file.files.length) form.requestSubmit(); });
  document.getElementById("pasted").addEventListener("paste", () => setTimeout(() => form.requestSubmit(), 50));
} else {
  document.querySelector("[aria-invalid]")?.focus();
}
