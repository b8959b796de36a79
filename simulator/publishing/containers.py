"""Media containers: creation, life cycle and node (graph-api.md §2.1 to §2.4)."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from simulator.calls.call import Call
from simulator.calls.node_type import NodeType
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.media import checks
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.publishing import container_rules, processing
from simulator.world import ids
from simulator.world.clock import DAY
from simulator.world.journal import Event
from simulator.world.noise import between
from simulator.world.records import Account, Container, Kind, Source
from simulator.world.world import World, applies

CONTAINER = NodeType("IGContainer")

_STATUS = {
    "IN_PROGRESS": "In Progress: Media is still being processed.",
    "FINISHED": "Finished: Media has been uploaded and it is ready to be published.",
    "PUBLISHED": "Published: Media has been successfully published.",
    "EXPIRED": "Expired: Media has expired and needs to be created again.",
}


@endpoint("container_create", "POST", "user/media", params=container_rules.PARAMS, need=Need.PUBLISH)
async def create(call: Call, account: Account) -> Any:
    """Images are fetched before the answer, videos after it."""
    if account.is_restricted:
        raise errors.restricted_account()
    _check_cap(call.world, account)
    kind = container_rules.kind_of(call.params)
    params = container_rules.read(call, account, kind)
    if kind.is_story and account.is_creator and call.world.reading("creator_stories", "taken") == "refused":
        raise errors.no_permission()
    source = None
    if kind is Kind.CAROUSEL:
        source = _check_children(call, account, params["children"])
    elif not kind.is_video:
        source = await call.stage.fetcher.image(params["image_url"], kind)
    container = _commit(call, account, kind, params, source)
    if container.is_resumable:
        uri = f"{call.base_url}/ig-api-upload/{call.version}/{container.id}"
        return {"id": container.id, "uri": uri}
    processing.begin(call.stage, container)
    return {"id": container.id}


def _check_cap(world: World, account: Account) -> None:
    times = account.container_times
    if len(times) - bisect_right(times, world.now() - DAY) >= world.config.container_quota:
        raise errors.too_many_containers()


def _check_children(call: Call, account: Account, children: list[str]) -> Source:
    shas = []
    for name in children:
        child = call.world.nodes.get(name)
        if not isinstance(child, Container) or child.account is not account or not child.kind.is_child:
            raise errors.container_gone()
        status = child.status(call.world.now())
        if status == "EXPIRED":
            raise errors.container_gone()
        if status != "FINISHED":
            raise errors.not_ready()
        shas.append(child.source.sha256 if child.source else "")
    return Source(",".join(shas), 0)


def _commit(call: Call, account: Account, kind: Kind, params: dict[str, Any], source: Source | None) -> Container:
    world = call.world
    rule = call.rule.mode if call.rule else None
    node = world.new_id(ids.CONTAINER)
    base = world.config.video_processing_s if kind.is_video else world.config.image_processing_s
    now = world.now()
    world.commit(
        "container.created",
        id=node,
        account=account.index,
        type=kind.value,
        params=params,
        at=now,
        ready_at=now + base * between(0.8, 1.2, world.seed, node),
        source=source.as_event() if source else None,
        is_stuck=rule == "stuck_processing",
        error=(call.rule.subcode or checks.PROCESSING_FAILED) if call.rule and rule == "fail_processing" else None,
    )
    container = world.nodes[node]
    assert isinstance(container, Container)  # noqa: S101 - just committed
    return container


@applies("container.created")
def _created(world: World, event: Event) -> None:
    account = world.accounts[event["account"]]
    source = event["source"]
    container = Container(
        id=event["id"],
        account=account,
        kind=Kind(event["type"]),
        params=event["params"],
        created=event["at"],
        ready_at=event["ready_at"],
        source=Source(**source) if source else None,
        error=event["error"],
        is_stuck=event["is_stuck"],
        is_resumable="upload_type" in event["params"],
    )
    world.nodes[container.id] = container
    account.container_times.append(container.created)


@endpoint("container", "GET", "container", need=Need.PUBLISH)
def read(call: Call, container: Container) -> Any:
    mode = call.rule.mode if call.rule else None
    if mode == "stuck_processing":
        call.world.commit("container.stuck", id=container.id)
    elif mode == "fail_processing" and call.rule:
        call.world.commit("container.broken", id=container.id, error=call.rule.subcode or checks.PROCESSING_FAILED)
    return CONTAINER.render(call, container, call.fields())


@applies("container.stuck")
def _stuck(world: World, event: Event) -> None:
    _container(world, event).is_stuck = True


@applies("container.broken")
def _broken(world: World, event: Event) -> None:
    _container(world, event).error = event["error"]


@applies("container.fetched")
def _fetched(world: World, event: Event) -> None:
    container = _container(world, event)
    source = event["source"]
    container.source = Source(**source) if source else None
    container.error = container.error or event["error"]
    if container.is_resumable:
        container.ready_at += event["at"] - container.created


def _container(world: World, event: Event) -> Container:
    container = world.nodes[event["id"]]
    assert isinstance(container, Container)  # noqa: S101 - our own journal
    return container


def _status_code(call: Call, container: Container) -> str:
    status = container.status(call.world.now())
    mode = call.rule.mode if call.rule else None
    if mode == "not_ready" and status == "FINISHED":
        return "IN_PROGRESS"
    return "FINISHED" if mode == "stale" and status == "PUBLISHED" else status


@CONTAINER.field("status_code")
def _status_code_field(call: Call, container: Container, _field: Field) -> str:
    return _status_code(call, container)


@CONTAINER.field("status")
def _status(call: Call, container: Container, _field: Field) -> str:
    code = _status_code(call, container)
    if code == "ERROR":
        return f"Error: Media upload has failed with error code {container.error}"
    return _STATUS[code]


@CONTAINER.field("copyright_check_status")
def _copyright(call: Call, container: Container, _field: Field) -> dict[str, Any]:
    code = _status_code(call, container)
    state = {"IN_PROGRESS": "in_progress", "ERROR": "error"}.get(code, "completed")
    return {"status": state, "matches_found": False}


@CONTAINER.field("video_status")
def _video_status(call: Call, container: Container, _field: Field) -> dict[str, Any] | None:
    if not container.kind.is_video:
        return None
    code = _status_code(call, container)
    is_here = container.source is not None or container.error is not None
    uploading = "complete" if is_here else "in_progress" if container.received else "not_started"
    processing_ = {"IN_PROGRESS": "in_progress" if is_here else "not_started", "ERROR": "error"}.get(code, "complete")
    return {
        "uploading_phase": {"status": uploading, "bytes_transferred": container.received},
        "processing_phase": {"status": processing_},
    }


CONTAINER.plain("id", lambda container: container.id)
