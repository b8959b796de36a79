"""What a benchmark that failed leaves to read: the middle of a long log is cut out, so the verdict comes last."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.benchmark import blame

CHATTER = "supervisor.process what=started\n" * 10_000


@pytest.mark.parametrize(
    ("stdout", "stderr", "last"),
    [
        (f'{CHATTER}lost 1\n{{"posts": 36, "lost": 1}}\n', "a warning\n" * 5000, '{"posts": 36, "lost": 1}'),
        (f'{CHATTER}{{\n "violations": {{\n  "posts": 1\n }}\n}}\n', "", '{\n "violations": {\n  "posts": 1\n }\n}'),
        (CHATTER, "Traceback\nOSError: no room", "OSError: no room\nno verdict"),
        ("", "", "no verdict"),
    ],
)
def test_the_verdict_comes_last_and_all_is_short(stdout: str, stderr: str, last: str) -> None:
    said = blame("benchmarks.torture", subprocess.CompletedProcess([], 1, stdout, stderr))

    assert said.startswith("benchmarks.torture ended with 1\n")
    assert said.endswith(f"\n{last}")
    assert len(said) < 5000
