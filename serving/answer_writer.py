"""Writes the answer log beside the answering: what was recommended waits in memory for half a second at most."""

import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

import structlog
from prometheus_client import Counter

from activity_log.answer_log import LoggedAnswer, drop_answers, log_answers
from activity_log.clock import Clock
from activity_log.database import Database
from serving.breathing import Breather, resting

MOST_WAITING = 50_000
WRITTEN_TOGETHER = 100
EVERY_SECONDS = 0.5
KEPT_FOR = timedelta(days=90)
DROPPED_EVERY = timedelta(hours=6)
RESTLESS, RESTFUL = resting(0.0), resting(1.0)

ANSWERS = Counter("busflow_answers_total", "Answers by what became of their note in the log", ["fate"])

_log = structlog.get_logger("serving.answer_writer")

Note = Callable[[], LoggedAnswer]
"""Makes the note of an answer; made by the writer, so that the answering is not held up."""


class AnswerWriter:
    """Takes notes at once, and writes them a little later; where the database is away, when it is back.

    Of more than MOST_WAITING the oldest are dropped, and counted. A process that is killed takes with it the notes of
    half a second; nothing but this log knows of them.
    """

    def __init__(self, database: Database, clock: Clock):
        self._database = database
        self._clock = clock
        self._waiting: deque[Note] = deque()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._dropped_at: datetime | None = None
        self._is_away = False

    def take(self, note: Note) -> None:
        """Take a note."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            ANSWERS.labels("dropped").inc()
        self._waiting.append(note)
        if self._thread is None:
            self._start()

    def flush(self, breather: Breather = RESTLESS) -> None:
        """Write all notes now. Raises what the database raises; then they wait on."""
        with self._writing:
            for some in breather.between(self._batches()):
                log_answers(self._database, list(_made(some)))
                self._done(some)
            self._drop_old()

    def _batches(self) -> Iterator[Sequence[Note]]:
        """Yield what waits, and not what comes while it is written: that would be a transaction for every few."""
        left = len(self._waiting)
        while left > 0 and self._waiting:
            some = list(islice(self._waiting.copy(), min(left, WRITTEN_TOGETHER)))
            yield some
            left -= len(some)

    def _done(self, written: Sequence[Note]) -> None:
        for note in written:
            if self._waiting and self._waiting[0] is note:  # else it was dropped meanwhile
                self._waiting.popleft()
        ANSWERS.labels("logged").inc(len(written))

    def _drop_old(self) -> None:
        now = self._clock()
        if self._dropped_at is None or now - self._dropped_at > DROPPED_EVERY:
            with self._database.writing() as connection:
                drop_answers(connection, now - KEPT_FOR)
            self._dropped_at = now

    def _start(self) -> None:
        thread = threading.Thread(target=_write, args=(weakref.ref(self),), name="answer-log", daemon=True)
        self._thread = thread
        thread.start()

    def _try(self) -> None:
        try:
            self.flush(RESTFUL)
        except Exception as error:  # noqa: BLE001 (whatever it is: the notes wait, and it is tried again)
            if not self._is_away:
                _log.warning("answers wait to be logged", kind=type(error).__name__)
            self._is_away = True
        else:
            self._is_away = False


def _made(notes: Sequence[Note]) -> Iterator[LoggedAnswer]:
    """Make notes; one that cannot be made is told of and left, so that the others do not wait behind it."""
    for note in notes:
        try:
            yield note()
        except Exception as error:  # noqa: BLE001 (whatever it is, it would be the same again)
            _log.error("an answer cannot be logged", kind=type(error).__name__)
            ANSWERS.labels("failed").inc()


def _write(writer: "weakref.ref[AnswerWriter]") -> None:
    """Write again and again, until nobody takes notes any more."""
    pause = threading.Event()
    while not pause.wait(EVERY_SECONDS):
        alive = writer()
        if alive is None:
            return
        alive._try()
        del alive
