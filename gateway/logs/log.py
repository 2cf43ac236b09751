"""Sets up the log of a process: its output, and the messages that are logged."""

import atexit
import logging
import sys
import threading
from types import TracebackType
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from gateway.logs.log_lines import COMPLETERS, processors, renderers
from gateway.logs.log_writer import LogWriter

OURS = "gateway"
"""The parent of all loggers of the gateway. Libraries only log warnings and errors."""


def start_log(level: str, log_format: str) -> FilteringBoundLogger:
    """Write everything that this process logs to standard error, and return the logger for requests.
    `log_format` is "json", "text" or "auto"."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    chain = processors(as_json=as_json)
    least = logging.getLevelNamesMapping()[level.upper()]

    def dropped(count: int) -> str:
        message = f"{count:,} lines of the log were dropped, because its reader was too slow"
        return _rendered(chain, {"event": message}, "warning")

    rendering = renderers(as_json=as_json)
    writer = LogWriter(sys.stderr.fileno(), dropped, lambda event: _rendered(rendering, event))
    atexit.register(writer.close)
    _bridge(writer, chain, least)
    return _bound(_EventLogger(writer), [*COMPLETERS, _as_argument], least)


def logger_to(
    file: Any, chain: list[structlog.typing.Processor], least: int
) -> FilteringBoundLogger:
    """A logger that writes messages of at least the severity `least` to a file."""
    return _bound(structlog.WriteLogger(file), chain, least)


class _EventLogger:
    """Passes events to a writer, which renders them later."""

    def __init__(self, writer: LogWriter) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = writer.write_event


def _as_argument(
    _logger: WrappedLogger, _method: str, event: EventDict
) -> tuple[tuple[EventDict], dict[str, Any]]:
    """The arguments of a method of `_EventLogger`."""
    return (event,), {}


def _bound(
    logger: Any, chain: list[structlog.typing.Processor], least: int
) -> FilteringBoundLogger:
    wrapped = structlog.wrap_logger(
        logger,
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(least),
    )
    return cast(FilteringBoundLogger, wrapped.bind())


def _rendered(chain: list[structlog.typing.Processor], event: Any, level: str = "") -> str:
    for processor in chain:
        event = processor(None, level, event)
    return f"{event}\n"


def _bridge(writer: LogWriter, chain: list[structlog.typing.Processor], least: int) -> None:
    """Send the messages of the standard library's logging, warnings and hooks through the chain."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *chain],
    )
    handler = logging.StreamHandler(writer)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    logging.getLogger(OURS).setLevel(least)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable


def _log_crash(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        logging.getLogger(OURS).critical("the process crashed", exc_info=error)


def _log_thread(crash: threading.ExceptHookArgs) -> None:
    thread = crash.thread.name if crash.thread else "unknown"
    logging.getLogger(OURS).error("the thread %s crashed", thread, exc_info=crash.exc_value)


def _log_unraisable(failure: "sys.UnraisableHookArgs") -> None:
    what = failure.err_msg or "an exception was ignored"
    logging.getLogger(OURS).error("%s: %r", what, failure.object, exc_info=failure.exc_value)
