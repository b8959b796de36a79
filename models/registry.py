"""Every table, imported once: what Alembic compares and a fresh process needs for relationships to resolve."""

from __future__ import annotations

from models.account import Account
from models.attempt import Attempt
from models.backfill import Backfill
from models.base import Base
from models.comment import Comment
from models.container import Container
from models.event import PostEvent
from models.gate import Gate
from models.harvest import Harvest, HarvestRun
from models.inbox import InboxEvent
from models.insight import AccountLatest, AccountObservation, AudienceLatest, AudienceSnapshot
from models.media import Media, MediaLatest, MediaSnapshot
from models.mention import Mention
from models.part import Part
from models.post import Post
from models.quota import QuotaEntry
from models.reply import Reply
from models.tag import Tag

metadata = Base.metadata

TABLES = (
    Account,
    Attempt,
    Backfill,
    Comment,
    Container,
    PostEvent,
    Gate,
    Harvest,
    HarvestRun,
    InboxEvent,
    AccountLatest,
    AccountObservation,
    AudienceLatest,
    AudienceSnapshot,
    Media,
    MediaLatest,
    MediaSnapshot,
    Mention,
    Part,
    Post,
    QuotaEntry,
    Reply,
    Tag,
)
