"""Sample media: real, small, by the specification, the same each time; and the campaign that uses them."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pressrun.errors import Invalid
from pressrun.media.captions import check_alt_text, check_caption, check_collaborators, check_user_tags, hashtags
from pressrun.media.probe import probe
from pressrun.media.rules import Use, check, check_together, use_for
from pressrun.media.samples import make_campaign, make_jpeg, make_mp4

CAMPAIGN = Path(__file__).parents[4] / "examples" / "campaign.csv"
HEADER = (
    "account,publish_at,type,media,caption,alt_text,first_comment,location_id,user_tags,collaborators,cover_url,"
    "thumb_offset_ms,share_to_feed,trial,max_lateness,if_late,key"
)


def rows() -> list[dict[str, str]]:
    with CAMPAIGN.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    shutil.copy(CAMPAIGN, folder)
    started = time.process_time()
    make_campaign(folder)
    assert time.process_time() - started < 10
    return folder


def test_the_same_label_gives_the_same_bytes(tmp_path: Path) -> None:
    for number in (1, 2):
        make_jpeg(tmp_path / f"{number}.jpg", 200, 250, label="bread-01")
        make_mp4(tmp_path / f"{number}.mp4", 64, 112, 3.0, label="bread-01")
    make_jpeg(tmp_path / "3.jpg", 200, 250, label="mug-01")

    assert (tmp_path / "1.jpg").read_bytes() == (tmp_path / "2.jpg").read_bytes()
    assert (tmp_path / "1.mp4").read_bytes() == (tmp_path / "2.mp4").read_bytes()
    assert (tmp_path / "1.jpg").read_bytes() != (tmp_path / "3.jpg").read_bytes()


@pytest.mark.parametrize("fps", [24, 30])
@pytest.mark.parametrize("audio", [True, False])
def test_a_sample_video_meets_the_specification(tmp_path: Path, fps: int, audio: bool) -> None:
    found = probe(make_mp4(tmp_path / "clip.mp4", 144, 256, 3.0, fps=fps, label="clip", audio=audio))

    assert check(found, Use.REEL) == ()
    assert found.fps == pytest.approx(fps)
    assert found.duration_s == pytest.approx(3.0, abs=0.03)
    assert found.audio_codec == ("aac" if audio else None)


def test_a_sample_video_starts_each_group_afresh(tmp_path: Path) -> None:
    import av

    path = make_mp4(tmp_path / "clip.mp4", 64, 112, 4.0, label="clip")
    with av.open(path) as container:
        keyframes = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe and packet.pts is not None]

    assert len(keyframes) >= 2
    assert keyframes[0] == 0


def test_the_campaign_shows_every_type() -> None:
    posts = rows()

    assert CAMPAIGN.read_text().splitlines()[0] == HEADER
    assert len(posts) == 16
    assert {row["account"] for row in posts} == {"harbour-bakery", "lena-makes", "northlight-studio"}
    assert {row["type"] for row in posts} == {"image", "carousel", "reel", "story"}
    assert len({row["key"] for row in posts}) == 16
    assert any(row["trial"] == "MANUAL" for row in posts)
    assert any(row["thumb_offset_ms"] for row in posts)
    assert {row["if_late"] for row in posts} == {"", "publish", "expire"}


def test_the_campaign_is_due_within_a_minute_and_twice_at_the_same_second() -> None:
    due = [row["publish_at"] for row in rows()]

    assert all(20 <= int(text.removeprefix("+").removesuffix("s")) <= 50 for text in due)
    assert len(set(due)) < len(due)


def test_all_texts_of_the_campaign_are_accepted() -> None:
    for row in rows():
        tags = json.loads(row["user_tags"] or "[]")
        kind = use_for(row["type"], "video" if row["media"].endswith(".mp4") else "image")
        assert check_caption(row["caption"]) == ()
        assert len(hashtags(row["caption"])) <= 5
        assert check_alt_text(row["alt_text"]) == ()
        assert check_collaborators([name for name in row["collaborators"].split("|") if name]) == ()
        assert check_user_tags(tags, kind) == ()
        if row["type"] == "story":
            assert not row["caption"]


def test_all_files_of_the_campaign_are_accepted(campaign: Path) -> None:
    for row in rows():
        probes = [probe(campaign / name) for name in row["media"].split("|")]
        assert check_together(row["type"], probes) == ()
        for found in probes:
            assert check(found, use_for(row["type"], found.kind)) == ()
            assert found.size_bytes < 200_000
        if row["cover_url"]:
            assert check(probe(campaign / row["cover_url"]), Use.REEL_COVER) == ()


def test_files_that_are_there_are_left_alone(campaign: Path) -> None:
    own = campaign / "media" / "bread-01.jpg"
    before = own.stat().st_mtime_ns

    made = make_campaign(campaign / "campaign.csv")

    assert own in made
    assert own.stat().st_mtime_ns == before
    assert sorted(made) == sorted((campaign / "media").iterdir())


def test_none_is_begun_once_they_are_not_wanted(tmp_path: Path) -> None:
    (tmp_path / "campaign.csv").write_text("type,media\nimage,a.jpg|b.jpg|c.jpg\n")

    make_campaign(tmp_path, is_wanted=lambda: not (tmp_path / "a.jpg").exists())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "campaign.csv"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("image,../../outside.jpg", "lies outside"),
        ("image,/etc/outside.jpg", "lies outside"),
        ("image,media/picture.png", "no sample can be made"),
        ("image,media/clip.mp4", "no sample can be made"),
        ("banner,media/picture.jpg", "no sample can be made"),
    ],
)
def test_a_campaign_that_cannot_be_drawn_is_refused(tmp_path: Path, line: str, text: str) -> None:
    (tmp_path / "campaign.csv").write_text(f"type,media\n{line}\n")

    with pytest.raises(Invalid, match=text):
        make_campaign(tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "campaign.csv"]


def test_media_on_the_web_are_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "campaign.csv").write_text("type,media\nimage,https://cdn.example.com/a.jpg\n")

    assert make_campaign(tmp_path) == []


def test_the_command(tmp_path: Path) -> None:
    campaign = tmp_path / "small.csv"
    campaign.write_text("type,media\nimage,media/bread-01.jpg\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pressrun.media.samples", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done, missing, wrong = run(str(campaign)), run(str(tmp_path / "none.csv")), run()

    assert (done.returncode, done.stdout) == (0, "1 media files are ready\n")
    assert (tmp_path / "media" / "bread-01.jpg").is_file()
    assert missing.returncode == wrong.returncode == 2
    assert "none.csv" in missing.stderr
    assert "Traceback" not in missing.stderr + wrong.stderr
