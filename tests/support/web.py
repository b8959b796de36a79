"""An ASGI application on a free loopback port, in a thread, for as long as a test needs it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.support.waiting import until


@contextmanager
def serve(app: Any, port: int = 0) -> Iterator[str]:
    """Its base URL. On a port that is named one may follow another. `app` may be a `uvicorn.Config` as well."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        port = listener.getsockname()[1]
        is_told = isinstance(app, uvicorn.Config)
        server = uvicorn.Server(app if is_told else uvicorn.Config(app, log_level="warning", lifespan="on", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started, what="the server has not started")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)
