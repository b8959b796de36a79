"""What the simulator saw, for whoever judges a client by it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from simulator.backstage import Backstage
from simulator.clock import precise_time
from simulator.publishing import quota_total
from simulator.records import Publish
from simulator.world import World


def make(stage: Backstage) -> dict[str, Any]:
    world = stage.world
    by_account: dict[str, list[Publish]] = {}
    for line in world.publishes:
        by_account.setdefault(line.container.account.ig_id, []).append(line)
    notes = {about: dict(sorted(counts.items())) for about, counts in world.notes.items()}
    return {
        "publishes": len(world.publishes),
        "publishes_by_account": {ig_id: [_when(line) for line in lines] for ig_id, lines in by_account.items()},
        "duplicates": duplicates(world),
        "quota_violations": quota_violations(world),
        "calls": dict(sorted(stage.calls.items())),
        "calls_total": sum(stage.calls.values()),
        "throttled": {
            "refused": stage.usage.refused,
            "after_notice": sum(stage.usage.after_notice.values()),
            "after_notice_by_account": stage.usage.after_notice,
        },
        "tokens_in_urls": notes.get("tokens_in_urls", {}),
        "defects": notes.get("defects", {}),
        "unknown_paths": notes.get("unknown_paths", {}),
        "unknown_params": notes.get("unknown_params", {}),
        "unknown_fields": notes.get("unknown_fields", {}),
        "ignored_params": notes.get("ignored_params", {}),
        "faults_fired": stage.faults.fired,
        "webhooks": stage.sender.tally | {"pending": len(world.deliveries)},
        "sources_without_range": stage.fetcher.without_range,
        "now": precise_time(world.now()),
    }


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
