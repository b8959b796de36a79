"""After a restart: what was being fetched or uploaded when the process died is taken up again."""

from __future__ import annotations

from simulator.backstage import Backstage
from simulator.publishing import processing, uploads
from simulator.world.clock import DAY
from simulator.world.records import Container


def resume(stage: Backstage) -> None:
    now = stage.world.now()
    for node in list(stage.world.nodes.values()):
        if isinstance(node, Container) and now - node.created < DAY:
            if node.is_resumable:
                uploads.resume(stage, node)
            else:
                processing.begin(stage, node)
