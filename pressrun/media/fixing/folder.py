"""Many files made right into a folder, several at a time: what `pressrun media fix` does."""

from __future__ import annotations

import fcntl
import filecmp
import os
import queue
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pressrun.errors import Invalid, PressrunError
from pressrun.media.fixing.converter import Converter
from pressrun.media.fixing.recipe import Recipe, shape_of_all, use_of
from pressrun.media.fixing.run import kind_of
from pressrun.media.fixing.told import Made
from pressrun.media.probe import MediaUnreadable, probe
from pressrun.media.rules import LIMITS, Use

_MOST_AT_ONCE = 8
_PART = ".pressrun-"


@dataclass(frozen=True)
class Fixed:
    """One file of the order: where the fixed one lies, or why there is none."""

    source: Path
    use: Use | None
    output: Path | None = None
    made: Made | None = None
    problem: str | None = None
    field: str | None = None


@dataclass(frozen=True)
class Order:
    """What is wanted of all files. `said` is the word for what they are made for; None: what each can be."""

    said: str | None
    recipe: Recipe
    is_one_shape: bool = False
    """Bring the items of a carousel to the shape of the first."""

    def recipe_for(self, source: Path) -> Recipe:
        """Raises MediaUnreadable and Invalid."""
        said = "cover" if self.said is None and self.recipe.cover_at_s is not None else self.said
        return replace(self.recipe, use=use_of(said, kind_of(source)))


def fix_into(folder: Path, files: Sequence[Path], order: Order) -> Iterator[Fixed]:
    """Fix them all, several at once; told in their order. No input is ever overwritten, nor a file of somebody else.

    Raises Invalid when the folder cannot be one.
    """
    order = _in_one_shape(files, order)
    with _work_folder(folder) as work:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        at_once = max(min(cores, len(files), _MOST_AT_ONCE), 1)
        converters: queue.SimpleQueue[Converter] = queue.SimpleQueue()
        made = [Converter(threads=max(cores // at_once, 1)) for _ in range(at_once)]
        for converter in made:
            converters.put(converter)
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="fix")
        try:
            waiting = [
                pool.submit(_fix, source, work / str(number), order, converters) for number, source in enumerate(files)
            ]
            taken = {_real(one) for one in files}
            for one in waiting:
                yield _settled(one.result(), folder, taken)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for converter in made:
                converter.close()
            pool.shutdown(wait=True)


def _fix(source: Path, part: Path, order: Order, converters: queue.SimpleQueue[Converter]) -> Fixed:
    use: Use | None = None
    converter = converters.get()
    try:
        recipe = order.recipe_for(source)
        use = recipe.use
        made = converter.fix(_real(source), part, recipe)
    except MediaUnreadable as problem:
        return Fixed(source, use, problem=problem.reason, field="media")
    except PressrunError as problem:
        return Fixed(source, use, problem=str(problem), field=problem.field)
    except OSError as problem:
        return _unwritten(source, use, problem)
    finally:
        converters.put(converter)
    return Fixed(source, use, part, made)


def _unwritten(source: Path, use: Use | None, problem: OSError) -> Fixed:
    return Fixed(source, use, problem=f"the result cannot be written: {problem.strerror or problem}")


def _real(path: Path) -> Path:
    """Where it leads. Unlike `Path.resolve` it takes links that lead in a circle as they are: opening them tells."""
    return Path(os.path.realpath(path))


def _settled(done: Fixed, folder: Path, taken: set[Path]) -> Fixed:
    """Give what was made its name in the folder."""
    if done.output is None or done.use is None:
        return done
    try:
        place = _free_place(
            done.source, done.output, folder, "jpg" if LIMITS[done.use].kind == "image" else "mp4", taken
        )
        done.output.chmod(0o644)
        done.output.replace(place)
    except OSError as problem:
        return _unwritten(done.source, done.use, problem)
    taken.add(_real(place))
    return replace(done, output=place)


def _free_place(source: Path, made: Path, folder: Path, extension: str, taken: set[Path]) -> Path:
    """A name that nothing has, or that what was made before of the same file has. Raises OSError."""
    number = 1
    while True:
        name = f"{source.stem}.{extension}" if number == 1 else f"{source.stem}-{number}.{extension}"
        place = folder / name
        is_ours = place.is_file() and _real(place) not in taken and filecmp.cmp(place, made, shallow=False)
        if is_ours or not os.path.lexists(place):
            return place
        number += 1


def _in_one_shape(files: Sequence[Path], order: Order) -> Order:
    if not (order.is_one_shape and order.said == "carousel" and files):
        return order
    with suppress(PressrunError):
        shape = shape_of_all(probe(files[0]).ratio, has_video="video" in {kind_of(one) for one in files})
        return replace(order, recipe=replace(order.recipe, shape=shape))
    return order


@contextmanager
def _work_folder(folder: Path) -> Iterator[Path]:
    """A folder for what is under way, inside the target; those that killed commands have left are removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        work = Path(tempfile.mkdtemp(prefix=_PART, dir=folder))
    except OSError as problem:
        raise Invalid(
            f"{folder} cannot be used as a folder: {problem.strerror}", type="media.folder", field="output"
        ) from None
    handle = os.open(work, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # ends with the process, however that ends
        yield work
    finally:
        os.close(handle)
        _remove(work)


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{_PART}*"):
        with suppress(OSError):
            handle = os.open(left, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(left)
            finally:
                os.close(handle)


def _remove(work: Path) -> None:
    with suppress(OSError):
        for part in work.iterdir():
            part.unlink(missing_ok=True)
        work.rmdir()
