import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import TypeAdapter
from sqlalchemy import create_engine, text

from activity_log.errors import BusflowError, WrongUseError
from activity_log.settings import load_settings
from activity_log.telemetry import configure_logging, logger

ANNA = ("Müller", "anna.mueller@example.org", "+49 421 5550101", "0421/5550101", "1951-03-14", "28195")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Log(io.StringIO):
    """What was written."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


def configured(level: str = "info", format_: str = "auto") -> Log:
    stream = Log()
    configure_logging(load_settings(log_level=level, log_format=format_), stream)
    return stream


def test_a_service_writes_one_json_object_per_line():
    log = configured()
    logger("serving.requests").info("request", route="/recommend", status=200)
    [line] = log.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request", "logger": "serving.requests", "level": "info", "route": "/recommend", "status": 200
    }  # fmt: skip


def test_people_at_a_terminal_read_a_line_of_text():
    log = configured(format_="console")
    logger("busflow").info("batch taken in", accepted=3)
    assert "batch taken in" in log.getvalue()
    assert "accepted=3" in log.getvalue()
    with pytest.raises(json.JSONDecodeError):
        assert log.lines


def test_what_is_bound_to_the_request_is_on_every_line_of_libraries_too():
    log = configured()
    with structlog.contextvars.bound_contextvars(request_id="r-1", operator="reisen"):
        logger("serving").info("one")
        logging.getLogger("uvicorn.error").warning("two of %s", "them")
    assert [(line["event"], line["request_id"], line["operator"]) for line in log.lines] == [
        ("one", "r-1", "reisen"), ("two of them", "r-1", "reisen")
    ]  # fmt: skip


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 0)])
def test_the_level_is_ours_and_libraries_are_heard_from_warning_on(level: str, heard: int):
    log = configured(level)
    ours, theirs = logger("activity_log.gate"), logging.getLogger("httpx")
    ours.debug("a")
    ours.info("b")
    ours.warning("c")
    theirs.info("GET https://example.org/?q=Müller")
    theirs.warning("d")
    assert len(log.lines) == heard


def test_handlers_of_libraries_do_not_write_past_us():
    elsewhere = io.StringIO()
    bento = logging.getLogger("bentoml")
    bento.addHandler(logging.StreamHandler(elsewhere))
    bento.propagate = False
    log = configured()
    bento.warning("hello")
    assert (elsewhere.getvalue(), [line["event"] for line in log.lines]) == ("", ["hello"])


def test_a_bad_level_is_wrong_use():
    with pytest.raises(WrongUseError, match="BUSFLOW_LOG_LEVEL='loud'"):
        load_settings(log_level="loud")
    with pytest.raises(WrongUseError, match="BUSFLOW_LOG_FORMAT='xml'"):
        load_settings(log_format="xml")


# Nobody is named


@pytest.mark.parametrize(
    "said",
    [
        {"email": ANNA[1]},
        {"data": {"family_name": ANNA[0]}},
        {"event_": {"payload": {"family_name": ANNA[0]}}},
        {"person": [{"given_name": "Anna", "birth_date": ANNA[4], "postcode": ANNA[5], "phone": ANNA[2]}]},
        {"note": f"write to {ANNA[1]} or call {ANNA[2]}, {ANNA[3]}"},
        {"note": f"Tel:{ANNA[3]} mailto:{ANNA[1]}"},
        {"problem": ValueError(ANNA[0])},
        {"body": json.dumps({"family_name": ANNA[0]})},
        {"dietary_needs": "no nuts for Frau Müller", "raw": b"M\xc3\xbcller"},
    ],
)
def test_what_is_known_to_be_personal_is_withheld(said: dict[str, Any]):
    log = configured()
    logger("activity_log").warning("kept", **said)
    assert log.lines[0]["event"] == "kept"
    for piece in ANNA:
        assert piece not in log.getvalue()


def test_passwords_and_tokens_are_withheld():
    log = configured()
    secret = "eyJhbGciOiJFUzI1NiJ9.eyJvcGVyYXRvciI6InJlaXNlbiJ9.c2lnbmF0dXJl"
    logger("busflow").error(
        "cannot reach postgresql://bus:hunter2@db:5432/log", authorization=f"Bearer {secret}"
    )
    logging.getLogger("uvicorn.error").error("bad header: Authorization: Bearer %s", secret)
    assert "hunter2" not in log.getvalue()
    assert secret not in log.getvalue()
    assert log.lines[0]["event"] == "cannot reach postgresql://***@db:5432/log"


def test_figures_days_and_moments_are_not_taken_for_numbers_to_call():
    log = configured()
    kept = {"seq": 123456789012, "until": "2026-05-01", "at": "2026-05-01T10:00:00+00:00", "ms": 12.345678901,
            "customer_id": "c-0123456789abcdef0123", "path": "/var/busflow/000000001-000050000.parquet"}  # fmt: skip
    logger("busflow").info("kept", **kept)
    assert {name: log.lines[0][name] for name in kept} == kept


# Exceptions


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_exception_is_told_by_its_kind_and_place_not_by_its_text():
    log = configured()
    logger("serving").error("failed", exc_info=raised(KeyError("Anna Müller")))
    logging.getLogger("uvicorn.error").error("failed", exc_info=raised(LookupError("Anna Müller")))
    ours, theirs = log.lines
    assert "Müller" not in log.getvalue()
    assert (ours["exception"][0]["type"], theirs["exception"][0]["type"]) == (
        "builtins.KeyError", "builtins.LookupError"
    )  # fmt: skip
    assert ours["exception"][0]["at"][-1].endswith("raised")


def test_our_own_errors_say_what_to_do():
    log = configured()
    logger("serving").error("failed", exc_info=raised(BusflowError("no operator is registered")))
    assert log.lines[0]["exception"][0]["message"] == "no operator is registered"


def test_what_validation_and_the_database_were_given_is_not_told():
    log = configured()
    try:
        try:
            TypeAdapter(int).validate_python(ANNA[0])
        except ValueError as invalid:
            with create_engine("sqlite://").connect() as connection:
                connection.execute(text("INSERT INTO nowhere VALUES (:email)"), {"email": ANNA[1]})
            raise AssertionError from invalid
    except Exception:  # noqa: BLE001
        logger("serving").exception("failed")
    assert [told["type"].rpartition(".")[2] for told in log.lines[0]["exception"]] == [
        "OperationalError", "OperationalError", "ValidationError"
    ]  # fmt: skip
    for piece in ANNA:
        assert piece not in log.getvalue()
