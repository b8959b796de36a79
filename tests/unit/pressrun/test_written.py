"""What a person wrote, before it is kept or sent."""

from __future__ import annotations

import pytest

from operations.history.mentions import words_of
from pressrun.errors import Invalid
from pressrun.written import odd_character, require_text, with_plain_lines


@pytest.mark.parametrize(
    ("text", "plain"),
    [("a\r\nb", "a\nb"), ("a\rb", "a\nb"), ("\r\n\r\nb\n", "\n\nb\n"), ("a\nb", "a\nb"), ("", "")],
)
def test_lines_end_in_one_way(text: str, plain: str) -> None:
    assert with_plain_lines(text) == plain


@pytest.mark.parametrize(("text", "odd"), [("a\0b", "\0"), ("\ud83d!", "\ud83d"), ("😀\t\u200d", None)])
def test_what_no_text_may_hold_is_found(text: str, odd: str | None) -> None:
    assert odd_character(text) == odd


def test_what_no_text_may_hold_is_refused_by_what_it_is() -> None:
    require_text("😀", type="reason.invalid")
    with pytest.raises(Invalid, match=r"that is no text: U\+D83D") as refused:
        require_text("because\ud83d", type="reason.invalid", field="reason")

    assert (refused.value.type, refused.value.field) == ("reason.invalid", "reason")


def test_a_reply_that_a_form_sends_has_the_lines_that_were_written() -> None:
    assert words_of(" Thank you!\r\n\r\nSee you soon.\r\n") == "Thank you!\n\nSee you soon."
