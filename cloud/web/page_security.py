"""What every answer of the pages carries and every change must show: headers and origin.

- Content security policy: only this host's own files; no inline script, no eval, no frame.
- A change (POST) is taken only from our own pages: the browser says so in `Sec-Fetch-Site`, older
  ones in `Origin` (https://owasp.org/www-project-cheat-sheets, «Cross-Site Request Forgery
  Prevention»). Session cookies are SameSite=Strict besides. A caller without either header is no
  browser and carries no cookie of one.

One source for both web packages: `make vendor` copies it from edge/web to cloud/web.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


async def add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """For `Application.on_response_prepare`: event streams send their headers early."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


def is_from_own_page(request: web.Request) -> bool:
    """Whether the browser that sent this request did so from one of our pages, or is no browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


@web.middleware
async def refuse_foreign_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a change that another site's page asks for."""
    if request.method not in ("GET", "HEAD") and not is_from_own_page(request):
        raise web.HTTPForbidden(text="refused: this request comes from another site (foreign_page)")
    return await handler(request)
