"""The built page: hashed assets for ever, index.html never cached, and every other address is the page's own."""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from mammogram_viewer.accounts import policy
from mammogram_viewer.foundation.errors import NotFound

PAGE_DIR = Path(__file__).parent / "page"
_OPT = {"policy": policy.PUBLIC}
_NOT_BUILT = (
    "<!doctype html><title>Mammogram Viewer</title><p>The page has not been built yet. "
    "Run <code>make install</code>, then reload. The API is at <a href=/api/docs>/api/docs</a>."
)
DOCS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mammogram Viewer API</title>
<link rel="stylesheet" href="/docs-assets/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/docs-assets/swagger-ui-bundle.js"></script>
<script src="/docs-assets/docs-init.js"></script></body></html>"""
_COMPRESSIBLE = {".js", ".css", ".html", ".svg", ".json", ".wasm"}


@get(["/", "/{path:path}"], opt=_OPT, include_in_schema=False)
async def get_page(request: Request[Any, Any, Any], path: FromPath[str] = "") -> Response[Any]:
    """A built file, or index.html, whose router knows the address."""
    name = path.lstrip("/")
    file = _file(name)
    if file is None:
        if name.startswith(("api/", "assets/", "docs-assets/", "renditions/")):
            raise NotFound("There is nothing at this address.")
        return _index()
    hashed = name.startswith("assets/")
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if hashed else "no-cache",
        "vary": "accept-encoding",
    }
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    taken = _codings(request.headers.get("accept-encoding", ""))
    small = file.with_name(file.name + ".br")
    if "br" in taken and file.suffix in _COMPRESSIBLE and small.is_file():
        headers["content-encoding"] = "br"
        return Response(small.read_bytes(), media_type=kind, headers=headers)
    if "gzip" in taken and file.suffix in _COMPRESSIBLE:
        headers["content-encoding"] = "gzip"
        return Response(_compressed(file, file.stat().st_mtime_ns), media_type=kind, headers=headers)
    return Response(file.read_bytes(), media_type=kind, headers=headers)


@get("/api/docs", opt=_OPT, include_in_schema=False)
async def get_docs() -> Response[str]:
    """The API's own description, to read and to try."""
    return Response(DOCS, media_type="text/html")


def _index() -> Response[Any]:
    index = PAGE_DIR / "index.html"
    body = index.read_bytes() if index.is_file() else _NOT_BUILT.encode()
    return Response(body, media_type="text/html", headers={"cache-control": "no-cache"})


def _file(name: str) -> Path | None:
    """A file of the built page. The address comes from outside: it must not leave the folder."""
    if not name or name == "index.html" or "\0" in name:
        return None
    try:
        path = (PAGE_DIR / name).resolve()
        return path if path.is_relative_to(PAGE_DIR.resolve()) and path.is_file() else None
    except OSError:  # a name that is too long for a file is none of ours
        return None


def _codings(accepted: str) -> set[str]:
    """What an Accept-Encoding (RFC 9110, 12.5.3) takes; a weight of 0 means not to."""
    listed = [one.replace(" ", "").lower().partition(";q=") for one in accepted.split(",")]
    return {name for name, _, weight in listed if weight.strip("0.") or not weight}


@lru_cache(maxsize=128)
def _compressed(file: Path, _changed_at: int) -> bytes:
    """Compressed once a process; the page's files hold no secrets that their length could tell."""
    return gzip.compress(file.read_bytes(), 9)


handlers = [get_page, get_docs]
