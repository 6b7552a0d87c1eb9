"""How an operation is served, without the service: worker threads, patience, what is asked wrongly."""

import asyncio
import threading
import time

import httpx
import pytest
from starlette.applications import Starlette

from serving.access import Caller, current_caller
from serving.replies import FieldError
from serving.requests import PageSize
from serving.resources import routes
from serving.resources.operation import Body, Operation, Paged, Query


class Asked(Query):
    """A query."""

    limit: PageSize = 3
    names: list[str] = []  # noqa: RUF012


class Wanted(Body):
    """A body."""

    number: int


class Asking:
    """The app without a server, asked by the CRM of Nordlicht."""

    def __init__(self, app):
        self._app = app

    def get(self, path):
        return asyncio.run(self._ask("GET", path))

    def post(self, path, content):
        return asyncio.run(self._ask("POST", path, content))

    async def _ask(self, method, path, content=b""):
        current_caller.set(Caller("nordlicht", "crm"))
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path, content=content)


def client(*operations):
    app = Starlette(routes=routes.routes(operations))
    app.state.answers = app.state.figures = None
    return Asking(app)


def operation(answer, method="GET", reply=list[str], **more):
    return Operation(method, "/segments", "a test", "Test", reply, {}, answer, **more)


def test_the_answer_is_made_beside_the_event_loop():
    names = []

    def answer(question):
        names.append(threading.current_thread().name)
        return [question.operator_id, question.language]

    for heavy in (False, True):
        assert client(operation(answer, heavy=heavy)).get("/segments").json() == ["nordlicht", "de"]
    assert all("worker" in name.lower() for name in names), names


def test_long_work_is_given_up_with_a_problem(monkeypatch):
    monkeypatch.setattr(routes, "PATIENCE_SECONDS", 0.05)
    answer = client(operation(lambda _: time.sleep(0.5) or ["late"], heavy=True)).get("/segments")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["detail"] == routes.TOO_LONG


def test_the_query_is_read_as_its_model_says():
    asking = client(
        operation(lambda question: [*question.query.names, str(question.query.limit)], query=Asked)
    )
    assert asking.get("/segments?names=a&names=b&limit=7").json() == ["a", "b", "7"]
    problem = asking.get("/segments?limit=many").json()
    assert [FieldError(**one).field for one in problem["errors"]] == ["limit"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"number": "x"}', b'{"number": 1, "more": 2}', b"\xff"])
def test_a_body_that_is_not_its_model_is_400(body):
    asking = client(operation(lambda question: [str(question.body.number)], "POST", body=Wanted))
    assert asking.post("/segments", content=b'{"number": 4}').json() == ["4"]
    answer = asking.post("/segments", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"]


def test_the_next_page_is_told_with_all_that_was_asked():
    asking = client(operation(lambda _: Paged(["x"], "Mg=="), query=Asked))
    answer = asking.get("/segments?names=ä&names=b&limit=1")
    assert answer.headers["link"] == '<?names=%C3%A4&names=b&limit=1&cursor=Mg%3D%3D>; rel="next"'
    assert "link" not in client(operation(lambda _: Paged(["x"], None), query=Asked)).get("/segments").headers


def test_an_answer_that_breaks_its_own_contract_is_not_the_callers_mistake():
    def answer(_):
        Wanted(number="nonsense")

    with pytest.raises(ValueError, match="number"):
        client(operation(answer)).get("/segments")
