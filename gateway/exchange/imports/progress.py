"""How far an import is, for people at a terminal."""

import time
from collections.abc import Callable

from rich import progress
from rich.console import Console

from gateway.exchange.imports.importer import Progress


def progress_bar() -> tuple[Progress, Callable[[], None]]:
    """A bar with a rate, where there is a terminal to show it, and what takes it away."""
    console = Console(stderr=True)
    bar = progress.Progress(
        progress.TextColumn("importing"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("rows, {task.fields[rate]:,.0f} a second"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("rows", total=None, rate=0)
    begun = time.monotonic()
    bar.start()

    def show(done: int, total: int) -> None:
        rate = done / (time.monotonic() - begun)
        bar.update(task, completed=done, total=total, rate=rate)

    return show, bar.stop
