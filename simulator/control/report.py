"""What the simulator saw, for whoever judges a client by it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from simulator.backstage import Backstage
from simulator.publishing.publish import quota_total
from simulator.webhooks.sender import TALLIED, TALLY
from simulator.world.clock import precise_time
from simulator.world.records import Publish
from simulator.world.world import World

_COUNTED = (
    "tokens_in_urls",
    "defects",
    "dead_versions",
    "unknown_paths",
    "unknown_params",
    "unknown_fields",
    "ignored_params",
    "faults_fired",
    "sources_without_range",
)


def make(stage: Backstage) -> dict[str, Any]:
    world = stage.world
    by_account: dict[str, list[Publish]] = {}
    for line in world.publishes:
        by_account.setdefault(line.container.account.ig_id, []).append(line)
    count = world.counters.of
    return {
        "publishes": len(world.publishes),
        "publishes_by_account": {ig_id: [_when(line) for line in lines] for ig_id, lines in by_account.items()},
        "duplicates": duplicates(world),
        "quota_violations": quota_violations(world),
        "lateness": lateness(world),
        "calls": count("calls"),
        "calls_total": sum(count("calls").values()),
        "throttled": {
            "refused": world.counters.get("throttled", "refused"),
            "after_notice": sum(count("after_notice").values()),
            "after_notice_by_account": count("after_notice"),
        },
        **{about: count(about) for about in _COUNTED},
        "webhooks": {name: world.counters.get(TALLY, name) for name in TALLIED} | {"pending": len(world.deliveries)},
        "now": precise_time(world.now()),
    }


def lateness(world: World) -> list[dict[str, Any]]:
    """How late each post went out that `/_sim/due` has announced; early is negative, not (yet) out is null.

    Posts are told apart by account and caption; of several alike the first due is the first that went out.
    """
    went_out: dict[tuple[str, str | None], list[Publish]] = defaultdict(list)
    for publish in world.publishes:
        went_out[publish.container.account.ig_id, publish.media.caption].append(publish)
    found = []
    for due in sorted(world.dues, key=lambda due: due.at):
        lines = went_out[due.account.ig_id, due.caption]
        line = lines.pop(0) if lines else None
        found.append(
            {
                "account": due.account.ig_id,
                "caption": due.caption,
                "due_at": precise_time(due.at),
                "at": precise_time(line.at) if line else None,
                "late_s": round(line.at - due.at, 6) if line else None,
            }
        )
    return found


def _when(line: Publish) -> dict[str, Any]:
    return {"media_id": line.media.id, "at": precise_time(line.at), "caption": line.media.caption}


def duplicates(world: World) -> list[dict[str, Any]]:
    """Groups of media that a follower could not tell apart, and containers that became more than one media."""
    by_content: dict[str, list[Publish]] = defaultdict(list)
    by_container: dict[str, list[Publish]] = defaultdict(list)
    for line in world.publishes:
        by_content[line.signature].append(line)
        by_container[line.container.id].append(line)
    found = []
    for reason, groups in (("content", by_content), ("container", by_container)):
        for lines in groups.values():
            if len(lines) > 1:
                found.append(
                    {
                        "reason": reason,
                        "account": lines[0].container.account.ig_id,
                        "caption": lines[0].media.caption,
                        "media_ids": [line.media.id for line in lines],
                        "container_ids": [line.container.id for line in lines],
                    }
                )
    return found


def quota_violations(world: World) -> list[dict[str, Any]]:
    """Rolling windows that hold more publishes than the quota of today."""
    found = []
    for account in world.accounts:
        times, total = account.publish_times, quota_total(world, account)
        for at in range(total, len(times)):
            if times[at] - times[at - total] < world.config.quota_duration_s:
                found.append({"account": account.ig_id, "at": precise_time(times[at]), "quota_total": total})
    return found
