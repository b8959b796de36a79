"""What making photos and videos right costs, beside bare Pillow and bare ffmpeg on the same files.

python -m benchmarks.media                 6 photos of 12 megapixels, 2 videos of 1080p and 3 s: a minute of one core
python -m benchmarks.media --photos 24 --videos 6 --seconds 10 --rounds 3

Measured are CPU seconds, as the system counts them for each process: they say much the same however busy the machine
is. Each file is taken by one process of one thread, ours and the bare one in turn, in as many rounds as are asked for;
told is the median of the rounds. `…_a_minute` is what two cores make of it. The photos are JPEG as phones make them
(turned, with a place), HEIC and PNG; the videos H.264 with a rotation, which has to be encoded anew, and with their
index last, which has not. Our process is that of the worker of the queue `media`, which has converted a file before.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil

from pressrun.media.fixing.converter import Converter
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.rules import Use

CORES = 2
_PHOTO = (4032, 3024)
_WORKER = "import worker.tasks, psutil; print(psutil.Process().memory_info().rss)"

Spend = Callable[[Sequence[Path]], float]
"""Does it to these files; the CPU seconds that it took."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--videos", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as folder:
        print(json.dumps(measure(Path(folder), options.photos, options.videos, options.seconds, options.rounds)))


def measure(folder: Path, photos: int, videos: int, seconds: float, rounds: int) -> dict[str, float | int]:
    """CPU seconds a file, files a minute, and megabytes."""
    pictures = [make_photo(folder, number) for number in range(photos)]
    turned = [make_video(folder, f"turned-{number}.mov", seconds, "rotate=90") for number in range(videos)]
    index_last = [make_video(folder, f"plain-{number}.mp4", seconds, "title=plain") for number in range(videos)]
    found: dict[str, float | int] = {"photos": photos, "videos": videos, "video_s": seconds, "rounds": rounds}
    with _ours(folder, Use.FEED_IMAGE, pictures[0]) as (fix, peak), _pillow(folder, pictures[0]) as scale:
        found |= _beside("photo", pictures, fix, "pillow", scale, rounds)
        found["photo_memory_mb"] = peak()
    with _ours(folder, Use.REEL, index_last[0]) as (fix, peak):
        found |= _beside("encoded_video", turned, fix, "ffmpeg", lambda files: _ffmpeg_anew(folder, files), rounds)
        found |= _beside(
            "rewritten_video", index_last, fix, "ffmpeg", lambda files: _ffmpeg_copy(folder, files), rounds
        )
        found["video_memory_mb"] = peak()
    found["worker_memory_mb"] = _worker_memory_mb()
    return found


def _beside(name: str, files: Sequence[Path], ours: Spend, other: str, bare: Spend, rounds: int) -> dict[str, float]:
    spent = [(ours(files), bare(files)) for _ in range(rounds)]
    mine, theirs = (statistics.median(one) / len(files) for one in zip(*spent, strict=True))
    return {
        f"{name}_cpu_s": round(mine, 3),
        f"{name}_cpu_s_{other}": round(theirs, 3),
        f"{name}_ratio": round(mine / theirs, 2),
        f"{name}s_a_minute": round(60 * CORES / mine, 1),
        f"{name}s_a_minute_{other}": round(60 * CORES / theirs, 1),
    }


@contextmanager
def _ours(folder: Path, use: Use, first: Path) -> Iterator[tuple[Spend, Callable[[], int]]]:
    """Our conversions, and the most memory that their process has had, in megabytes."""
    with Converter() as converter:
        converter.fix(first, folder / "ours", Recipe(use))
        [process] = [
            one for one in psutil.Process().children() if any("fixing.child" in word for word in one.cmdline())
        ]
        peak = process.memory_info().rss

        def spend(files: Sequence[Path]) -> float:
            nonlocal peak
            begun = _cpu_s(process)
            for one in files:
                converter.fix(one, folder / "ours", Recipe(use), beat=note)
            note()
            return _cpu_s(process) - begun

        def note() -> None:
            nonlocal peak
            peak = max(peak, process.memory_info().rss)

        yield spend, lambda: round(peak / 1024**2)


@contextmanager
def _pillow(folder: Path, first: Path) -> Iterator[Spend]:
    with ProcessPoolExecutor(1) as pool:

        def run(files: Sequence[Path]) -> float:
            return float(pool.submit(_scaled_all, [str(one) for one in files], str(folder / "bare.jpg")).result())

        run([first])
        yield run


def _scaled_all(files: Sequence[str], target: str) -> float:
    begun = _cpu_s(psutil.Process())
    for source in files:
        scale(source, target)
    return _cpu_s(psutil.Process()) - begun


def scale(source: str, target: str) -> None:
    """What a script of five lines does: upright, RGB, smaller, JPEG."""
    import pillow_heif
    from PIL import Image, ImageOps

    pillow_heif.register_heif_opener()
    with Image.open(source) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((1440, 1800))
        upright.save(target, "JPEG", quality=92)


_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p")
_CODED = (*_X264, "-c:a", "copy", "-threads", "1")


def encode(source: str, target: str) -> None:
    """What ffmpeg's own program does, in one thread."""
    _ffmpeg("-threads", "1", "-i", source, *_CODED, "-movflags", "+faststart", "-f", "mp4", target)


def _ffmpeg_anew(folder: Path, files: Sequence[Path]) -> float:
    return _ffmpeg_each(folder, files, _CODED)


def _ffmpeg_copy(folder: Path, files: Sequence[Path]) -> float:
    return _ffmpeg_each(folder, files, ["-c", "copy"])


def _ffmpeg_each(folder: Path, files: Sequence[Path], how: Sequence[str]) -> float:
    begun = _cpu_s_of_children()
    for one in files:
        _ffmpeg("-threads", "1", "-i", str(one), *how, "-movflags", "+faststart", str(folder / "bare.mp4"))
    return _cpu_s_of_children() - begun


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _cpu_s_of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _worker_memory_mb() -> int:
    """Of the worker itself, which only hands files to the process that converts."""
    said = subprocess.run([sys.executable, "-c", _WORKER], check=True, capture_output=True, text=True)
    return round(int(said.stdout) / 1024**2)


def make_photo(folder: Path, number: int) -> Path:
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


def make_video(folder: Path, name: str, seconds: float, said: str, *, comment: str = "") -> Path:
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
    _ffmpeg("-i", str(first), "-c", "copy", "-metadata:s:v", said, "-metadata", f"comment={comment}", str(path))
    return path


def _ffmpeg(*arguments: str) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        raise SystemExit("ffmpeg is not installed (Debian's package ffmpeg)")
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True)


if __name__ == "__main__":
    main()
