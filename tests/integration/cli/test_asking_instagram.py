"""What Instagram says now, and what it tells of its own accord, at the command line."""

from __future__ import annotations

import pytest

from tests.integration.cli.conftest import Command, Here

PRODUCT = "3231775643510004"
"""The one of the simulator's first account that was rejected."""


@pytest.mark.usefixtures("workers")
def test_catalogs_products_and_appeals(here: Here, command: Command) -> None:
    here.add(0)

    [catalog] = command.json("catalog", "list")
    found = command.json("catalog", "search", "mug", "--account", "sim-0", "--limit", "2")
    [before] = command.json("product", "appeal", "show", PRODUCT)
    [made] = command.json("product", "appeal", "make", PRODUCT, "--reason", "It is a mug.")
    refused = command.run("product", "appeal", "make", PRODUCT, "--reason", "It is a mug.")

    assert catalog["product_count"] == 11
    assert [one["product_name"] for one in found] == ["Mug No. 0", "Mug No. 4"]
    assert (before["review_status"], made["review_status"]) == ("rejected", "pending")
    assert refused.returncode == 2
    assert "cannot be appealed for: it is pending" in refused.stderr


@pytest.mark.usefixtures("workers")
def test_lives_and_invitations(here: Here, command: Command) -> None:
    here.add(0)
    here.add(1)
    here.simulator.post("/_sim/account", account=1, live_seconds=600)
    here.simulator.post("/_sim/invite", account=0, caption="With you?")

    assert [one["media_type"] for one in command.json("live", "list", "--account", "sim-1")] == ["BROADCAST"]
    assert command.json("live", "list", "--account", "sim-0") == []
    assert [one["caption"] for one in command.json("invite", "list", "--account", "sim-0")] == ["With you?"]
    unsaid, lacks = command.run("live", "list"), command.run("catalog", "list", "--account", "sim-1")
    assert (unsaid.returncode, lacks.returncode) == (2, 2)
    assert unsaid.stderr == "pressrun: --account: which account? There are sim-0, sim-1\n"
    assert "needs Facebook Login" in lacks.stderr


@pytest.mark.usefixtures("workers")
def test_webhooks_are_shown_and_looked_at(here: Here, command: Command) -> None:
    """These workers know no secret of the app."""
    here.add(1)

    looked = command.json("account", "webhooks", "sim-1", "--repair", code=1)

    assert looked["error"].startswith("PRESSRUN_APP_SECRET is not set")
    assert (looked["read_at"], looked["lacking"]) == (None, looked["wanted"])
    here.execute("UPDATE subscriptions SET way = 'account', fields = '[\"comments\"]', read_at = now(), error = NULL")
    shown = command.run("account", "webhooks", "sim-1")
    assert (shown.returncode, "comments, live_comments" in shown.stdout) == (0, True)
    assert command.run("account", "webhooks", "nobody").returncode == 2


def test_nobody_has_asked_for_deletion(command: Command) -> None:
    assert command.json("account", "deletions") == []
    assert command.run("account", "deletions", "--done", "nothing").returncode == 2
