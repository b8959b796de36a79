"""HOME's folders, and the key that is made exactly once."""

from __future__ import annotations

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from pressrun.embedded.home import KeyLost, prepare_home, secret_key
from pressrun.vault import Vault
from tests.support.processes import Process


def test_a_new_home_is_closed_to_others(home: Path) -> None:
    old = os.umask(0)
    try:
        prepared = prepare_home(home)
    finally:
        os.umask(old)

    passable = 0o711 if os.geteuid() == 0 else 0o700
    assert stat.S_IMODE(home.stat().st_mode) == passable
    assert stat.S_IMODE(prepared.run.stat().st_mode) == passable
    assert stat.S_IMODE(prepared.logs.stat().st_mode) == 0o700
    assert stat.S_IMODE(prepared.media.stat().st_mode) == 0o700


def test_a_strict_umask_does_not_lock_the_servers_user_out(home: Path) -> None:
    old = os.umask(0o077)
    try:
        prepared = prepare_home(home)
    finally:
        os.umask(old)

    assert os.access(prepared.run, os.W_OK)
    assert stat.S_IMODE(prepared.run.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_home_that_is_there_keeps_its_mode(home: Path) -> None:
    home.mkdir(mode=0o750)

    prepare_home(home)

    assert stat.S_IMODE(home.stat().st_mode) == 0o750


def test_the_key_is_made_once_and_kept_private(home: Path) -> None:
    key = secret_key(home, is_new=lambda: True)

    assert secret_key(home, is_new=lambda: True) == key
    assert Vault([key]).open(Vault([key]).seal("token", context="a"), context="a") == "token"
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600


def test_threads_and_processes_that_race_for_the_key_get_the_same(home: Path) -> None:
    command = [
        sys.executable,
        "-c",
        f"from pressrun.embedded.home import *; print('KEY', secret_key({str(home)!r}, is_new=lambda: True))",
    ]
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        processes = [stack.enter_context(Process(command)) for _ in range(5)]
        keys = {each.line("^KEY (.*)") for each in processes} | set(
            pool.map(partial(secret_key, is_new=lambda: True), [home] * 16)
        )

    assert keys == {(home / "secret.key").read_text().strip()}


@pytest.mark.parametrize("content", ["", "short\n", "\x00" * 44])
def test_a_damaged_key_is_reported_and_never_replaced(home: Path, content: str) -> None:
    secret_key(home, is_new=lambda: True)
    (home / "secret.key").write_text(content)

    with pytest.raises(KeyLost, match="does not hold a key"):
        secret_key(home, is_new=lambda: True)
    assert (home / "secret.key").read_text() == content


def test_a_key_that_is_gone_is_missed_and_not_made_anew(home: Path) -> None:
    key = secret_key(home, is_new=lambda: True)
    assert secret_key(home, is_new=lambda: False) == key
    (home / "secret.key").unlink()

    with pytest.raises(KeyLost, match=r"secret\.key is gone.*put it back from a backup.*PRESSRUN_SECRET_KEYS"):
        secret_key(home, is_new=lambda: False)
    assert not (home / "secret.key").exists()
