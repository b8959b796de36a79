"""What an error says: how long to wait, in words for a person, and without secrets."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest

from graph.answers.errors import NotOnThisLogin, classify
from graph.wire.endpoints import Endpoint
from pressrun import clock
from pressrun.errors import PressrunError

CREATE = Endpoint.CREATE_CONTAINER


def refused(code: int, message: str = "refused", subcode: int | None = None) -> bytes:
    error = {"message": message, "code": code, "error_subcode": subcode, "fbtrace_id": "A6LJ"}
    return json.dumps({"error": error}).encode()


class TestRetryAfter:
    def test_the_header_is_honoured(self) -> None:
        assert classify(CREATE, 429, b"", {"retry-after": "120"}).retry_after_s == 120

    def test_a_date_is_understood(self) -> None:
        at = format_datetime(clock.now() + timedelta(seconds=100), usegmt=True)

        wait_s = classify(CREATE, 429, b"slow down", {"retry-after": at}).retry_after_s

        assert wait_s is not None
        assert 90 < wait_s <= 100

    @pytest.mark.parametrize("value", ["", "soon", "-5", "1e9", "٣", "Mon, 99 Foo 2026"])
    def test_nonsense_is_nobody_knows(self, value: str) -> None:
        assert classify(CREATE, 429, b"", {"retry-after": value}).retry_after_s is None

    def test_the_estimate_of_the_usage_header_is_in_minutes(self) -> None:
        usage = '{"1784":[{"type":"instagram","call_count":101,"estimated_time_to_regain_access":27}]}'
        headers = {"x-business-use-case-usage": usage}

        assert classify(CREATE, 400, refused(80002), headers).retry_after_s == 27 * 60
        assert classify(CREATE, 400, refused(100), headers).retry_after_s is None

    def test_the_longest_of_the_waits_counts(self) -> None:
        assert classify(CREATE, 400, refused(613), {"retry-after": "5"}).retry_after_s == 900


class TestText:
    def test_one_clear_line(self) -> None:
        error = classify(CREATE, 401, refused(190, "Session has\nexpired.", 463), {})

        assert str(error) == (
            "POST /{ig}/media: Session has expired (HTTP 401, code 190, subcode 463, fbtrace_id A6LJ). "
            "The token has expired or is invalid; reconnect the account: log in again and store the new token."
        )

    def test_user_texts_are_kept(self) -> None:
        body = b'{"error":{"message":"m","code":36003,"error_user_title":"Ratio","error_user_msg":"Crop it"}}'

        error = classify(CREATE, 400, body, {})

        assert (error.user_title, error.user_message) == ("Ratio", "Crop it")

    @pytest.mark.parametrize("secret", ["EAAsecretsecret123", "some-odd-secret", "IGQVJsecretsecret"])
    def test_no_secret_survives(self, secret: str) -> None:
        message = f"Malformed access token {secret}, access_token={secret}&x, Bearer {secret}"
        body = json.dumps({"error": {"message": message, "code": 190, "error_user_msg": secret}}).encode()

        error = classify(CREATE, 400, body, {}, secrets=(secret,))

        assert secret not in f"{error!r} {error} {error.message} {error.user_message} {vars(error)}"

    def test_a_secret_behind_escapes_is_found_and_one_that_is_a_key_breaks_nothing(self) -> None:
        body = rb'{"error":{"message":"bad state q\/8","code":190,"error_subcode":463,"error_user_msg":"\u0071/8"}}'

        error = classify(CREATE, 400, body, {}, secrets=("q/8", "code", "error"))

        assert "q/8" not in f"{error} {vars(error)}"
        assert (error.code, error.subcode) == (190, 463)

    def test_a_long_message_is_cut_and_odd_characters_can_be_written(self) -> None:
        body = json.dumps({"error": {"message": "\ud800" + "x" * 5000, "code": 100}}).encode()

        message = classify(CREATE, 400, body, {}).message

        assert len(message.encode()) < 1000

    def test_an_error_is_one_of_ours(self) -> None:
        assert isinstance(classify(CREATE, 400, refused(100), {}), PressrunError)
        assert "needs Facebook Login" in str(NotOnThisLogin("mentioned_media", "instagram"))
