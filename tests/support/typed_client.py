"""A typed client that a generator makes of the document, put to use against a console.

    python3 -m venv .generator && .generator/bin/pip install openapi-python-client ruff
    python -m tests.support.typed_client .generator/bin/openapi-python-client http://127.0.0.1:8321 pr_…

The generator is in an environment of its own, since it needs other releases of what we use. Whatever it warns of ends
this; so does an answer that its types do not fit. What is made is thrown away.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from pressrun.network.trust import authorities


def main() -> None:
    generator, address, key = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        document.write_bytes(httpx.get(f"{address}/api/v1/openapi.json", verify=authorities()).content)
        make = [generator, "generate", "--path", str(document), "--output-path", f"{folder}/made_client"]
        # It calls ruff, which stands beside it.
        told = os.environ | {"PATH": f"{Path(generator).resolve().parent}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run([*make, "--meta", "none", "--fail-on-warning"], env=told, check=True)
        sys.path.insert(0, folder)
        use(address, key)


def use(address: str, key: str) -> None:
    """Reads a list, keeps a draft, and is refused one that is not there, with the client's own types."""
    made: Any = importlib.import_module("made_client")
    models: Any = importlib.import_module("made_client.models")
    client = made.AuthenticatedClient(address, token=key, verify_ssl=authorities(), raise_on_unexpected_status=True)

    page = _call("posts.list_posts", client=client, limit=1)
    assert isinstance(page, models.PostShownPage), page
    draft = _call(
        "drafts.add_draft", client=client, body=models.Draft(caption="typed", media=["https://a.example/1.jpg"])
    )
    assert draft.fields.media == ["https://a.example/1.jpg"], draft
    assert isinstance(draft.problems[0], models.Flaw), draft
    assert draft.created_at.utcoffset() is not None, draft
    missing = _call("drafts.show_draft", client=client, draft=2**62)
    assert missing.type_ == "urn:pressrun:draft.unknown", missing
    _call("drafts.remove_draft", client=client, draft=draft.id)
    sys.stdout.write(f"{len(vars(models))} models; lists, writing and problems have their types\n")


def _call(name: str, **told: Any) -> Any:
    return importlib.import_module(f"made_client.api.{name}").sync(**told)


if __name__ == "__main__":
    main()
