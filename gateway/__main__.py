"""The `gateway` command, also as `python -m gateway`."""

import sys

from gateway.web.stop_signal import STOP_SIGNAL


def run_command() -> None:
    """Run the command. Signals already stop a server while its modules are imported, which takes half a
    second."""
    if sys.argv[1:2] == ["serve"]:
        STOP_SIGNAL.install()
    from gateway.cli import cli  # noqa: PLC0415 - not before the handlers are installed

    cli()


if __name__ == "__main__":
    run_command()
