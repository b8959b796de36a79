"""Behind a reverse proxy: whose word is taken of where a visitor comes from, and of whether they came by HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from console.app import create_app
from console.serve import config_of
from migrations import HEAD
from operations.access import links, tries, users
from operations.operation import OWNER, Context
from pressrun.network.trust import authorities
from tests.support.web import serve

PROXY, STRANGER = "127.0.0.2", "127.0.0.1"


@pytest.fixture(autouse=True)
def _uncounted() -> Iterator[None]:
    tries.forget()
    yield
    tries.forget()


@pytest.fixture
def url(ctx: Context, tmp_path: Path) -> Iterator[str]:
    """A console that believes one proxy, at an address that a test can come from as well as from another one."""
    app = create_app(ctx, media_keys=[], media_root=tmp_path, schema_head=HEAD)
    with serve(config_of(app, [PROXY, "10.0.0.0/8"])) as found:
        yield found


def _from(address: str, url: str) -> httpx.Client:
    return httpx.Client(base_url=url, transport=httpx.HTTPTransport(local_address=address, verify=authorities()))


@pytest.mark.parametrize(
    ("peer", "said", "scheme", "seen"),
    [
        (PROXY, "203.0.113.7", "https", "203.0.113.7"),
        (PROXY, "198.51.100.1, 203.0.113.7", "https", "203.0.113.7"),  # what stands before it, its client may have said
        (PROXY, "203.0.113.7, 10.1.2.3", "https", "203.0.113.7"),
        (PROXY, "2001:db8::7", "https", "2001:db8::7"),
        (PROXY, "203.0.113.7, unknown", "https", None),
        (PROXY, None, "gopher", PROXY),
        (STRANGER, "203.0.113.7", "https", STRANGER),
    ],
)
def test_a_listed_proxy_is_believed_and_nobody_else(
    ctx: Context, url: str, peer: str, said: str | None, scheme: str, seen: str | None
) -> None:
    told = {"X-Forwarded-Proto": scheme, "Forwarded": "for=203.0.113.9;proto=https"}
    with _from(peer, url) as http:
        answer = http.get(links.link(ctx, OWNER).path, headers=told | ({"X-Forwarded-For": said} if said else {}))

    assert answer.status_code == 303
    assert [one.address for one in users.list_sessions(ctx, OWNER)] == [seen]
    is_https = peer == PROXY and scheme == "https"
    assert ("secure" in answer.headers["set-cookie"].lower()) == is_https
    assert ("strict-transport-security" in answer.headers) == is_https


@pytest.mark.parametrize(
    ("peer", "named"),
    [
        (STRANGER, "203.0.113.{}"),
        (PROXY, "203.0.113.{}, 198.51.100.1"),
        (PROXY, "nobody{}"),
        (PROXY, "2001:db8::{}"),  # whoever has one address of IPv6 has 2^64
    ],
)
def test_another_address_in_the_header_gives_nobody_further_tries(url: str, peer: str, named: str) -> None:
    with _from(peer, url) as http:
        told = [
            http.post("/sign-in", data={"name": "ana"}, headers={"X-Forwarded-For": named.format(one)}).status_code
            for one in range(6)
        ]

    assert told == [401] * 5 + [429]


def test_a_proxy_that_is_not_listed_is_told_of_once(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Else nobody finds out why all visitors have one address."""
    for peer, header in ((STRANGER, "X-Forwarded-For"), (STRANGER, "X-Forwarded-For"), (PROXY, "X-Forwarded-For")):
        with _from(peer, url) as http:
            http.get("/healthz", headers={header: "203.0.113.7"})
    with _from("127.0.0.3", url) as http:
        http.get("/healthz")

    told = [one.msg for one in caplog.records if isinstance(one.msg, dict) and one.msg["event"] == "proxy.not_believed"]
    assert [(one["address"], one["setting"]) for one in told] == [(STRANGER, "PRESSRUN_TRUSTED_PROXIES")]
