"""`account connect` at a terminal, where a person manages several accounts."""

from __future__ import annotations

import io

import pytest

from cli.commands.accounts.consents import _chosen
from models.connecting.consenting import Candidate
from operations.accounts.consents import ConnectionShown
from pressrun.errors import Invalid, NotPossible

ANA, BEN, EVA = (Candidate(str(number), name, str(number), "Page") for number, name in enumerate(("ana", "ben", "eva")))
SHOWN = ConnectionShown(1, "found", "facebook", "bakery", (ANA, BEN, EVA))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def answer(monkeypatch: pytest.MonkeyPatch, said: str) -> list[str]:
    monkeypatch.setattr("sys.stdin", Terminal(f"{said}\n"))
    return _chosen(SHOWN, as_json=False)


@pytest.mark.parametrize(
    ("said", "chosen"),
    [("2", ["1"]), ("1,3", ["0", "2"]), (" 3 , 1 ", ["2", "0"]), ("all", ["0", "1", "2"]), (" ALL ", ["0", "1", "2"])],
)
def test_one_or_many_are_chosen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, chosen: list[str]
) -> None:
    assert answer(monkeypatch, said) == chosen

    shown = capsys.readouterr()
    assert shown.out.strip() == ""
    assert [name in shown.err for name in ("ana", "ben", "eva")] == [True] * 3


@pytest.mark.parametrize("said", ["0", "4", "-1", "1;2", "ana", "1,,2", "²", "everything"])
def test_what_is_no_choice_is_said_and_nothing_is_taken(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    with pytest.raises(Invalid, match="is no choice among 1 to 3: nothing was connected") as refused:
        answer(monkeypatch, said)

    assert refused.value.type == "account.choice_unclear"


def test_a_program_is_told_how_to_name_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("all\n"))

    with pytest.raises(NotPossible, match="--account names one"):
        _chosen(SHOWN, as_json=True)
