"""The root of every error that Pressrun raises on purpose.

`PressrunError` ends a command with exit code 1, `UsageError` with 2. The text names what is wrong and what to do;
it never holds a token.
"""


class PressrunError(Exception):
    """Something planned for went wrong; the message is fit for a person."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class UsageError(PressrunError):
    """The caller's input is wrong: a flag, a file, a setting or a value."""


class ServerUnreachable(PressrunError):
    """A server that Pressrun needs does not answer."""


def printable(text: str) -> str:
    """`text` from outside as part of one line: line breaks, controls and broken characters become `?`."""
    return "".join(character if character.isprintable() else "?" for character in text)
