"""What stands behind the world for the length of a process: faults, budgets, fetching, sending, counting."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from pressrun.errors import Unknown
from simulator.calls.usage import Usage
from simulator.config import SimulatorConfig
from simulator.faults.rules import Faults, read_rule
from simulator.media.fetcher import Fetcher
from simulator.outbound import Outbound
from simulator.webhooks.sender import Sender
from simulator.world.world import World


class Backstage:
    """Built once per process; `start` and `stop` frame the life of its tasks."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.world = World(config)
        self.faults = Faults(self.world)
        for text in config.faults:
            wanted = read_rule(text)
            account = self.world.account(wanted["account"]) if "account" in wanted else None
            if "account" in wanted and account is None:
                raise Unknown(f"the fault rule {text!r} names no account", type="account.unknown", field="account")
            self.faults.add(wanted, account, is_lasting=False)
        self.usage = Usage(self.world)
        self.outbound = Outbound(needs_media=config.fetch_media)
        self.fetcher = Fetcher(self.world, self.outbound)
        self.sender = Sender(self.world, self.outbound)
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        if self.config.fetch_media or self.world.webhook_url:
            self.outbound.warm_up()
        self.sender.start()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sender.stop()
        await self.outbound.close()
        self.world.journal.close()
        self.world.counters.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    def upload_path(self, container_id: str) -> Path:
        """Where the bytes of an upload gather: beside the journal, or gone with the process."""
        folder = self.world.journal.folder
        if folder is None:
            if self._scratch is None:
                self._scratch = tempfile.TemporaryDirectory(prefix="simulator-")
            return Path(self._scratch.name) / container_id
        (folder / "uploads").mkdir(exist_ok=True)
        return folder / "uploads" / container_id

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the calls, until done or stopped."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
