"""Visitors who ask for recommendations all the time, and what each of them was answered."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx

PAUSE_SECONDS = 0.03
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Answered:
    """One question and its answer. who: of which kind the visitor is; status: 0 where the connection broke."""

    who: str
    customer_id: str | None
    began: float
    seconds: float
    status: int
    body: Mapping[str, Any]

    @property
    def note(self) -> str:
        return str(self.body.get("basis_note", ""))

    @property
    def version(self) -> str | None:
        return (self.body.get("model") or {}).get("version")

    @property
    def departures(self) -> set[str]:
        return {item["departure_id"] for item in self.body.get("items", ())}


class Visitors:
    """One thread per kind of visitor, each asking one question after the other."""

    def __init__(self, address: str):
        self.answered: list[Answered] = []
        self._address = address
        self._threads: dict[str, threading.Thread] = {}
        self._gone = threading.Event()

    def come(self, who: str, tokens: Mapping[str | None, str]) -> None:
        """Let visitors of another kind ask, in turn, and wait for the first answer.

        tokens: by customer; None: of nobody in particular.
        """
        self._threads[who] = threading.Thread(target=self._keep_asking, args=(who, tokens))
        self._threads[who].start()
        while self._threads[who].is_alive() and not any(one.who == who for one in self.answered):
            time.sleep(0.01)

    def go(self) -> None:
        """Let nobody ask any more."""
        self._gone.set()
        for thread in self._threads.values():
            thread.join()

    def during(self, seconds: float) -> list[Answered]:
        """Let them ask for so long, and return what was asked meanwhile, once all of it is answered."""
        began = time.monotonic()
        time.sleep(seconds)
        until = time.monotonic()
        while time.monotonic() < until + PATIENCE_SECONDS and not self._all_asked_after(until):
            time.sleep(0.01)
        return [one for one in self.answered if began <= one.began < until]

    def until(self, holds: Callable[[Answered], bool], who: Collection[str], seconds: float) -> float:
        """Wait until each kind of visitor was answered so, and return how long it took; fail if it takes longer."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            held = {one.who for one in self.answered if one.began >= began and holds(one)}
            if held.issuperset(who):
                return time.monotonic() - began
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} seconds: {[one.note for one in self.answered[-6:]]}")

    def _all_asked_after(self, moment: float) -> bool:
        return {one.who for one in list(self.answered) if one.began >= moment} >= self._threads.keys()

    def _keep_asking(self, who: str, tokens: Mapping[str | None, str]) -> None:
        with httpx.Client(base_url=self._address, timeout=PATIENCE_SECONDS) as client:
            for customer_id, token in cycle(tokens.items()):
                if self._gone.wait(PAUSE_SECONDS):
                    return
                self._ask(client, who, customer_id, token)

    def _ask(self, client: httpx.Client, who: str, customer_id: str | None, token: str) -> None:
        began, body = time.monotonic(), dict[str, Any]()
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        try:
            response = client.post("/recommend", headers=headers, json={"n": 5})
            status, body = response.status_code, response.json()
        except httpx.HTTPError:
            status = 0
        self.answered.append(Answered(who, customer_id, began, time.monotonic() - began, status, body))


def of(who: str, answers: Sequence[Answered]) -> list[Answered]:
    """Return the answers of one kind of visitor, of which there must be some."""
    found = [one for one in answers if one.who == who]
    assert found, f"no {who} was answered"
    return found
