"""How the console is served."""

from __future__ import annotations

from fastapi import FastAPI

from console.serve import config_of


def test_a_connection_outlasts_those_of_clients_and_proxies() -> None:
    """uvicorn's five seconds are httpx's too: whoever asks again just then is cut off."""
    config = config_of(FastAPI(), [])

    assert config.timeout_keep_alive > 60
