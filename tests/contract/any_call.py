"""Every call of the graph client, each with its own choice of arguments."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from graph.accounts.lists import Wanted
from graph.publishing.audio import AudioType
from tests.contract.steps import (
    BEGINNINGS,
    BREAKDOWNS,
    COMMENT_FIELDS,
    MEDIA_FIELDS,
    USER_FIELDS,
    Ref,
    Step,
    account_requests,
    afters,
    fields_of,
    flags,
    instants,
    limits,
    media_requests,
    metric_names,
    odd_ids,
    operations,
    ref,
    some,
    specs,
    urls,
    usernames,
    words,
)

Arguments = st.SearchStrategy[Any]


def call(name: str, optional: dict[str, Arguments] | None = None, /, **required: Arguments) -> st.SearchStrategy[Step]:
    arguments: Arguments = st.fixed_dictionaries(required, optional=optional or {})
    return st.builds(Step, st.just(name), arguments)


_media_fields, _comment_fields = fields_of(MEDIA_FIELDS), fields_of(COMMENT_FIELDS)
_list = {"after": afters, "limit": limits, "fields": _media_fields}
_metrics_of_a_list = st.sampled_from([None, (), ("reach",), ("reach", "replies"), ("likes", "nonsense")])
_uploads = st.one_of(st.builds(Ref, st.just("upload")), st.sampled_from(["", "x", "https://evil.example/"]))
_page = {"page_id": ref("page"), "page_token": st.builds(Ref, st.just("page_token"))}
_messages = st.one_of(st.text("aé😍 #@", min_size=1, max_size=20).filter(str.strip), words)
_codes = st.one_of(st.builds(Ref, st.just("code")), st.sampled_from(["", "SIM-CODE-999", "x#_", "\ud83d"]))

PUBLISHING = (
    call("publishing.create_container", spec=specs),
    call("publishing.container", container_id=ref("container")),
    call("publishing.publish", creation_id=ref("container")),
    call("publishing.limit", {"since": instants}),
    call("publishing.upload_status", container_id=ref("container")),
    call(
        "publishing.upload",
        {"content": st.binary(max_size=64), "offset": st.integers(-1, 70), "file_url": urls, "file_size": limits},
        upload_url=_uploads,
    ),
)
READING = (
    call("users.profile", {"fields": fields_of(USER_FIELDS)}),
    call("users.me", {"fields": fields_of(USER_FIELDS)}),
    call(
        "media.page",
        _list | {"since": instants, "until": instants, "insight_metrics": metric_names, "allow_unknown": flags},
    ),
    call("media.get", {"fields": _media_fields}, media_id=ref("media")),
    call("media.many", {"fields": _media_fields}, ids=some(ref("media"), 3)),
    call("media.permalink", media_id=ref("media")),
    call("media.children", {"fields": _media_fields}, media_id=ref("album")),
    call("media.collaborators", media_id=ref("media")),
    call("media.product_tags", media_id=ref("media")),
    call("media.live", {"fields": _media_fields}),
    call("stories.page", {**_list, "insight_metrics": metric_names, "allow_unknown": flags}),
    call("lists.read", wanted=st.builds(Wanted, _metrics_of_a_list, _metrics_of_a_list, flags)),
    call("tags.page", {**_list, "media_type": words, "posted_after": instants, "posted_before": instants}),
    call("add_ons.poll", media_id=ref("media")),
    call("add_ons.prompt_responses", media_id=ref("media")),
    call("invites.page", {"after": afters, "limit": limits}),
    call("invites.answer", media_id=ref("media"), accept=st.booleans()),
    call("mentions.mentioned_media", {"fields": _media_fields}, media_id=ref("mentioned_media")),
    call("mentions.mentioned_comment", {"fields": _comment_fields}, comment_id=ref("mentioned_comment")),
    call("comments.page", {**_list, "fields": _comment_fields}, media_id=ref("media")),
    call("comments.get", {"fields": _comment_fields}, comment_id=ref("comment")),
    call("comments.replies", {**_list, "fields": _comment_fields}, comment_id=ref("comment")),
)
WRITING = (
    call("media.set_comments_enabled", media_id=ref("media"), enabled=flags),
    call("media.delete", media_id=ref("container")),
    call(
        "mentions.create", {"comment_id": ref("mentioned_comment")}, media_id=ref("mentioned_media"), message=_messages
    ),
    call("mentions.create", media_id=st.just(Ref("mentioned_media")), message=_messages),
    call("comments.create", media_id=ref("media"), message=_messages),
    call("comments.reply", comment_id=ref("comment"), message=_messages),
    call("comments.hide", comment_id=ref("comment"), hidden=flags),
    call("comments.delete", comment_id=ref("container")),
)
INSIGHTS = (
    st.builds(Step, st.just("insights.account"), account_requests()),
    st.builds(Step, st.just("insights.media"), media_requests()),
    call(
        "insights.account",
        {
            "metric_type": st.sampled_from(["total_value", "time_series", "nonsense", ""]),
            "breakdown": st.one_of(st.sampled_from(BREAKDOWNS), some(st.sampled_from(BREAKDOWNS), 2)),
            "since": instants,
            "until": instants,
            "timeframe": st.sampled_from(["this_week", "this_month", "last_14_days", "nonsense"]),
            "allow_unknown": flags,
        },
        metrics=metric_names,
        period=st.sampled_from(["day", "week", "days_28", "lifetime", "nonsense", ""]),
    ),
    call(
        "insights.media",
        {
            "breakdown": st.sampled_from(BREAKDOWNS),
            "product_type": st.sampled_from(["FEED", "REELS", "STORY", "story", "AD", ""]),
            "allow_unknown": flags,
        },
        media_id=ref("media"),
        metrics=metric_names,
    ),
)
OTHERS = (
    call("hashtags.search", name=words),
    call("hashtags.recent_media", _list, hashtag_id=ref("hashtag")),
    call("hashtags.top_media", _list, hashtag_id=ref("hashtag")),
    call("hashtags.recently_searched", {"after": afters, "limit": limits}),
    call("discovery.pages", {"after": afters, "limit": limits}),
    call("discovery.businesses", {"after": afters, "limit": limits}),
    call("discovery.owned_pages", {"after": afters, "limit": limits}, business_id=ref("business")),
    call("discovery.client_pages", {"after": afters, "limit": limits}, business_id=ref("business")),
    call(
        "discovery.account",
        {"fields": fields_of(USER_FIELDS), "media_fields": _media_fields, "media_limit": limits, "media_after": afters},
        username=st.one_of(st.just("sim_brand_4"), usernames),
    ),
    call("catalogs.available", {"fields": fields_of(("catalog_id", "catalog_name", "shop_name", "product_count"))}),
    call("catalogs.search", {"q": words, "after": afters}, catalog_id=ref("catalog")),
    call("catalogs.appeals", product_id=ref("product")),
    call("catalogs.appeal", product_id=ref("product"), reason=words),
    call("audio.search", {"query": words, "audio_type": st.sampled_from(AudioType)}),
    call("tokens.exchange_code", code=_codes, redirect_uri=st.one_of(st.just("https://example.org/back"), words)),
    call("tokens.exchange", {"short_lived": st.one_of(st.builds(Ref, st.just("token")), odd_ids, words)}),
    call("tokens.refresh"),
    call("tokens.debug", {"token": st.one_of(st.builds(Ref, st.just("token")), odd_ids, words)}),
    call("webhooks.subscriptions", _page),
    call("webhooks.subscribe", {**_page, "fields": some(words)}),
    call("webhooks.unsubscribe", _page),
    call("batch.run", operations=some(operations, 3)),
)
steps = st.one_of(st.one_of(PUBLISHING), st.one_of(READING), st.one_of(WRITING), st.one_of(INSIGHTS), st.one_of(OTHERS))
plans = st.builds(
    lambda first, then: [*first, *then], st.sampled_from(BEGINNINGS), st.lists(steps, min_size=1, max_size=6)
)
