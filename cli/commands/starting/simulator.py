"""`pressrun simulator`: hands its flags on to the simulator, which declares them itself."""

from __future__ import annotations

import typer


def simulator(context: typer.Context) -> None:
    """Stand in for Instagram on this machine, for demos and tests. `simulator --help` lists its flags."""
    from machine.runtime import read_settings
    from simulator.__main__ import main

    read_settings(is_service=True)
    raise typer.Exit(main(list(context.args)))


PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
"""How the command is declared, so that all flags reach the simulator, `--help` too."""
