"""What columns mean that several tables and views have, so that they are told alike."""

from __future__ import annotations

from models.meanings import metrics

EXTRA = "Every other number, under Instagram's name; a part of a breakdown as metric:dimension=value."
MEDIA_METRICS = metrics.columns(metrics.MEDIA) | {"extra": EXTRA}

ACCOUNT_ID = {"account_id": "The account (accounts.id)."}
ACCOUNT = ACCOUNT_ID | {"account": "Its name in Pressrun."}
RUN = {
    "run_id": "The run that read it (harvest_runs.id); null from a webhook, and of a value that stood unchanged and "
    "became a point again because an older answer came in late."
}
MEDIA_OF = {
    "media_id": "The media (media.id).",
    "ig_media_id": "Instagram's id of it.",
}
MEDIA_KIND = {
    "media_type": "IMAGE, VIDEO or CAROUSEL_ALBUM.",
    "media_product_type": "FEED, REELS, STORY or AD.",
}
POSTED_AT = {"posted_at": "When it was posted, as Instagram says."}
SHOWN = {"permalink": "Its address, as last seen.", "caption": "Its caption, as last seen."}
PART_ID = {"part_id": "The part that Pressrun published as this media (parts.id); null for others."}
SEEN = {"first_seen_at": "When it was seen first.", "last_seen_at": "When it was seen last."}
CHANGED = {"captured_at": "When the newest change was read."}
CHECKED = {"last_checked_at": "When it was read last, changed or not."}
TOLD = {"told_at": "Object of each number and when Instagram told it last, changed or not."}
ALL_TOLD = {"all_told_at": "The oldest of these times: until when all its numbers have been told."}
ID = {"id": "Pressrun's number of it."}
SERIES = ACCOUNT_ID | {
    "metric": "Which metric, by Instagram's name.",
    "period": "day; week and days_28: the last 7 and 28 days; lifetime: hours of a day; moment: when it was read.",
    "breakdown": "Empty for the whole; else dimension=value, several joined by a comma.",
    "period_end": "The instant at which the period ends. For moment it says nothing and is 1970-01-01.",
    "value": "The number.",
}
AUDIENCE = {
    "metric": "follower_demographics or engaged_audience_demographics.",
    "timeframe": "this_week (7 days), this_month (30 days); of followers also last_14_days, last_30_days, "
    "last_90_days, prev_month.",
    "breakdown": "age, city, country, gender, or age,gender.",
}
COUNTS = {"counts": "Object of group and number. Groups of two dimensions are joined by a vertical bar."}
ERASED = {"erased_at": "When whoever it is from was erased: what it said is gone; null for all others."}
STEPS = {
    "next_action_at": "When the scheduler or a worker does something about it next.",
    "leased_until": "Until when a worker holds it.",
    "claim": "Rises each time somebody takes it.",
    "holder": "The worker that took it last, by the number of its presence.",
    "tries": "Failed tries of the step that is owed.",
}
PUBLIC_COUNT = {
    "watch_id": "Of which competitor (watches.id).",
    "metric": "followers_count, follows_count or media_count.",
    "value": "The number.",
}
PUBLIC_METRICS = {
    "like_count": "Likes; null where its owner hides them.",
    "comments_count": "Comments.",
    "view_count": "Views of a reel of a competitor, which may include those on Facebook and of ads.",
}
DAY = {
    "day": "The date of the day that ended at period_end; no zone of the account is asked.",
    "period_end": "The instant at which that day ends, as Instagram said last.",
}
