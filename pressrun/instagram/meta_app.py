"""The Meta app behind the accounts: its secrets, and the ids under which Instagram names it (graph-api.md §1.4, §7).

On Instagram Login the app has an id and a secret of its own. Which of the two secrets signs what is sent to such an app
nobody has confirmed: each is tried.
"""

from __future__ import annotations

from pressrun.settings import Settings


def app_secrets(settings: Settings) -> list[str]:
    """Every secret that may have signed what comes in; empty when none is set."""
    named = (settings.app_secret, settings.instagram_app_secret)
    return list(dict.fromkeys(one.get_secret_value() for one in named if one is not None))


def app_ids(settings: Settings, *, on_facebook: bool) -> list[str]:
    """Under which ids the app may be named; empty when that is not known."""
    own = settings.instagram_app_id
    if on_facebook:
        return [settings.app_id] if settings.app_id else []
    return [one for one in (own, settings.app_id) if one] if own else []
