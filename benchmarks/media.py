"""Photos and videos made right in a minute, beside bare Pillow and bare ffmpeg on the same files.

python -m benchmarks.media                            24 photos of 12 megapixels, 6 videos of 1080p and 10 s
python -m benchmarks.media --photos 200 --videos 20

The line it prints: files that `media fix` and the bare program make in a minute of all cores, each with as many at
once as there are cores, which says the same however busy the machine is, and the most memory that a process which
converts has had. The photos are JPEG as phones make them (turned, with a place), HEIC and PNG; the videos H.264 with a
rotation, which has to be encoded anew, and with their index last, which has not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import psutil

from pressrun.media.fixing.folder import Order, fix_into
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.rules import Use

_PHOTO = (4032, 3024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--videos", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as folder:
        print(json.dumps(measure(Path(folder), options.photos, options.videos, options.seconds)))


def measure(folder: Path, photos: int, videos: int, seconds: float) -> dict[str, float | int]:
    """Files a minute, and megabytes."""
    pictures = [_photo(folder, number) for number in range(photos)]
    turned = [_video(folder, f"turned-{number}.mov", seconds, "rotate=90") for number in range(videos)]
    index_last = [_video(folder, f"plain-{number}.mp4", seconds, "title=plain") for number in range(videos)]
    watch = _Watch()
    found: dict[str, float | int] = {"cores": _cores(), "photos": photos, "videos": videos, "video_s": seconds}
    found["photos_a_minute"] = _rate(pictures, lambda: _ours(folder / "ours", pictures))
    found["photo_memory_mb"] = watch.peak_mb()
    found["photos_a_minute_bare_pillow"] = _rate(pictures, lambda: _bare_pillow(folder, pictures))
    found["encoded_a_minute"] = _rate(turned, lambda: _ours(folder / "ours", turned))
    found["video_memory_mb"] = watch.peak_mb()
    found["encoded_a_minute_bare_ffmpeg"] = _rate(turned, lambda: _bare_ffmpeg(folder, turned))
    found["rewritten_a_minute"] = _rate(index_last, lambda: _ours(folder / "ours", index_last))
    watch.end()
    return found


class _Watch:
    """The most resident memory of any process that converts, looked at twenty times a second."""

    def __init__(self) -> None:
        self._peak, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def peak_mb(self) -> int:
        """Since it was asked last."""
        peak, self._peak = self._peak, 0
        return round(peak / 1024**2)

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        here = psutil.Process()
        while not self._over.wait(0.05):
            for child in here.children():
                try:
                    if any("fixing.child" in word for word in child.cmdline()):
                        self._peak = max(self._peak, child.memory_info().rss)
                except psutil.Error:
                    continue


def _rate(files: Sequence[Path], run: Callable[[], None]) -> float:
    begun = os.times()
    run()
    ended = os.times()
    spent_s = sum(ended[:4]) - sum(begun[:4])  # of ours, and of the processes that have ended since
    return round(len(files) / spent_s * 60 * _cores(), 1)


def _ours(folder: Path, files: Sequence[Path]) -> None:
    done = list(fix_into(folder, files, Order(None, Recipe(Use.FEED_IMAGE))))
    assert all(one.output is not None for one in done), [one.problem for one in done if one.problem]


def _bare_pillow(folder: Path, files: Sequence[Path]) -> None:
    with ProcessPoolExecutor(_cores()) as pool:
        list(pool.map(_scaled, files, [folder / f"{one.name}.bare.jpg" for one in files]))


def _scaled(source: Path, target: Path) -> None:
    """What a script of five lines does: upright, RGB, smaller, JPEG."""
    import pillow_heif
    from PIL import Image, ImageOps

    pillow_heif.register_heif_opener()
    with Image.open(source) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((1440, 1800))
        upright.save(target, quality=92)


def _bare_ffmpeg(folder: Path, files: Sequence[Path]) -> None:
    def run(source: Path) -> None:
        target = folder / f"{source.stem}.bare.mp4"
        coded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-c:a", "copy"]
        _ffmpeg("-threads", "1", "-i", str(source), *coded, "-threads", "1", "-movflags", "+faststart", str(target))

    with ThreadPoolExecutor(_cores()) as pool:
        list(pool.map(run, files))


def _photo(folder: Path, number: int) -> Path:
    import pillow_heif
    from PIL import Image

    small = Image.effect_noise((504, 378), 40 + number % 20)
    picture = small.resize(_PHOTO, Image.Resampling.BICUBIC).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, float(number))
    path = folder / f"photo-{number}.{('jpg', 'heic', 'jpg', 'png')[number % 4]}"
    if path.suffix == ".heic":
        pillow_heif.from_pillow(picture).save(path, quality=80, exif=exif.tobytes())
    elif path.suffix == ".png":
        picture.save(path, compress_level=1)
    else:
        picture.save(path, quality=90, exif=exif)
    return path


def _video(folder: Path, name: str, seconds: float, said: str) -> Path:
    first = folder / "first.mp4"
    if not first.exists():
        shown = [
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s=1920x1080:r=30:d={seconds}",
            "-f",
            "lavfi",
            "-i",
            f"sine=d={seconds}",
        ]
        _ffmpeg(*shown, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(first))
    path = folder / name
    _ffmpeg("-i", str(first), "-c", "copy", "-metadata:s:v", said, str(path))
    return path


def _ffmpeg(*arguments: str) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        raise SystemExit("ffmpeg is not installed (Debian's package ffmpeg)")
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    main()
