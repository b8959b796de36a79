"""Every link within the repository leads somewhere, and every page can be reached from the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.docs.pages import PAGES, ROOT, Page

_LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page: Path) -> list[str]:
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize(
    ("page", "link"),
    [(page, link) for page in PAGES for link in links(page)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_link_leads_to_something_that_exists(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page

    assert target.exists()
    assert target.is_relative_to(ROOT)
    if anchor:
        assert anchor in Page(target).anchors()


def test_every_page_is_linked_from_another() -> None:
    linked = {(page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in links(page)}
    folders = {target for target in linked if target.is_dir()}

    for page in PAGES:
        if page.name not in {"README.md", "SECURITY.md"}:
            assert page in linked or page.parent in folders, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_folder_of_somebodys_machine(page: Path) -> None:
    assert not re.search(r"/(?:home|Users|root|work)/\w", page.read_text(encoding="utf-8"))
