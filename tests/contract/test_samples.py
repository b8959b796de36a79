"""graph/ against the answers that graph-api.md records: the values read from them, exactly, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from graph.accounts.media import Media
from graph.accounts.users import Profile
from graph.answers.paging import Page
from graph.client import GraphClient
from graph.conversation.comments import Comment
from graph.login.discovery import DiscoveredAccount, FacebookPage
from graph.login.tokens import TokenState
from graph.publishing.catalogs import Appeal, Catalog, Product, ProductVariant
from graph.publishing.containers import ContainerKind, ContainerSpec
from graph.publishing.publishing import Container, ContainerStatus, CreatedContainer, Published, PublishingLimit
from graph.publishing.uploading import UploadStatus
from tests.contract.samples import IG_ID, SAMPLES
from tests.unit.graph.server import ScriptedServer

IMAGE = ContainerSpec(ContainerKind.IMAGE, media_url="https://example.org/a.jpg")

READ: dict[str, tuple[Callable[[GraphClient], object], object]] = {
    "1.4 pages": (
        lambda c: c.discovery.pages(),
        Page(
            (
                FacebookPage("134895793791914", "MyPage", "EAApage", ("MANAGE", "CREATE_CONTENT"), IG_ID),
                FacebookPage("134895793791915", "Plain", None, ("PROFILE_PLUS_ANALYZE",), None),
            ),
            after="MTM1",
            has_next=False,
        ),
    ),
    "1.4 debug": (
        lambda c: c.tokens.debug(),
        TokenState(
            is_valid=True,
            kind="USER",
            app_id="138483919580948",
            user_id="10220000000000042",
            expires_at=datetime(2019, 12, 26, 8, tzinfo=UTC),
            data_access_expires_at=datetime(2020, 3, 24, 8, 59, 9, tzinfo=UTC),
            scopes=("pages_show_list",),
            extra={"granular_scopes": [{"scope": "pages_show_list"}]},
        ),
    ),
    "2.3 resumable": (
        lambda c: c.publishing.create_container(ContainerSpec(ContainerKind.REEL, resumable=True)),
        CreatedContainer("17889615691921648", "https://rupload.facebook.com/ig-api-upload/v25.0/17889615691921648"),
    ),
    "2.3 uploaded": (
        lambda c: c.publishing.upload("https://rupload.facebook.com/ig-api-upload/v25.0/1", b"bytes"),
        None,
    ),
    "2.3 status": (
        lambda c: c.publishing.upload_status("17889615691921648"),
        UploadStatus(
            50002,
            "in_progress",
            "not_started",
            {
                "id": "17889615691921648",
                "status": "In Progress: Media is still being processed.",
                "status_code": "IN_PROGRESS",
            },
        ),
    ),
    "2.4 created": (lambda c: c.publishing.create_container(IMAGE), CreatedContainer("17889615691921648", None)),
    "2.4 finished": (
        lambda c: c.publishing.container("17889615691921648"),
        Container(
            "17889615691921648",
            ContainerStatus.FINISHED,
            "Finished: Media has been uploaded and it is ready to be published.",
            extra={"copyright_check_status": {"status": "completed", "matches_found": False}},
        ),
    ),
    "2.4 published": (
        lambda c: c.publishing.container("17889615691921648"),
        Container("17889615691921648", ContainerStatus.PUBLISHED, "Published: Media has been successfully published."),
    ),
    "2.5 publish": (lambda c: c.publishing.publish("17889615691921648"), Published("17920238422030506")),
    "2.5 limit": (lambda c: c.publishing.limit(), PublishingLimit(2, 50, 86400)),
    "2.5 limit, default field": (lambda c: c.publishing.limit(), PublishingLimit(2, None, None)),
    "5.3 media": (lambda c: c.media.page(limit=1), Page((Media("17895731045244887"),), "QVFIUk", has_next=True)),
    "5.3 stories": (lambda c: c.stories.page(), Page((Media("17861937508009798"),), "QVFIUk", has_next=False)),
    "5.3 live": (
        lambda c: c.media.live(),
        (Media("90010498116233", media_type="BROADCAST", media_product_type="LIVE"),),
    ),
    # This edge never sends a next: a cursor means that there may be more.
    "5.3 tags": (
        lambda c: c.tags.page(),
        Page((Media("18038212102118904", username="keldo"),), "QVFIUk", has_next=True),
    ),
    "5.3 children": (
        lambda c: c.media.children("17920238422030506"),
        (Media("17880997618081620"), Media("17871527143187462")),
    ),
    "5.3 comments": (
        lambda c: c.comments.page("17920238422030506"),
        Page(
            (Comment("17870913679156914", "This is awesome!", timestamp=datetime(2017, 8, 31, 19, 16, 2, tzinfo=UTC)),),
            None,
            has_next=False,
        ),
    ),
    "5.3 comment created": (lambda c: c.comments.create("17920238422030506", "First"), "17870913679156914"),
    "5.3 success": (lambda c: c.comments.hide("17870913679156914"), None),
    "5.3 deleted": (lambda c: c.media.delete("17918195224117851"), None),
    "5.3 hashtag": (lambda c: c.hashtags.search("coke"), "17843857450040591"),
    "5.3 recent media": (
        lambda c: c.hashtags.recent_media("17843857450040591"),
        Page((Media("17880997618081620", media_type="IMAGE", like_count=177),), "QVFIUk", has_next=True),
    ),
    "5.3 searched": (lambda c: c.hashtags.recently_searched(), Page(("17841562906103814",), "QVFIUk", has_next=False)),
    "5.3 discovery": (
        lambda c: c.discovery.account("bluebottle"),
        DiscoveredAccount(
            Profile("17841401441775531", followers_count=267793, media_count=1205),
            Page(
                (
                    Media(
                        "17858843269216389",
                        timestamp=datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC),
                        like_count=50837,
                        view_count=9210,
                    ),
                ),
                "QVFIUk",
                has_next=True,
            ),
        ),
    ),
    "5.3 mentioned media": (
        lambda c: c.mentions.mentioned_media("17887498072083520"),
        Media("17887498072083520", media_type="IMAGE", caption="metricsaurus headquarters!"),
    ),
    "5.3 mentioned comment": (
        lambda c: c.mentions.mentioned_comment("17967008497439572"),
        Comment("17967008497439572", "@me hi", timestamp=datetime(2018, 3, 20, 0, 5, 29, tzinfo=UTC)),
    ),
    "5.3 mention created": (lambda c: c.mentions.create("17918195224117851", "hi"), "17911496353086895"),
    "5.3 catalogs": (
        lambda c: c.catalogs.available(),
        (Catalog("960179311066902", "Jay's Favorite Snacks", "Jay's Bespoke", 11),),
    ),
    # Ids of products arrive as numbers, above 2^53 in places.
    "5.3 products": (
        lambda c: c.catalogs.search("960179311066902", "gummy"),
        Page(
            (
                Product(
                    "3231775643511089",
                    "Gummy Bears",
                    "90010177253934",
                    "oh59p9vzei",
                    "approved",
                    (ProductVariant("5209223099160494", "blue"),),
                ),
            ),
            None,
            has_next=False,
        ),
    ),
    "5.3 appeal": (lambda c: c.catalogs.appeals("4029274203846188"), (Appeal("4029274203846188", "approved", False),)),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(recorded: GraphClient, answers: ScriptedServer, name: str) -> None:
    call, expected = READ[name]
    answers.replies(SAMPLES[name])

    assert call(recorded) == expected
    assert len(answers.received) == 1
