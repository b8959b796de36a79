"""The address of a consent page, the state that comes back, and the answers that people paste."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from pressrun import clock
from pressrun.errors import Invalid, NotPossible, PressrunError
from pressrun.instagram.consent import check_scopes, digest, open_state, page_address, read_answer, seal_state
from pressrun.instagram.permissions import ASKED, NEEDED
from pressrun.settings import Settings

KEYS = ["a" * 43, "b" * 43]
NOW = clock.now()


def sealed(number: int = 7, key: str = KEYS[0]) -> str:
    return seal_state(number, expires_at=NOW + timedelta(hours=1), secret_key=key)


def address(login: str, **over: str) -> str:
    told = {"app_id": "1", "redirect_url": "http://localhost:8322/c/", "state": "s", "version": "v25.0"}
    return page_address(login, scopes=["a", "b"], **{"graph_url": None} | told | over)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("login", "page", "own"),
    [
        ("facebook", "https://www.facebook.com/v25.0/dialog/oauth", "http://127.0.0.1:9/v25.0/dialog/oauth"),
        ("instagram", "https://www.instagram.com/oauth/authorize", "http://127.0.0.1:9/oauth/authorize"),
    ],
)
def test_each_login_has_its_page_and_a_simulator_has_both(login: str, page: str, own: str) -> None:
    told = urlsplit(address(login))

    assert f"{told.scheme}://{told.netloc}{told.path}" == page
    assert parse_qs(told.query) == {
        "client_id": ["1"],
        "redirect_uri": ["http://localhost:8322/c/"],
        "response_type": ["code"],
        "state": ["s"],
        "scope": ["a,b"],
    }
    assert address(login, graph_url="http://127.0.0.1:9").startswith(f"{own}?")


def test_a_configuration_stands_instead_of_scopes() -> None:
    query = parse_qs(urlsplit(address("facebook", config_id="77")).query)

    assert (query["config_id"], "scope" in query) == (["77"], False)


def test_all_that_is_needed_is_asked_for() -> None:
    for login, needed in NEEDED.items():
        assert set(needed) <= set(ASKED[login])
        check_scopes(ASKED[login])


@pytest.mark.parametrize("scope", ["", "two words", "a,b", "instagram_basic&state=x", "ÄÖ"])
def test_no_permission_is_called_so(scope: str) -> None:
    with pytest.raises(Invalid):
        check_scopes([scope])


class TestState:
    def test_it_opens_under_every_key_that_is_kept_and_no_other(self) -> None:
        assert open_state(sealed(key=KEYS[1]), now=NOW, secret_keys=KEYS) == 7
        with pytest.raises(Invalid, match="no consent that was asked for here"):
            open_state(sealed(), now=NOW, secret_keys=["c" * 43])

    def test_it_ends(self) -> None:
        with pytest.raises(NotPossible, match="took too long") as told:
            open_state(sealed(), now=NOW + timedelta(hours=1, seconds=1), secret_keys=KEYS)
        assert told.value.type == "consent.expired"

    def test_two_of_one_number_differ(self) -> None:
        assert digest(sealed()) != digest(sealed())

    @pytest.mark.parametrize("place", [0, 2, -1, 20])
    def test_every_part_of_it_is_signed(self, place: int) -> None:
        state = list(sealed(1234567))
        state[place] = "8" if state[place] != "8" else "9"
        with pytest.raises(PressrunError) as told:
            open_state("".join(state), now=NOW, secret_keys=KEYS)
        assert told.value.type == "consent.foreign"

    @pytest.mark.parametrize(
        "state", ["", "7", "7.9999999999", "é" * 90, "7.9." + "a" * 22 + "." + "a" * 43, "." * 200]
    )
    def test_what_is_none_is_not_ours(self, state: str) -> None:
        with pytest.raises(Invalid) as told:
            open_state(state, now=NOW, secret_keys=KEYS)
        assert told.value.type == "consent.foreign"


class TestAnswer:
    @pytest.mark.parametrize(
        "said",
        [
            "http://localhost:8322/connect/callback?code=AB_c-1&state=s",
            "  <https://x.example/connect/callback/?state=s&code=AB_c-1#_>\n",
            "state=s&code=AB_c-1",
            "http://localhost:8322/connect/callback?code=AB_c-1%23_&state=s#_",
        ],
    )
    def test_it_is_read_from_whatever_people_copy(self, said: str) -> None:
        told = read_answer(said)

        assert (told.state, told.code, told.why) == ("s", "AB_c-1", "")
        assert "AB_c-1" not in repr(told)

    def test_a_refusal_has_no_code_and_says_why(self) -> None:
        denied = "error=access_denied&error_reason=user_denied&error_description=The+user+denied%0Ait.&state=s"

        told = read_answer(f"http://localhost/?{denied}#_")

        assert (told.code, told.why) == (None, "The user denied?it")
        assert read_answer("state=s&code=") == read_answer("state=s")
        assert read_answer("state=s&error_reason=role_missing").why == "role_missing"
        assert len(read_answer(f"state=s&error={'x' * 9000}").why) == 200

    @pytest.mark.parametrize(
        ("said", "type_"),
        [
            ("", "consent.unreadable"),
            ("AQBx-code-alone", "consent.unreadable"),
            ("http://localhost:8322/connect/callback", "consent.unreadable"),
            ("two words?state=s", "consent.unreadable"),
            (f"state=s&code={'x' * 20_000}", "consent.unreadable"),
            ("&".join(f"a{number}=1" for number in range(60)), "consent.unreadable"),
            ("http://localhost:8322/connect/callback?code=x", "consent.foreign"),
        ],
    )
    def test_what_is_no_answer(self, said: str, type_: str) -> None:
        with pytest.raises(Invalid) as told:
            read_answer(said)
        assert told.value.type == type_


class TestSettings:
    def test_where_consent_leads_back_to(self) -> None:
        assert Settings().callback_url == "http://localhost:8322/connect/callback"
        public = Settings(public_url="https://social.example.com/")
        assert public.callback_url == "https://social.example.com/connect/callback"
        told = public.model_copy(update={"redirect_url": "https://localhost/back/"})
        assert told.callback_url == "https://localhost/back/", "byte for byte"

    def test_the_app_of_instagram_login_may_be_another(self) -> None:
        one = Settings(app_id="1", app_secret="first")
        two = Settings(app_id="1", app_secret="first", instagram_app_id="2", instagram_app_secret="second")

        assert one.app_of("instagram") == one.app_of("facebook") == two.app_of("facebook") == ("1", "first")
        assert two.app_of("instagram") == ("2", "second")
