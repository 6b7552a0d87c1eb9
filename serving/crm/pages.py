"""How a page is rendered: template, language, security headers."""

from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from serving.crm import formats
from serving.crm.session import COOKIE_PATH
from serving.crm.texts import Texts
from serving.crm.texts_de import GERMAN
from serving.crm.texts_en import ENGLISH
from serving.languages import MONTHS, Language, spelled_id, spelled_money, spelled_number

HERE = Path(__file__).parent
STATIC = HERE / "static"
TEXTS: dict[str, Texts] = {texts.language: texts for texts in (GERMAN, ENGLISH)}
LANGUAGE_COOKIE = "busflow_crm_language"
THEME_COOKIE = "busflow_crm_theme"
THEMES = ("light", "dark")
"""The script of the page sets this cookie too, so that the page need not be loaded again."""
A_YEAR = 365 * 24 * 3600

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Sent with every page: nothing foreign runs, nothing personal stays behind."""


def language_of(request: Request) -> Language:
    """Return the language asked for in the address, else the remembered one, else German."""
    wishes = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return next((TEXTS[wish].language for wish in wishes if wish in TEXTS), GERMAN.language)


def theme_of(request: Request) -> str | None:
    """Return the theme asked for in the address, else the remembered one; None: as the device has it."""
    wishes = (request.query_params.get("theme"), request.cookies.get(THEME_COOKIE))
    return next((wish for wish in wishes if wish in THEMES), None)


class Pages:
    """The templates, with the words and formats of the request's language at hand."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = static_address
        self._templates.filters["segment"] = partial(quote, safe="")

    def render(self, request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Fill `template` in the language of `request` and remember that language."""
        texts = TEXTS[language_of(request)]
        html = self._templates.get_template(template).render(
            t=texts,
            theme=theme_of(request),
            path=request.url.path,
            switch=_with(request, "lang", texts.other_language),
            with_theme=partial(_with, request, "theme"),
            **_formats(texts),
            **values,
        )
        response = HTMLResponse(html, status_code=status, headers=HEADERS)
        if request.query_params.get("lang") in TEXTS:
            _remember(response, request, LANGUAGE_COOKIE, texts.language, httponly=True)
        if request.query_params.get("theme") in THEMES:
            _remember(response, request, THEME_COOKIE, request.query_params["theme"], httponly=False)
        return response


@cache
def static_address(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    return f"/crm/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def _with(request: Request, name: str, value: str) -> str:
    """Return the address of the page with one thing about it changed."""
    path = quote(request.url.path) if request.method == "GET" else COOKIE_PATH
    return f"{path}?{urlencode({**request.query_params, name: value})}"


def _formats(texts: Texts) -> dict[str, object]:
    return {
        "number": partial(spelled_number, language=texts.language),
        "money": partial(spelled_money, language=texts.language, digits=2),
        "spelled": spelled_id,
        "months": MONTHS[texts.language],
        "percent": partial(formats.percent_text, language=texts.language),
        "office_day": formats.office_day,
        "day": partial(formats.date_text, texts=texts),
        "counted": partial(formats.counted, texts=texts),
        "duration": partial(formats.duration_text, texts=texts),
    }


def _remember(response: HTMLResponse, request: Request, name: str, value: str, *, httponly: bool) -> None:
    response.set_cookie(
        name,
        value,
        max_age=A_YEAR,
        path=COOKIE_PATH,
        httponly=httponly,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
