"""What `--help` says beyond what the commands say themselves: what values are, and of each command what fits a line."""

from __future__ import annotations

import re
from typing import Any

_LINE = 80
_FRAME = 6
"""Characters of a line in a list of commands that are neither name nor words."""
_CLAUSE = re.compile(r"[:;,]? \(|[:;,] ")


def complete(root: Any) -> Any:
    """The command and all below it, made complete. Returns it."""
    for one in root.params:
        if one.param_type_name == "option" and one.metavar is None:
            one.metavar = _value(one)
    inner = getattr(root, "commands", {})
    room = _LINE - _FRAME - max(map(len, inner), default=0)
    for command in inner.values():
        command.short_help = _fitting(command.get_short_help_str(10 * _LINE), room)
        complete(command)
    return root


def _value(option: Any) -> str | None:
    """What stands for a value, in place of the name of its type in Python; None: flags and choices say it."""
    described = option.type_descriptor
    if option.is_flag or (described.is_choice and not option.multiple):
        return None
    if described.is_choice:
        return f"<{'|'.join(map(str, described.choices))}>"
    if described.is_file or described.is_path:
        return "PATH"
    return "NUMBER" if option.min is not None or option.max is not None or option.name == "version" else "TEXT"


def _fitting(words: str, room: int) -> str:
    """The sentence, or as many of its first clauses as fit."""
    if len(words) <= room:
        return words
    ends = [found.start() for found in _CLAUSE.finditer(words) if found.start() <= room]
    return f"{words[: ends[-1]]}" if ends else words
