// The cover of a reel: a frame of the video, chosen with a slider, or a picture; shown as it will be.
import { judge, pictureAt } from "./fixing.js";

const $ = (id) => document.getElementById(id);
let video = null;

function seconds() {
  const said = $("cover-at").value.trim();
  const found = /^(?:(\d+)m)?(\d+(?:\.\d+)?)?s?$/.exec(said);
  return said && found ? Number(found[1] ?? 0) * 60 + Number(found[2] ?? 0) : null;
}

// Where the picture of the cover is; empty where there is none to show.
export function coverPicture() {
  if ($("cover").dataset.off !== undefined) return "";
  const own = pictureAt($("cover-url").value.trim());
  if (own) return `${own}?w=160`;
  const at = seconds();
  return video && at !== null ? `${pictureAt(video.reference)}?w=160&at=${Math.round(at * 1000)}` : "";
}

function show() {
  const picture = coverPicture();
  const shot = $("cover-shot");
  if (shot.querySelector("img")?.getAttribute("src") === picture || (!picture && !shot.querySelector("img"))) return;
  shot.replaceChildren();
  if (!picture) return;
  const image = document.createElement("img");
  image.src = picture;
  image.alt = "The cover";
  shot.append(image);
}

// The video that the reel is made of has changed, or the type.
export async function covers(type, source) {
  const box = $("cover");
  if (type === "reel") delete box.dataset.off; else box.dataset.off = "";
  for (const one of box.querySelectorAll("[name]")) one.disabled = type !== "reel";
  if (type !== "reel" || !pictureAt(source ?? "")) { video = null; $("cover-slide").hidden = true; show(); return; }
  if (video?.asked !== source) {
    const told = await judge(source, "reel").catch(() => null);
    video = told?.media.kind === "video" ? { ...told.media, asked: source } : null;
    $("cover-slide").hidden = !video;
    if (video) $("cover-slide").max = Math.max(video.duration_s - 0.1, 0).toFixed(1);
    if (video) $("cover-slide").value = seconds() ?? 0;
  }
  show();
}

export function cover({ changed, pick, upload }) {
  $("cover-library").hidden = $("cover-pick").hidden = false;
  $("cover-slide").addEventListener("input", () => {
    $("cover-at").value = `${Number($("cover-slide").value)}s`;
    $("cover-url").value = "";
    show();
    changed();
  });
  $("cover-at").addEventListener("input", () => { if ($("cover-at").value) $("cover-url").value = ""; $("cover-slide").value = seconds() ?? 0; show(); });
  const take = (source) => { $("cover-url").value = source; $("cover-at").value = ""; show(); changed(); };
  $("cover-url").addEventListener("input", () => { if ($("cover-url").value) $("cover-at").value = ""; show(); });
  $("cover-library").addEventListener("click", () => pick(take));
  $("cover-file").addEventListener("change", async () => {
    const [file] = $("cover-file").files;
    $("cover-file").value = "";
    const kept = file && await upload(file);
    if (kept) take(kept.reference);
  });
}
