"""Every table, imported once: what Alembic compares and a fresh process needs for relationships to resolve."""

from __future__ import annotations

from models.account import Account
from models.account_name import AccountName
from models.account_zone import AccountZone
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
from models.inbox import InboxEvent
from models.insight import AccountLatest, AccountObservation, AudienceLatest, AudienceSnapshot
from models.media import Media, MediaLatest, MediaSnapshot
from models.media_state import MediaState
from models.mention import Mention
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
from models.watch import Watch

metadata = Base.metadata
describe(metadata)

TABLES = (
    Account,
    AccountName,
    AccountZone,
    Attempt,
    Backfill,
    Block,
    Comment,
    CommentVersion,
    CompetitorLatest,
    CompetitorObservation,
    Connection,
    Container,
    Conversion,
    CoveredDay,
    Delivery,
    DeliveryNotice,
    DroppedMonth,
    Endpoint,
    Erasure,
    PostEvent,
    Gate,
    Harvest,
    HarvestGap,
    HarvestRun,
    HashtagSearch,
    HashtagTop,
    InboxEvent,
    AccountLatest,
    AccountObservation,
    AudienceLatest,
    AudienceSnapshot,
    Media,
    MediaLatest,
    MediaSnapshot,
    MediaState,
    Mention,
    Notice,
    NoticeRule,
    Part,
    Post,
    PublicMedia,
    PublicMediaLatest,
    PublicMediaSnapshot,
    QuotaEntry,
    RawAnswer,
    Reply,
    SeenInvariant,
    Slot,
    Tag,
    Watch,
)
