"""Every table, imported once: what Alembic compares and a fresh process needs for relationships to resolve."""

from __future__ import annotations

from models.access.audit import AuditEntry
from models.access.grant import Grant
from models.access.key import ApiKey
from models.access.link import Link
from models.access.session import SignedIn
from models.access.user import User
from models.account import Account
from models.account_name import AccountName
from models.account_zone import AccountZone
from models.asked.answer import GivenAnswer
from models.asked.campaign import Campaign
from models.asked.draft import Draft
from models.asked.follow_up import FollowUp
from models.asked.inquiry import Inquiry
from models.asked.poll import PollTally
from models.attempt import Attempt
from models.backfill import Backfill
from models.base import Base
from models.block import Block
from models.comment import Comment, CommentVersion
from models.competitor import CompetitorLatest, CompetitorObservation
from models.connection import Connection
from models.container import Container
from models.conversion import Conversion
from models.coverage import CoveredDay, HarvestGap
from models.delivery import Delivery, DeliveryNotice
from models.dictionary import describe
from models.endpoint import Endpoint, NoticeRule
from models.erasure import Erasure
from models.event import PostEvent
from models.gate import Gate
from models.harvest import Harvest, HarvestRun
from models.hashtag import HashtagSearch, HashtagTop
from models.hooks.deletion import Deletion
from models.hooks.subscription import Subscription
from models.inbox import InboxEvent
from models.insight import AccountLatest, AccountObservation, AudienceLatest, AudienceSnapshot
from models.library.item import LibraryItem, LibraryTag
from models.media import Media, MediaLatest, MediaSnapshot
from models.media_state import MediaState
from models.mention import Mention
from models.news.coverage import CoverageNews
from models.notice import Notice
from models.part import Part
from models.post import Post
from models.public_media import PublicMedia, PublicMediaLatest, PublicMediaSnapshot
from models.quota import QuotaEntry
from models.raw_answer import RawAnswer
from models.reply import Reply
from models.retention import DroppedMonth
from models.seen_invariant import SeenInvariant
from models.slot import Slot
from models.tag import Tag
from models.tokens.token import Token
from models.watch import Watch
from models.ways.bucket_object import BucketObject, BucketUse
from models.ways.upload import Upload

metadata = Base.metadata
describe(metadata)

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
