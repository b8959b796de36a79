"""What is documented is read as a resource wherever Pressrun is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from console.mcp import resources
from console.mcp.resources import docs_of

_REPOSITORY = Path(__file__).parents[4]


def test_a_wheel_has_every_page(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=_REPOSITORY, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")

    found = docs_of(tmp_path / "site" / "console" / "mcp" / "resources.py")

    assert found is not None
    pages = {path.name: path.read_bytes() for path in found.glob("*.md")}
    assert pages == {path.name: path.read_bytes() for path in (_REPOSITORY / "docs").glob("*.md")}


def test_a_folder_of_that_name_that_is_of_somebody_else_is_none(tmp_path: Path) -> None:
    module = tmp_path / "console" / "mcp" / "resources.py"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Something else")

    assert docs_of(module) is None
    assert docs_of(Path(resources.__file__)) == _REPOSITORY / "docs"
