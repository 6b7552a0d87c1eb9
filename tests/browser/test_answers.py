"""What the routes answer, seen without a browser: status, headers, cookies, the words."""

import asyncio
import dataclasses
import gzip
from collections.abc import Iterator, Mapping

import httpx
import pytest

from activity_log.contracts.types import TYPES
from serving.crm.pages import TEXTS
from serving.crm.texts import Plural

from .site import Site
from .story import EXPIRED_TOKEN, GOOD_TOKEN, WIDGET_TOKEN

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
LARGEST_WIDGET = 15_000


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, timeout=60) as client:
        yield client


@pytest.fixture
def dispatcher(client: httpx.Client) -> httpx.Client:
    client.cookies.set("busflow_crm", GOOD_TOKEN)
    return client


@pytest.mark.parametrize(
    "path",
    [
        "/crm",
        "/crm/slipping",
        "/crm/search?q=a",
        "/crm/customers/c-anna",
        "/crm/timelines/c-anna",
        "/crm/charts/c-anna",
        "/crm/segments",
        "/crm/segments/couples",
    ],
)
@pytest.mark.parametrize("token", [None, "", EXPIRED_TOKEN, WIDGET_TOKEN])
def test_nobody_gets_in_without_a_valid_token(client: httpx.Client, path: str, token: str | None) -> None:
    if token is not None:
        client.cookies.set("busflow_crm", token)
    answer = client.get(path)
    assert answer.status_code == 401
    assert "Bitte anmelden" in answer.text
    assert "Petersen" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/crm",
        "/crm/customers/c-anna",
        "/crm/customers/nobody",
        "/crm/charts/c-anna",
        "/crm/segments",
        "/crm/slipping",
    ],
)
def test_pages_carry_their_protection(dispatcher: httpx.Client, path: str) -> None:
    answer = dispatcher.get(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert " style=" not in answer.text
    assert "<style" not in answer.text


def test_signing_in_sets_a_locked_up_cookie(client: httpx.Client) -> None:
    answer = client.post("/crm/session", data={"token": GOOD_TOKEN}, headers=OWN_PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/crm")
    cookie = answer.headers["set-cookie"].lower()
    for part in (f"busflow_crm={GOOD_TOKEN}", "httponly", "samesite=strict", "path=/crm"):
        assert part in cookie
    assert "secure" not in cookie


def test_the_cookie_is_secure_where_the_page_is() -> None:
    async def sign_in() -> httpx.Response:
        transport = httpx.ASGITransport(Site().app())
        async with httpx.AsyncClient(transport=transport, base_url="https://crm.example") as client:
            return await client.post("/crm/session", data={"token": GOOD_TOKEN}, headers=OWN_PAGE)

    assert "; secure" in asyncio.run(sign_in()).headers["set-cookie"].lower()


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        (EXPIRED_TOKEN, 401, "ist ungültig oder abgelaufen"),
        ("", 401, "ist ungültig oder abgelaufen"),
        (WIDGET_TOKEN, 403, "gilt nicht für den Kundenblick"),
    ],
)
def test_a_bad_token_opens_nothing(client: httpx.Client, token: str, status: int, words: str) -> None:
    answer = client.post("/crm/session", data={"token": token}, headers=OWN_PAGE)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers
    assert f'role="alert">Dieser Zugangsschlüssel {words}' in answer.text


def test_an_absurdly_long_form_is_a_bad_token(client: httpx.Client) -> None:
    answer = client.post("/crm/session", data={"token": GOOD_TOKEN, "pad": "x" * 9_000}, headers=OWN_PAGE)
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/crm/session", "/crm/sign-out"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {},
    ],
    ids=["cross-site", "same-site", "origin", "silent"],
)
def test_other_sites_cannot_post(client: httpx.Client, path: str, headers: dict[str, str]) -> None:
    answer = client.post(path, data={"token": GOOD_TOKEN}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_an_old_browser_is_known_by_its_origin(client: httpx.Client, site: Site) -> None:
    answer = client.post("/crm/session", data={"token": GOOD_TOKEN}, headers={"Origin": site.address})
    assert answer.status_code == 303


def test_the_language_is_german_unless_asked_for_and_then_remembered(dispatcher: httpx.Client) -> None:
    assert '<html lang="de">' in dispatcher.get("/crm?lang=xx").text
    assert '<html lang="en">' in dispatcher.get("/crm?lang=en").text
    assert '<html lang="en">' in dispatcher.get("/crm").text


def test_ids_with_slashes_and_question_marks_find_their_page(dispatcher: httpx.Client) -> None:
    assert 'href="/crm/customers/c%2Fclara%3F"' in dispatcher.get("/crm/slipping").text
    assert "Clara Lüders" in dispatcher.get("/crm/customers/c%2Fclara%3F").text


def test_an_unknown_timeline_is_404(dispatcher: httpx.Client) -> None:
    assert dispatcher.get("/crm/timelines/nobody").status_code == 404


def test_a_made_up_cursor_is_a_page_too(dispatcher: httpx.Client) -> None:
    answer = dispatcher.get("/crm/customers/c-anna?cursor=elsewhere")
    assert answer.status_code == 400
    assert "Diese Seite lässt sich nicht zeigen" in answer.text


def test_static_files_change_their_address_with_their_content(dispatcher: httpx.Client) -> None:
    home = dispatcher.get("/crm").text
    address = home.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "crm.css?v=" in address
    assert dispatcher.get(address).headers["content-type"].startswith("text/css")


def test_both_languages_have_every_word() -> None:
    german, english = (flattened(dataclasses.asdict(texts)) for texts in TEXTS.values())
    assert german.keys() == english.keys()
    assert all(word.strip() for word in [*german.values(), *english.values()])
    for key, word in german.items():
        assert fields_of(word) == fields_of(english[key]), key


def test_every_event_type_has_a_name() -> None:
    for texts in TEXTS.values():
        assert texts.event_types.keys() == TYPES.keys()
        assert {event_type.source for event_type in TYPES.values()} == texts.sources.keys()


def flattened(words: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Every single word of nested texts by its dotted key."""
    flat: dict[str, str] = {}
    for key, word in words.items():
        inner = word._asdict() if isinstance(word, Plural) else word
        if isinstance(inner, tuple):
            inner = {str(number): one for number, one in enumerate(inner)}
        flat |= (
            flattened(inner, f"{prefix}{key}.") if isinstance(inner, Mapping) else {prefix + key: str(inner)}
        )
    return flat


def fields_of(word: str) -> set[str]:
    return {part.split("}")[0] for part in word.split("{")[1:]}


def test_the_widget_is_small_public_and_cacheable(client: httpx.Client) -> None:
    answer = client.get("/widget.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-encoding"] == "gzip"
    assert "max-age" in answer.headers["cache-control"]
    assert len(gzip.compress(answer.content)) < LARGEST_WIDGET
    again = client.get(
        "/widget.js", headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_the_widget_comes_plain_to_those_who_cannot_unzip(client: httpx.Client) -> None:
    answer = client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert "busflow-tours" in answer.text


def test_the_demo_is_public_and_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    answer = client.get("/widget/demo")
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "://" not in answer.text.replace("http://www.w3.org", "")
