"""How a consent page looks: plain HTML, one form, no script, so that a machine can fill it in too."""

from __future__ import annotations

import html as markup
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.world.records import Account, Login

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><main>
<h1>{title}</h1>
<p>The app {app} asks for: {scopes}</p>
<form method="post">
{hidden}
<p><label>Who is there: <select name="account">{people}</select></label></p>
<p><label>Leave out (with commas between them): <input name="without"></label></p>
<p><button name="decision" value="approve">Allow</button> <button name="decision" value="refuse">Cancel</button></p>
</form>
</main></body>
</html>
"""


def html(
    asked: Mapping[str, Any], login: Login, chosen: Account | None, people: Sequence[Account], *, others: Sequence[str]
) -> str:
    """The page for what was asked. `chosen` None: the first of `others` is there."""
    named = {str(one.index): f"@{one.username}" for one in people} | {name: f"{name} of them" for name in others}
    there = others[0] if chosen is None else str(chosen.index)
    options = [
        f'<option value="{_text(value)}"{" selected" if value == there else ""}>{_text(name)}</option>'
        for value, name in named.items()
    ]
    hidden = [
        f'<input type="hidden" name="{_text(name)}" value="{_text(value)}">'
        for name, value in asked.items()
        if name != "account"
    ]
    return _PAGE.format(
        title=f"{login.value.title()} of the simulator",
        app=_text(asked.get("client_id", "")),
        scopes=_text(asked.get("scope") or asked.get("config_id") or "nothing"),
        hidden="\n".join(hidden),
        people="".join(options),
    )


def _text(value: object) -> str:
    return markup.escape(str(value))
