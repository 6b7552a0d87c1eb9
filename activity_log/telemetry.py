"""Logs of services and commands: one line per event, and nothing in it that tells who somebody is.

`configure_logging` is called once, in an entry point. Everything else asks structlog for its logger by name.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO

import structlog
from structlog.types import EventDict, ExcInfo, Processor, WrappedLogger

from activity_log.contracts.fields import personal_fields
from activity_log.contracts.types import TYPES
from activity_log.errors import BusflowError
from activity_log.settings import Settings

OURS = ("activity_log", "feature_repo", "models", "training", "serving", "busflow")
WITHHELD = "[withheld]"
FRAMES = 30

_NEVER_LOGGED = frozenset(
    {"authorization", "body", "cookie", "data", "headers", "params", "parameters", "password", "payload", "query",
     "query_string", "raw", "secret", "token", "name", "search_text"}
)  # fmt: skip
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:(?<=bearer )\S+)")
_EMAIL = re.compile(r"[^\s@'\"<>(]+@[^\s@'\"<>)]+\.\w+")
_PHONE = re.compile(r"(?<![\w./-])(?!\d{4}-\d\d-\d\d\b)\+?\d[\d /()-]{7,}\d(?![\w:-])")


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Send the log of this process, libraries' included, to stderr as BUSFLOW_LOG_LEVEL and _FORMAT say.

    Libraries are heard from `warning` on, whatever the level. stream: elsewhere than stderr.
    """
    stream = stream or sys.stderr
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_common(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False)
                if as_json
                else structlog.dev.ConsoleRenderer(colors=stream.isatty()),
            ],
        )
    )
    _route_everything_to(handler, settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; what is logged is an event in a few words, and figures by name."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def _route_everything_to(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in list(root.manager.loggerDict):  # libraries' own handlers would write past us
        known = logging.getLogger(name)
        known.handlers.clear()
        known.propagate = True
        if known.level < logging.WARNING:
            known.setLevel(logging.NOTSET)
    for name in OURS:
        logging.getLogger(name).setLevel(level)


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        explain_exception,
        withhold_personal,
    ]


def withhold_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Withhold what is known to be personal or secret: by its key, and in texts by how it looks."""
    return {key: _withheld(key, value) for key, value in event.items()}


def explain_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say where an exception came from, without its text: only our own errors are known to name nobody."""
    exc_info: ExcInfo | bool | None = event.pop("exc_info", None)
    error = _error_of(exc_info)
    if error is not None:
        event["exception"] = [_told(one) for one in _chain(error)]
    return event


def _withheld(key: str, value: object) -> object:
    if key.lower() in _NEVER_LOGGED or key.lower() in _PERSONAL:
        return WITHHELD
    if isinstance(value, str):
        return _masked(value)
    if isinstance(value, Mapping):
        return {inner: _withheld(str(inner), its) for inner, its in value.items()}
    if isinstance(value, list | tuple):
        return [_withheld("", one) for one in value]
    if isinstance(value, BaseException):
        return type(value).__name__
    return value


def _masked(text: str) -> str:
    text = _CREDENTIALS.sub("***@", text)
    text = _TOKEN.sub("[token]", text)
    return _PHONE.sub("[number]", _EMAIL.sub("[e-mail]", text))


def _error_of(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and isinstance(exc_info[1], BaseException):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info else None


def _chain(error: BaseException | None) -> list[BaseException]:
    """Return an error and what it was raised from, the last first."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _told(error: BaseException) -> dict[str, object]:
    kind = type(error)
    told: dict[str, object] = {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "at": _frames(error.__traceback__),
    }
    return {"message": str(error), **told} if isinstance(error, BusflowError) else told


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


_PERSONAL = frozenset(name for kind in TYPES.values() for name in personal_fields(kind.payload))
