"""Counts that outlive the process, down to the bytes of their file."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.world.counters import Counters


def test_counts_are_there_without_any_closing(tmp_path: Path) -> None:
    first = Counters(tmp_path)
    first.add("calls", "user")
    first.add("calls", "user", 2)
    first.add("faults", "user:refuse")
    first.add("faults", "user:refuse", -1)

    second = Counters(tmp_path)  # as after a SIGKILL: nobody closed the first

    assert second.of("calls") == {"user": 3}
    assert second.of("faults") == {}
    second.add("calls", "user")
    assert Counters(tmp_path).get("calls", "user") == 4


def test_the_file_grows_with_its_names(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    for number in range(1000):
        counters.add("unknown_fields", f"field {number}", number)
    counters.close()

    again = Counters(tmp_path)

    assert again.of("unknown_fields") == {f"field {number}": number for number in range(1, 1000)}
    again.add("unknown_fields", "one more")
    assert len(Counters(tmp_path).of("unknown_fields")) == 1000


@pytest.mark.parametrize("name", ["😍" * 200, "two\nlines", "", "half \ud83d"])
def test_odd_names_do_no_harm(tmp_path: Path, name: str) -> None:
    counters = Counters(tmp_path)
    counters.add("notes", name, 7)
    counters.add("notes", "plain", 8)

    again = Counters(tmp_path)
    again.add("notes", name)

    assert again.of("notes") == {name[:100]: 8, "plain": 8}


def test_a_name_without_its_number_means_nothing(tmp_path: Path) -> None:
    counters = Counters(tmp_path)
    counters.add("calls", "user")
    counters._register("calls", "user")  # as if a longer name had been torn right here

    again = Counters(tmp_path)
    again.add("calls", "user")
    again.add("calls", "tags")

    assert Counters(tmp_path).of("calls") == {"tags": 1, "user": 2}


def test_without_a_folder_they_last_as_long_as_the_process() -> None:
    counters = Counters(None)
    counters.add("calls", "user")

    assert counters.of("calls") == {"user": 1}
    counters.close()
