"""`python -m simulator`: every field of SimulatorConfig is a flag."""

from __future__ import annotations

import argparse
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NoReturn

from pressrun.errors import PressrunError
from simulator.config import SimulatorConfig
from simulator.serve import run

_SPECIAL = {"faults", "readings", "redirect_uris", "fetch_media", "state_dir"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line: the usage, of thirty flags, would bury it."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def main(arguments: list[str] | None = None) -> int:
    parser = _Parser(prog="simulator", description="A Graph API on localhost.")
    for field in fields(SimulatorConfig):
        if field.name not in _SPECIAL and field.default is not MISSING:
            flag = "--" + field.name.replace("_", "-")
            parser.add_argument(flag, type=str if field.default is None else type(field.default), default=field.default)
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--redirect-uri", action="append", default=[], dest="redirect_uris", metavar="URL")
    parser.add_argument("--no-fetch-media", action="store_false", dest="fetch_media")
    parser.add_argument("--fault", action="append", default=[], dest="faults", metavar="ENDPOINT:MODE[:KEY=VALUE,…]")
    parser.add_argument("--reading", action="append", default=[], dest="readings", metavar="NAME=VALUE")
    given: dict[str, Any] = vars(parser.parse_args(arguments))
    given["faults"], given["redirect_uris"] = tuple(given["faults"]), tuple(given["redirect_uris"])
    given["readings"] = dict(reading.partition("=")[::2] for reading in given["readings"])
    try:
        run(SimulatorConfig(**given))
    except PressrunError as problem:
        sys.stderr.write(f"simulator: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
