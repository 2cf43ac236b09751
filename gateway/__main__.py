"""The `gateway` command, also as `python -m gateway`."""

import gc
import sys
from collections.abc import Callable

from gateway.web.stop_signal import STOP_SIGNAL


def run_command() -> None:
    """Run the command. Signals already stop a server while its modules are imported, which takes half a
    second."""
    if sys.argv[1:2] == ["serve"]:
        STOP_SIGNAL.install()
    _load_commands()()


def _load_commands() -> Callable[[], None]:
    """Load all commands. Modules are never freed, so the garbage collector need not search them, neither while
    they are imported nor later. Otherwise it would take a fifth of the time of a small import."""
    gc.disable()
    from gateway.cli import cli  # noqa: PLC0415 - not before the handlers are installed

    gc.freeze()
    gc.enable()
    return cli


if __name__ == "__main__":
    run_command()
