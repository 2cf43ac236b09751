"""The progress of an import, shown on a terminal."""

import time
from collections.abc import Callable

from rich import progress
from rich.console import Console

from gateway.exchange.imports.job_run import ProgressCallback


def progress_bar() -> tuple[ProgressCallback, Callable[[], None]]:
    """A callback that shows a progress bar with a rate, and a function that removes it; neither prints
    anything unless the standard error is a terminal."""
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
    start = time.monotonic()
    bar.start()

    def show(done: int, total: int) -> None:
        rate = done / (time.monotonic() - start)
        bar.update(task, completed=done, total=total, rate=rate)

    return show, bar.stop
