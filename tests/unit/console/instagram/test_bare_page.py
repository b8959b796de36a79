"""The bare page: it says what it is given, and its policy lets in nothing but its own style."""

from __future__ import annotations

import base64
import hashlib
import re

from console.instagram.bare_page import HEADERS, bare_page


def test_its_policy_allows_its_style_by_what_it_says_and_nothing_else() -> None:
    page = bare_page("Thank you", "You can close this window.")

    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(one.strip().split(" ", 1) for one in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["style-src"] == f"'sha256-{hashed}'"
    assert policy["default-src"] == "'none'"
    assert "style=" not in page


def test_what_it_says_is_text() -> None:
    page = bare_page("<b>", "a & <script>", more="<p>markup</p>")

    assert "<h1>&lt;b&gt;</h1>" in page
    assert "<p>a &amp; &lt;script&gt;</p>" in page
    assert "<p>markup</p>" in page
