"""Any call of the graph client with any parameters, sensible or not, as Hypothesis strategies.

A step names a call of the client and its arguments. A `Ref` among them stands for an id of something that exists,
or that an earlier step has made; what exists is only known when the step runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from graph.accounts import metrics
from graph.batch import Operation
from graph.publishing.containers import AudioConfiguration, ContainerKind, ContainerSpec, ProductTag, UserTag

NOW = datetime.now(UTC)  # noqa: TID251 - Instagram's own time, not ours


@dataclass(frozen=True)
class Ref:
    """The `number`-th known id of a kind; `text` when there is none."""

    kind: str
    number: int = 0
    text: str = "17900000000000000"


@dataclass(frozen=True)
class Step:
    """`client.<group>.<name>(**arguments)`."""

    call: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass
class Known:
    """Ids by kind: of the world, and made on the way."""

    ids: dict[str, list[str]]

    def resolve(self, value: Any) -> Any:
        if isinstance(value, Ref):
            ids = self.ids.get(value.kind) or [value.text]
            return ids[value.number % len(ids)]
        if isinstance(value, list | tuple):
            return type(value)(self.resolve(one) for one in value)
        if isinstance(value, dict):
            return {name: self.resolve(one) for name, one in value.items()}
        if isinstance(value, ContainerSpec):
            return ContainerSpec(**{name: self.resolve(one) for name, one in vars(value).items()})
        return value


KINDS = ("media", "album", "story", "container", "comment", "hashtag", "product", "catalog", "page", "business", "user")

words = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", " ", "\0", "a\r\nb: c", "😍", "\ud83d", "{id}", "x" * 2300, "#a " * 31, "@b " * 21, "../.."]),
    st.builds(Ref, st.just("token")),
)
odd_ids = st.one_of(
    st.sampled_from(["", "me", "0", "-1", "1/2", "1?x=1", "..", "²", "17950000000000000", "1" * 40, "null"]),
    st.integers(10**16, 10**17).map(str),
)


def ref(kind: str) -> st.SearchStrategy[Any]:
    """Mostly an id of this kind, sometimes of another or of nothing."""
    numbers = st.integers(0, 30)
    right = st.builds(Ref, st.just(kind), numbers)
    return st.one_of(right, right, right, st.builds(Ref, st.sampled_from(KINDS), numbers), odd_ids)


def some(strategy: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


instants = st.one_of(
    st.integers(-100 * 86_400, 5 * 86_400).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11))])),
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)),  # noqa: DTZ001 - without a zone
)
limits = st.one_of(st.integers(1, 30), st.integers(1, 30), st.integers(-2, 120))
afters = st.one_of(
    st.none(),
    st.builds(Ref, st.just("after"), st.integers(0, 5), st.just("")),
    st.sampled_from(["", "QVFIUk", "!", "e30", "é"]),
)
flags = st.booleans()

MEDIA_FIELDS = (
    *("id", "caption", "media_type", "media_product_type", "timestamp", "permalink", "owner", "owner{id}", "children"),
    *("children{id,media_type,thumbnail_url}", "comments.limit(2){id,text,replies{id}}", "like_count", "view_count"),
    *(
        "insights.metric(reach,views)",
        "insights",
        "collaborators",
        "product_tags",
        "boost_eligibility_info",
        "alt_text",
    ),
)
USER_FIELDS = (
    *("id", "user_id", "username", "account_type", "followers_count", "ig_id", "owner_business", "media", "stories"),
    *(
        "media.limit(3){id,timestamp}",
        "tags.limit(1)",
        "business_discovery.username(sim_brand_1){id}",
        "has_profile_pic",
    ),
)
COMMENT_FIELDS = ("id", "text", "from", "user", "hidden", "media{id,owner}", "replies{id,text}", "parent_id")
OTHERS = ("", "nonsense", "id{", "a.b(c", "media{media{id}}", "💥", "SIM", Ref("token"))


def fields_of(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    right = some(st.sampled_from(names), 6)
    return st.one_of(right, right, some(st.one_of(st.sampled_from(names), st.sampled_from(OTHERS)), 6))


METRICS = (*metrics.ACCOUNT, *metrics.MEDIA, *metrics.REMOVED, "carousel_album_reach", "nonsense", "")
metric_names = some(st.one_of(st.sampled_from(METRICS), st.builds(Ref, st.just("token"))), 3)
BREAKDOWNS = (
    *("media_product_type", "follow_type", "follower_type", "contact_button_type", "age", "city", "country", "gender"),
    *("action_type", "story_navigation_action_type", "nonsense", ""),
)


@st.composite
def account_requests(draw: st.DrawFn) -> dict[str, Any]:
    """What the catalogue allows for one account metric."""
    metric = draw(st.sampled_from(tuple(metrics.ACCOUNT.values())))
    since = NOW - timedelta(seconds=draw(st.integers(0, 120 * 86_400)))
    wanted: dict[str, Any] = {
        "metrics": (metric.name,),
        "period": draw(st.sampled_from(metric.periods)),
        "metric_type": draw(st.sampled_from(metric.metric_types)) if metric.metric_types else None,
        "since": since,
        "until": since + timedelta(seconds=draw(st.integers(0, 31 * 86_400))),
    }
    if wanted["metric_type"] == "total_value" and metric.breakdowns:
        wanted["breakdown"] = draw(some(st.sampled_from(metric.breakdowns), 2))
    if draw(flags) and metric.timeframes:
        wanted["timeframe"] = draw(st.sampled_from(metric.timeframes))
    return wanted


@st.composite
def media_requests(draw: st.DrawFn) -> dict[str, Any]:
    """What the catalogue allows for one media metric, if the media is of the right kind."""
    metric = draw(st.sampled_from(tuple(metrics.MEDIA.values())))
    wanted: dict[str, Any] = {
        "metrics": (metric.name,),
        "media_id": draw(ref(draw(st.sampled_from(("media", "story"))))),
    }
    if metric.breakdown and draw(flags):
        wanted["breakdown"] = metric.breakdown
    return wanted


positions = st.one_of(st.none(), st.floats(-0.2, 1.2))
urls = st.one_of(
    st.builds(Ref, st.just("image")),
    st.builds(Ref, st.just("image")),
    st.builds(Ref, st.just("video")),
    st.builds(Ref, st.just("dead")),
    st.sampled_from(
        ["", "ftp://a/b.jpg", "http://ä.example/a.jpg", "http://127.0.0.1:1/a b", "x", "http://[::1/a.jpg"]
    ),
)
volumes = st.one_of(st.none(), st.integers(-5, 120))
usernames = st.one_of(st.sampled_from(["mona", "private_teo", "unavailable_x", "", "@aya", "a" * 40]), words)

_plain_specs = st.one_of(
    st.builds(ContainerSpec, st.just(ContainerKind.IMAGE), media_url=st.just(Ref("image")), caption=words),
    st.builds(ContainerSpec, st.just(ContainerKind.STORY_IMAGE), media_url=st.just(Ref("image"))),
    st.builds(ContainerSpec, st.just(ContainerKind.REEL), media_url=st.just(Ref("video")), share_to_feed=flags),
    st.builds(ContainerSpec, st.just(ContainerKind.STORY_VIDEO), media_url=st.just(Ref("video"))),
    st.builds(ContainerSpec, st.just(ContainerKind.CAROUSEL_IMAGE), media_url=st.just(Ref("image"))),
    st.builds(ContainerSpec, st.just(ContainerKind.CAROUSEL_VIDEO), media_url=st.just(Ref("video"))),
    st.builds(ContainerSpec, st.sampled_from(ContainerKind), resumable=st.just(True)),
    st.builds(ContainerSpec, st.just(ContainerKind.CAROUSEL), children=some(ref("container"), 12)),
)


def _spec(parts: Any) -> ContainerSpec:
    return ContainerSpec(**parts)


_odd_specs = st.fixed_dictionaries(
    {"kind": st.sampled_from(ContainerKind)},
    optional={
        "media_url": urls,
        "caption": words,
        "alt_text": words,
        "user_tags": some(
            st.builds(UserTag, usernames.filter(lambda name: isinstance(name, str)), positions, positions)
        ),
        "location_id": st.one_of(st.sampled_from(["213385402", "0", ""]), ref("page")),
        "collaborators": some(usernames),
        "product_tags": some(st.builds(ProductTag, odd_ids, positions, positions)),
        "children": some(ref("container"), 12),
        "cover_url": urls,
        "thumb_offset_ms": st.one_of(st.integers(-5, 10_000), st.just(10**20)),
        "share_to_feed": flags,
        "audio_name": words,
        "audio_configuration": st.builds(AudioConfiguration, odd_ids, volumes, volumes),
        "trial_graduation_strategy": st.sampled_from(["MANUAL", "SS_PERFORMANCE", "nonsense", ""]),
        "is_ai_generated": flags,
        "is_paid_partnership": flags,
        "branded_content_sponsor_ids": some(odd_ids),
        "resumable": flags,
    },
).map(_spec)
specs = st.one_of(_plain_specs, _odd_specs)


def _made(kind: ContainerKind, **parameters: Any) -> Step:
    return Step("publishing.create_container", {"spec": ContainerSpec(kind, **parameters)})


def _published(number: int) -> Step:
    return Step("publishing.publish", {"creation_id": Ref("container", number)})


BEGINNINGS: tuple[tuple[Step, ...], ...] = (
    (),
    (_made(ContainerKind.IMAGE, media_url=Ref("image")), _published(0)),
    (_made(ContainerKind.STORY_IMAGE, media_url=Ref("image")), _published(0), Step("stories.page")),
    (
        _made(ContainerKind.CAROUSEL_IMAGE, media_url=Ref("image")),
        _made(ContainerKind.CAROUSEL_IMAGE, media_url=Ref("image")),
        _made(ContainerKind.CAROUSEL, children=(Ref("container", 0), Ref("container", 1))),
        _published(2),
    ),
    (
        _made(ContainerKind.REEL, resumable=True),
        Step("publishing.upload", {"upload_url": Ref("upload"), "content": b"not a video"}),
        Step("publishing.upload_status", {"container_id": Ref("container")}),
    ),
    (Step("media.page", {"limit": 4}), Step("media.page", {"limit": 4, "after": Ref("after")})),
    (Step("hashtags.search", {"name": "coffee"}), Step("hashtags.top_media", {"hashtag_id": Ref("hashtag")})),
)
"""Sensible first steps, so that what follows has something to work on."""

_reads = ("me", "?ids=me&fields=id", "me/media?limit=2&fields=caption", "17900000000000000", "ig_audio")
_odd_urls = ("", "//", "v25.0/me", "me/media_publish", "%6dedia_publish", "http://[", "?batch=[]", "oauth/access_token")
operations = st.one_of(
    st.builds(Operation, st.just("GET"), st.sampled_from(_reads)),
    st.builds(Operation, st.just("POST"), st.just("me/comments"), st.just({"message": "a & b"}), st.just("first")),
    st.builds(
        Operation,
        st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
        st.sampled_from(_odd_urls),
        st.one_of(st.none(), st.dictionaries(st.sampled_from(["message", "hide", "x"]), st.text(max_size=9))),
    ),
)
