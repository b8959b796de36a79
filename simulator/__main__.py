"""`python -m simulator`: every field of SimulatorConfig is a flag."""

from __future__ import annotations

import argparse
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, NoReturn

from pressrun.errors import PressrunError, UsageError
from simulator.config import SimulatorConfig
from simulator.serve import run

_SPECIAL = {"faults", "readings", "redirect_uris", "fetch_media", "state_dir"}
_WORDS = {
    "port": "0 takes a free one",
    "host": "address to listen on",
    "accounts": "accounts in the world",
    "seed": "the same seed makes the same world",
    "media_each": "media that each account has from before, a week apart",
    "speed": "seconds of its time in one real second",
    "webhook_url": "where notifications go (default: nowhere)",
    "webhook_drop": "share of notifications that are lost, 0 to 1",
    "webhook_duplicate": "share of notifications that arrive twice, 0 to 1",
    "webhook_retry_s": "first pause after an answer other than 200; it doubles",
    "app_id": "the made-up app",
    "app_secret": "its secret, which signs webhooks",
    "instagram_app_id": "the app of Instagram Login (default: the same app)",
    "instagram_app_secret": "its secret (default: that of the app)",
    "verify_token": "with which it asks whether webhooks are wanted",
    "quota_total": "posts that an account may publish in the window",
    "quota_duration_s": "that window",
    "container_quota": "containers of an account in 24 hours",
    "trial_quota": "trial reels of an account in 24 hours",
    "image_processing_s": "its time until a picture's container is FINISHED",
    "video_processing_s": "its time until a video's container is FINISHED",
    "latency_ms": "before every answer",
    "fetch_timeout_s": "patience with whoever serves the media",
    "account_calls": "calls of app and account in the usage window",
    "app_calls": "calls of the app in the usage window",
    "user_calls": "calls of a user in the usage window",
    "usage_window_s": "that window",
}
_REPEATED = (
    ("--redirect-uri", "redirect_uris", "URL", "where consent may lead back to (default: anywhere)"),
    ("--fault", "faults", "ENDPOINT:MODE[:KEY=VALUE,…]", "what goes wrong"),
    ("--reading", "readings", "NAME=VALUE", "how an open question of the contract is read"),
)
_EPILOG = "docs/simulator.md explains faults and readings, and the addresses below /_sim that steer a running one."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line: the usage, of thirty flags, would bury it."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given: dict[str, Any] = vars(parser.parse_args(arguments))
    given["faults"], given["redirect_uris"] = tuple(given["faults"]), tuple(given["redirect_uris"])
    given["readings"] = dict(reading.partition("=")[::2] for reading in given["readings"])
    try:
        run(SimulatorConfig(**given))
    except PressrunError as problem:
        sys.stderr.write(f"simulator: {problem}\n")
        return 2 if isinstance(problem, UsageError) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="simulator", usage="%(prog)s [options]", description="A Graph API on this machine.", epilog=_EPILOG
    )
    for field in fields(SimulatorConfig):
        if field.name not in _SPECIAL and field.default is not MISSING:
            parser.add_argument(
                "--" + field.name.replace("_", "-"),
                type=str if field.default is None else type(field.default),
                default=field.default,
                metavar="N" if isinstance(field.default, int | float) else "TEXT",
                help=_WORDS[field.name] + ("" if field.default is None else f" (default: {field.default})"),
            )
    parser.add_argument("--state-dir", type=Path, metavar="FOLDER", help="keep the world there over restarts")
    unseen = "take every media address unseen"
    parser.add_argument("--no-fetch-media", action="store_false", dest="fetch_media", help=unseen)
    for flag, many, shape, words in _REPEATED:
        parser.add_argument(flag, action="append", default=[], dest=many, metavar=shape, help=f"{words}; repeatable")
    return parser


if __name__ == "__main__":
    sys.exit(main())
