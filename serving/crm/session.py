"""Who is looking: the session cookie, its token, and where a request came from."""

from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

SESSION_COOKIE = "busflow_crm"
COOKIE_PATH = "/crm"
LONGEST_FORM = 8_192


def is_same_origin(request: Request) -> bool:
    """Tell whether our own page sent the request. Browsers say so in one of two headers; silence is a no."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host")


async def posted_token(request: Request) -> str:
    """Return the `token` of a posted form; empty where there is none, or the form is absurdly long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return ""
    values = parse_qs(body.decode("latin-1")).get("token", [""])
    return values[0].strip()


def session_token(request: Request) -> str:
    """Return the token of the session cookie; empty without one."""
    return request.cookies.get(SESSION_COOKIE, "")


def open_session(response: Response, request: Request, token: str) -> None:
    """Keep a verified token in a cookie that no script and no other site can use."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def close_session(response: Response) -> None:
    """Forget the token."""
    response.delete_cookie(SESSION_COOKIE, path=COOKIE_PATH, httponly=True, samesite="strict")
