"""Every table, imported once: what Alembic compares and a fresh process needs for relationships to resolve."""

from __future__ import annotations

from models.access.answer import GivenAnswer
from models.access.audit import AuditEntry
from models.access.grant import Grant
from models.access.key import ApiKey
from models.access.link import Link
from models.access.session import SignedIn
from models.access.user import User
from models.accounts.account import Account
from models.accounts.account_name import AccountName
from models.accounts.account_zone import AccountZone
from models.accounts.block import Block
from models.accounts.quota import QuotaEntry
from models.asked.follow_up import FollowUp
from models.asked.inquiry import Inquiry
from models.asked.poll import PollTally
from models.connecting.connection import Connection
from models.erasing.erasure import Erasure
from models.harvests.backfill import Backfill
from models.harvests.coverage import CoveredDay, HarvestGap
from models.harvests.harvest import Harvest, HarvestRun
from models.harvests.media_state import MediaState
from models.harvests.raw_answer import RawAnswer
from models.harvests.watch import Watch
from models.history.comment import Comment
from models.history.comment_version import CommentVersion
from models.history.competitor import CompetitorLatest, CompetitorObservation
from models.history.hashtag import HashtagSearch, HashtagTop
from models.history.insight import AccountLatest, AccountObservation, AudienceLatest, AudienceSnapshot
from models.history.media import Media, MediaLatest, MediaSnapshot
from models.history.mention import Mention
from models.history.public_media import PublicMedia, PublicMediaLatest, PublicMediaSnapshot
from models.history.tag import Tag
from models.hooks.deletion import Deletion
from models.hooks.inbox import InboxEvent
from models.hooks.subscription import Subscription
from models.library.item import LibraryItem, LibraryTag
from models.meanings.dictionary import describe
from models.meanings.views import VIEWS
from models.news.coverage import CoverageNews
from models.owed.gate import Gate
from models.posts.campaign import Campaign
from models.posts.conversion import Conversion
from models.posts.draft import Draft
from models.posts.event import PostEvent
from models.posts.part import Part
from models.posts.post import Post
from models.posts.post_words import PostWords
from models.posts.slot import Slot
from models.publishing.attempt import Attempt
from models.publishing.container import Container
from models.publishing.reply import Reply
from models.store.base import Base
from models.telling.delivery import Delivery, DeliveryNotice
from models.telling.endpoint import Endpoint, NoticeRule
from models.telling.notice import Notice
from models.tokens.token import Token
from models.upkeep.retention import DroppedMonth
from models.upkeep.seen_invariant import SeenInvariant
from models.ways.bucket_object import BucketObject, BucketUse
from models.ways.upload import Upload

metadata = Base.metadata
describe(metadata)

RELATIONS = frozenset(metadata.tables) | frozenset(VIEWS) | {"alembic_version"}
"""Names of all tables and views, partitions aside."""

TABLES = (
    Account,
    AccountName,
    AccountZone,
    ApiKey,
    Attempt,
    AuditEntry,
    Backfill,
    Block,
    BucketObject,
    BucketUse,
    Campaign,
    Comment,
    CommentVersion,
    CompetitorLatest,
    CompetitorObservation,
    Connection,
    Container,
    CoverageNews,
    Conversion,
    CoveredDay,
    Deletion,
    Delivery,
    DeliveryNotice,
    Draft,
    DroppedMonth,
    Endpoint,
    Erasure,
    PostEvent,
    FollowUp,
    Gate,
    GivenAnswer,
    Grant,
    Harvest,
    HarvestGap,
    HarvestRun,
    HashtagSearch,
    HashtagTop,
    InboxEvent,
    Inquiry,
    LibraryItem,
    LibraryTag,
    AccountLatest,
    AccountObservation,
    AudienceLatest,
    AudienceSnapshot,
    Link,
    Media,
    MediaLatest,
    MediaSnapshot,
    MediaState,
    Mention,
    Notice,
    NoticeRule,
    Part,
    PollTally,
    Post,
    PostWords,
    PublicMedia,
    PublicMediaLatest,
    PublicMediaSnapshot,
    QuotaEntry,
    RawAnswer,
    Reply,
    SeenInvariant,
    SignedIn,
    Slot,
    Subscription,
    Tag,
    Token,
    Upload,
    User,
    Watch,
)
