"""How many photos and videos a live media worker makes right a minute, beside Pillow and ffmpeg on the same cores.

python -m benchmarks.media_worker                        12 photos of 12 megapixels, then 4 videos of 1080p and 3 s
python -m benchmarks.media_worker --photos 48 --videos 12

`pressrun up` runs as its users run it. The files are imported with `--fix` for posts of tomorrow, so that nothing else
is done beside; the machine has to be quiet. Told is the time of the clock from when the first file is taken up until
the last one is done, on all cores (`cores`); Pillow and ffmpeg take the same files in as many processes. `worker_mb`
is the most memory that the worker had meanwhile, `converter_mb` the most of one of the processes that convert for it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks import media
from tests.support.simulator import Simulator
from tests.support.stack import Stack, write_campaign
from tests.support.waiting import until

_SAMPLE_S = 0.05
_DONE = text("SELECT count(*) FROM conversions WHERE state = 'done'")
_SPAN_S = text(
    "SELECT EXTRACT(epoch FROM max(settled_at) - min(begun_at))::float FROM"
    " (SELECT * FROM conversions ORDER BY id DESC LIMIT :count) AS newest"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-bench-") as folder:
        print(json.dumps(measure(Path(folder), options.photos, options.videos, options.seconds)))


def measure(folder: Path, photos: int, videos: int, seconds: float) -> dict[str, float | int]:
    """Files a minute by the clock, and megabytes."""
    pictures = [media.make_photo(folder, number) for number in range(photos)]
    films = [
        media.make_video(folder, f"turned-{number}.mov", seconds, "rotate=90", comment=str(number))
        for number in range(videos)
    ]
    cores = os.cpu_count() or 1
    found: dict[str, float | int] = {"cores": cores, "photos": photos, "videos": videos, "video_s": seconds}
    with Simulator.start(accounts=1) as instagram, Stack.start(instagram, accounts=1, is_new=True) as stack:
        with _watched(stack.pid("worker-media")) as peak:
            found["photos_a_minute"] = _a_minute(photos, _import(stack, folder, pictures, "image", photos))
            found["videos_a_minute"] = _a_minute(videos, _import(stack, folder, films, "reel", photos + videos))
        found |= {"worker_mb": peak.worker_mb, "converter_mb": peak.converter_mb}
    found["photos_a_minute_pillow"] = _a_minute(photos, _side_by_side(cores, media.scale, pictures, folder))
    found["videos_a_minute_ffmpeg"] = _a_minute(videos, _side_by_side(cores, media.encode, films, folder))
    return found


def _a_minute(count: int, lasted_s: float) -> float:
    return round(60 * count / lasted_s, 1)


def _import(stack: Stack, folder: Path, files: Sequence[Path], kind: str, all_done: int) -> float:
    """How long it takes to make all of them right."""
    due = {"account": "acc0", "publish_at": "+1d", "type": kind}
    rows = [{**due, "media": str(one), "caption": one.name, "key": one.name} for one in files]
    path = write_campaign(folder / f"{kind}.csv", rows)
    stack.run("post", "import", str(path), "--fix")

    def are_done() -> bool:
        with stack.database.transaction() as tx:
            return bool(tx.execute(_DONE).scalar_one() >= all_done)

    until(are_done, 3600, what="all files are made right")
    with stack.database.transaction() as tx:
        return float(tx.execute(_SPAN_S, {"count": len(files)}).scalar_one())


@dataclass
class _Peak:
    """The most memory that was seen, in megabytes."""

    worker_mb: int = 0
    converter_mb: int = 0


@contextmanager
def _watched(pid: int) -> Iterator[_Peak]:
    peak, over, worker = _Peak(), threading.Event(), psutil.Process(pid)

    def watch() -> None:
        while not over.wait(_SAMPLE_S):
            with suppress(psutil.NoSuchProcess):
                peak.worker_mb = max(peak.worker_mb, _mb(worker))
                peak.converter_mb = max(peak.converter_mb, *map(_mb, worker.children()), 0)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield peak
    finally:
        over.set()
        watching.join()


def _mb(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return round(process.memory_info().rss / 1024**2)
    return 0


def _side_by_side(cores: int, work: Callable[[str, str], None], files: Sequence[Path], folder: Path) -> float:
    with ProcessPoolExecutor(cores) as pool:
        list(pool.map(_come, range(cores)))  # so that all of them are there
        begun = time.monotonic()
        list(pool.map(work, map(str, files), [str(folder / f"bare-{number}") for number in range(len(files))]))
        return time.monotonic() - begun


def _come(_: int) -> None:
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    Image.init()


if __name__ == "__main__":
    main()
