"""The names under which calls appear in logs, metrics and errors: templates, so that no id or token is part of them."""

from __future__ import annotations

from enum import StrEnum


class Endpoint(StrEnum):
    """Every call of this client (graph-api.md §1.4, §2, §4.3, §5, §6, §7, §9)."""

    CREATE_CONTAINER = "POST /{ig}/media"
    CONTAINER = "GET /{container}"
    UPLOAD = "POST /ig-api-upload/{container}"
    MEDIA_PUBLISH = "POST /{ig}/media_publish"
    PUBLISHING_LIMIT = "GET /{ig}/content_publishing_limit"

    USER = "GET /{ig}"
    USER_WITH_LISTS = "GET /{ig}?fields=media"
    ME = "GET /me"
    MEDIA_LIST = "GET /{ig}/media"
    MEDIA = "GET /{media}"
    MEDIA_PERMALINK = "GET /{media}?fields=permalink"
    MEDIA_CHILDREN = "GET /{media}/children"
    MEDIA_COLLABORATORS = "GET /{media}/collaborators"
    MEDIA_PRODUCT_TAGS = "GET /{media}/product_tags"
    MEDIA_POLL = "GET /{media}/poll_attachment"
    MEDIA_PROMPT = "GET /{media}/prompt_response"
    MEDIA_UPDATE = "POST /{media}"
    MEDIA_DELETE = "DELETE /{media}"
    STORIES = "GET /{ig}/stories"
    LIVE_MEDIA = "GET /{ig}/live_media"
    TAGS = "GET /{ig}/tags"
    INVITES = "GET /{ig}/collaboration_invites"
    INVITE_ANSWER = "POST /{ig}/collaboration_invites"

    MENTIONED_MEDIA = "GET /{ig}?fields=mentioned_media"
    MENTIONED_COMMENT = "GET /{ig}?fields=mentioned_comment"
    MENTION_CREATE = "POST /{ig}/mentions"
    COMMENTS = "GET /{media}/comments"
    COMMENT = "GET /{comment}"
    COMMENT_CREATE = "POST /{media}/comments"
    REPLIES = "GET /{comment}/replies"
    REPLY_CREATE = "POST /{comment}/replies"
    COMMENT_HIDE = "POST /{comment}"
    COMMENT_DELETE = "DELETE /{comment}"

    ACCOUNT_INSIGHTS = "GET /{ig}/insights"
    MEDIA_INSIGHTS = "GET /{media}/insights"

    HASHTAG_SEARCH = "GET /ig_hashtag_search"
    HASHTAG_RECENT = "GET /{hashtag}/recent_media"
    HASHTAG_TOP = "GET /{hashtag}/top_media"
    HASHTAGS_SEARCHED = "GET /{ig}/recently_searched_hashtags"
    BUSINESS_DISCOVERY = "GET /{ig}?fields=business_discovery"
    PAGES = "GET /me/accounts"
    BUSINESSES = "GET /me/businesses"
    OWNED_PAGES = "GET /{business}/owned_pages"
    CLIENT_PAGES = "GET /{business}/client_pages"

    CATALOGS = "GET /{ig}/available_catalogs"
    CATALOG_SEARCH = "GET /{ig}/catalog_product_search"
    PRODUCT_APPEAL = "GET /{ig}/product_appeal"
    PRODUCT_APPEAL_CREATE = "POST /{ig}/product_appeal"
    AUDIO = "GET /ig_audio"

    TOKEN_CODE = "POST /oauth/access_token"  # noqa: S105 - a path, not a secret
    TOKEN_CODE_FACEBOOK = "GET /oauth/access_token?code"  # noqa: S105
    TOKEN_EXCHANGE = "GET /oauth/access_token"  # noqa: S105
    TOKEN_EXCHANGE_INSTAGRAM = "GET /access_token"  # noqa: S105
    TOKEN_REFRESH = "GET /refresh_access_token"  # noqa: S105
    TOKEN_DEBUG = "GET /debug_token"  # noqa: S105

    SUBSCRIPTION = "GET /{account}/subscribed_apps"
    SUBSCRIBE = "POST /{account}/subscribed_apps"
    UNSUBSCRIBE = "DELETE /{account}/subscribed_apps"

    BATCH = "POST /?batch"
    MULTI_GET = "GET /?ids"
