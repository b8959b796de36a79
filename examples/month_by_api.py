"""A month of one account by the HTTP API alone: hand in files, plan by slots, edit, watch, read, take out.

    pressrun key add --name planner --scope read --scope publish
    export API=http://127.0.0.1:8321/api/v1 KEY=pr_…
    python examples/month_by_api.py harbour-bakery oven.jpg bread.jpg --into out

It needs httpx, and nothing of Pressrun. What it plans has keys, so that running it again adds none of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

PIECE_BYTES = 1024 * 1024
WEEKS = 4
FORMS = {"text/csv": "csv", "application/x-ndjson": "jsonl", "application/vnd.apache.parquet": "parquet"}
OVER = {"published", "failed", "expired", "canceled", "needs_review"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("account")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="pictures for the feed")
    parser.add_argument("--into", type=Path, default=Path(), help="folder of what is taken out")
    told = parser.parse_args()
    headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
    with httpx.Client(base_url=os.environ["API"], headers=headers, timeout=60) as http:
        month = Month(http, told.account)
        pictures = [month.hand_in(path) for path in told.files]
        planned = month.plan(pictures)
        month.improve(planned)
        month.hold(planned)
        month.write_draft(pictures[0], after=planned[-1])
        month.watch_one(pictures[0])
        month.read()
        month.take_out(told.into)


class Month:
    """What a person, or a program for them, does in a month."""

    def __init__(self, http: httpx.Client, account: str) -> None:
        self._http, self._account = http, account

    def hand_in(self, path: Path) -> str:
        """Hand in a file by pieces; returns its reference. A piece that was lost on the way is sent again."""
        size = path.stat().st_size
        upload = self._ask("POST", "/uploads", json={"size_bytes": size})
        with path.open("rb") as file:
            while upload["media"] is None:
                file.seek(upload["offset"])
                sent = {"Upload-Offset": str(upload["offset"]), "Content-Type": "application/octet-stream"}
                where = f"/uploads/{upload['id']}"
                try:
                    upload = self._ask("PATCH", where, content=file.read(PIECE_BYTES), headers=sent)
                except httpx.TransportError:
                    upload = self._ask("GET", where)  # it says how far it has come
        kept: str = upload["media"]["reference"]
        print(f"handed in {path.name}: {size} bytes")
        return kept

    def plan(self, pictures: list[str]) -> list[dict[str, Any]]:
        """Give the account slots, and a post to each slot of four weeks."""
        self._ask("POST", "/slots", json={"account": self._account, "days": "mon,wed,fri", "at": ["09:30"]})
        planned = []
        for number, local in enumerate(sorted(self._times())):
            body = {
                "account": self._account,
                "publish_at": local,  # without a zone: the account's own, over a change of its clocks too
                "type": "image",
                "media": [pictures[number % len(pictures)]],
                "caption": f"Out of the oven, number {number + 1}",
                "key": f"month-{local}",
            }
            # Sent again after a lost answer, it gets the same answer.
            planned.append(self._ask("POST", "/posts", json=body, headers={"Idempotency-Key": f"plan {local}"}))
        print(f"planned {len(planned)} posts, {planned[0]['publish_at']} to {planned[-1]['publish_at']}")
        return planned

    def _times(self) -> Iterator[str]:
        for slot in self._all("/slots", account=self._account):
            first = datetime.fromisoformat(slot["next_at"]).astimezone(ZoneInfo(slot["timezone"])).date()
            for week in range(WEEKS):
                yield f"{first + timedelta(weeks=week)}T{slot['time']}"

    def improve(self, planned: list[dict[str, Any]]) -> None:
        """Edit a post as it was seen; whoever was quicker is not overwritten."""
        where = f"/posts/{planned[0]['id']}"
        for _ in range(3):
            seen = self._http.get(where)
            caption = seen.json()["caption"].partition("\n")[0] + "\nOpen until noon."
            edited = self._http.patch(where, json={"caption": caption}, headers={"If-Match": seen.headers["ETag"]})
            if edited.status_code != httpx.codes.PRECONDITION_FAILED:
                break
        _told(edited)
        print(f"edited post {planned[0]['id']}")

    def hold(self, planned: list[dict[str, Any]]) -> None:
        """Hold the last week back, and let it go again: many posts at once, with a result for each."""
        last = [str(one["id"]) for one in planned[-3:]]
        for action in ("pause", "resume"):
            done = self._ask("POST", "/posts/bulk", json={"action": action, "posts": last})
            refused = [one["problem"]["detail"] for one in done["items"] if not one["ok"]]
            print(f"{action}: {len(last) - len(refused)} of {len(last)}", *refused)

    def write_draft(self, picture: str, *, after: dict[str, Any]) -> None:
        """Write a draft; what it lacks is told until it can be queued."""
        draft = self._http.post("/drafts", json={"account": self._account, "caption": "Something with rye"})
        lacks = [one["field"] for one in _told(draft)["problems"]]
        due = datetime.fromisoformat(after["publish_at"]) + timedelta(hours=2)
        rest = {"type": "image", "media": [picture], "publish_at": due.isoformat(), "key": f"rye-{due:%Y-%m-%d}"}
        where = f"/drafts/{draft.json()['id']}"
        written = self._http.patch(where, json=rest, headers={"If-Match": draft.headers["ETag"]})
        _told(written)
        queued = self._ask("POST", f"{where}/queue", headers={"If-Match": written.headers["ETag"]})
        print(f"queued the draft that lacked {', '.join(lacks)}: post {queued['id']}")

    def watch_one(self, picture: str) -> None:
        """Publish now, and watch it going out."""
        body = {"account": self._account, "publish_at": "+1s", "type": "image", "media": [picture], "caption": "Now"}
        begun = self._now()
        post = self._ask("POST", "/posts", json=body)

        def is_over(event: dict[str, Any]) -> bool:
            if event.get("post") != post["id"]:
                return False
            print(f"  {event['at']} {event['reason']}")
            return event["to_state"] in OVER

        self._follow("post", is_over, since=begun)
        post = self._ask("GET", f"/posts/{post['id']}")
        print(f"post {post['id']} is {post['state']}, media {post['media_id']}, {post['lateness_ms']} ms late")

    def read(self) -> None:
        """Have the account and its media read now, and look at the newest values."""
        begun = self._now()
        owed = self._ask("POST", "/harvests/run", json={"account": self._account, "kind": "media"})
        self._follow("coverage", lambda event: (event["account"], event["kind"]) == (self._account, "media"), begun)
        outcomes = self._ask("GET", "/harvests/outcomes", params={"id": owed["ids"]})["items"]
        newest = self._ask("GET", "/insights/newest", params={"account": self._account})
        print(f"read: {outcomes[0]['status']}; newest values of {len(newest['media'])} media")

    def take_out(self, folder: Path) -> None:
        """Take out a view in each form."""
        folder.mkdir(parents=True, exist_ok=True)
        for media_type, ending in FORMS.items():
            query, path = {"account": self._account}, folder / f"media_totals.{ending}"
            view, headers = "/insights/views/media_totals", {"Accept": media_type}
            with self._http.stream("GET", view, params=query, headers=headers) as out, path.open("wb") as file:
                out.raise_for_status()
                for chunk in out.iter_bytes():
                    file.write(chunk)
            print(f"took out {path.name}: {path.stat().st_size} bytes")

    def _now(self) -> str:
        """The id of all that has happened until now."""
        with self._http.stream("GET", "/events") as stream:
            return next(line.removeprefix("id:").strip() for line in stream.iter_lines() if line.startswith("id:"))

    def _follow(self, source: str, is_it: Callable[[dict[str, Any]], bool], since: str) -> None:
        """Follow events until one of them is it. A stream that breaks is taken up behind the last one."""
        while True:
            headers, event = {"Last-Event-ID": since}, dict[str, str]()
            try:
                with self._http.stream("GET", "/events", params={"source": source}, headers=headers) as stream:
                    stream.raise_for_status()
                    for line in stream.iter_lines():
                        name, _, value = line.partition(":")
                        if line:
                            event[name] = value.strip()
                            continue
                        since = event.get("id", since)  # an event counts once it is there as a whole
                        if "data" in event and is_it(json.loads(event["data"])):
                            return
                        event.clear()
            except httpx.TransportError as broken:
                print(f"  the stream broke ({type(broken).__name__})")

    def _all(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._ask("GET", path, params=query)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        return _told(self._http.request(method, path, **more))


def _told(answer: httpx.Response) -> Any:
    """The answer, or an end with everything that is wrong."""
    if answer.is_success:
        return answer.json()
    problem = answer.json()
    wrong = [f"{one['field']}: {one['message']}" for one in problem.get("errors", ())] or [problem["detail"]]
    sys.exit(f"{answer.request.method} {answer.request.url.path}: {'; '.join(wrong)} ({problem.get('request_id')})")


if __name__ == "__main__":
    main()
