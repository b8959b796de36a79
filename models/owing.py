"""The tables of owed work, imported once: what `models/owed/known.py` asks for their words.

All tables there are (`models/registry.py`) would weigh a scheduler four megabytes more.
"""

from __future__ import annotations

from models.asked.follow_up import FollowUp
from models.asked.inquiry import Inquiry
from models.connecting.connection import Connection
from models.harvests.backfill import Backfill
from models.harvests.harvest import Harvest
from models.hooks.deletion import Deletion
from models.hooks.inbox import InboxEvent
from models.hooks.subscription import Subscription
from models.posts.conversion import Conversion
from models.posts.post import Post
from models.publishing.reply import Reply
from models.telling.delivery import Delivery
from models.telling.notice import Notice
from models.tokens.token import Token
from models.ways.bucket_object import BucketObject
from models.ways.upload import Upload

OWING = (
    Backfill,
    BucketObject,
    Connection,
    Conversion,
    Deletion,
    Delivery,
    FollowUp,
    Harvest,
    InboxEvent,
    Inquiry,
    Notice,
    Post,
    Reply,
    Subscription,
    Token,
    Upload,
)
