"""The month of a demo that stays is one that Instagram knows: harvests find all of it, and its numbers go on."""

from __future__ import annotations

import pytest

from cli.demo.month import fill
from models.harvests.harvest import HarvestKind
from tests.integration.harvest.conftest import Field

pytestmark = pytest.mark.cost(cpu_s=4)


def test_a_harvest_finds_every_media_of_the_month_with_the_numbers_it_had(field_: Field) -> None:
    account = field_.account(0, name="bakery")
    fill(field_.database, ["bakery"], field_.simulator.past)
    written = {row.ig_id: row for row in field_.rows(_MEDIA)}
    field_.sql("UPDATE media_latest SET last_checked_at = now() - interval '30 days'")

    run = field_.harvest(HarvestKind.MEDIA, account)

    found = {row.ig_id: row for row in field_.rows(_MEDIA)}
    assert run.status in {"done", "partial"}
    assert len(written) >= 20
    assert {ig_id for ig_id in written if found[ig_id].gone_at is not None} == set()
    assert {ig_id for ig_id in written if found[ig_id].caption != written[ig_id].caption} == set()
    assert {ig_id for ig_id in written if found[ig_id].permalink != written[ig_id].permalink} == set()
    # What is older than two days is restated no more: it has only grown.
    assert {ig_id for ig_id, was in written.items() if found[ig_id].views < was.views and not was.is_young} == set()


_MEDIA = """
    SELECT m.ig_id, m.caption, m.permalink, s.gone_at, l.views, m.posted_at > now() - interval '3 days' AS is_young
      FROM posts p JOIN media m ON m.ig_id = p.media_id JOIN media_latest l ON l.media_id = m.id
      LEFT JOIN media_states s ON s.media_id = m.id
     WHERE p.key LIKE 'month-%'
"""
