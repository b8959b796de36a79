"""`pressrun mcp`: tools for a program that converses, over stdin and stdout."""

from __future__ import annotations


def mcp() -> None:
    """Offer the operations as tools to the program that starts this (MCP over stdin and stdout).

    It may do what the key in PRESSRUN_MCP_KEY may; without one it only reads.
    """
    from cli.asking import asking
    from console.mcp.stdio import serve
    from machine.entrance import console_url

    with asking() as (ctx, _owner):
        serve(ctx, console_url(ctx.settings))
