"""The log as its readers see it."""

import io
import json
import logging
from pathlib import Path
from typing import Any

from structlog.typing import FilteringBoundLogger

from gateway.logs.log import logger_to
from gateway.logs.log_lines import processors
from tests.support.served import wait_until


class Log:
    """A log in memory: its logger, and the lines that were written."""

    def __init__(self, level: int = logging.INFO) -> None:
        self._file = io.StringIO()
        self.logger: FilteringBoundLogger = logger_to(self._file, processors(as_json=True), level)

    @property
    def text(self) -> str:
        return self._file.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def last(self, number: int) -> dict[str, Any]:
        """The line with this number, counted from one, which is the last one."""
        wait_until(lambda: self.text.count("\n") == number)
        return self.lines[-1]


def logged(folder: Path) -> list[dict[str, Any]]:
    """The lines that a process has written to its standard error."""
    return [json.loads(line) for line in (folder / "err").read_text().splitlines()]
