"""Files over HTTP: ETag, Range, and the caching that versioned links allow.

A link with `v=<recipe version>` never changes its bytes and may be kept for ever by this browser; one without
is asked for again each time. Both only ever after a permission check."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Request
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse

from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive.models import StoredFile
from mammogram_viewer.viewing.ranges import etag_matches, parse_range

_SMALL_BYTES = 256 * 1024
IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"


async def serve_file(
    request: Request[Any, Any, Any],
    storage: Storage,
    file: StoredFile,
    *,
    cache_control: str,
    attachment_name: str | None = None,
    more: dict[str, str] | None = None,
    begins_at: int | None = None,
) -> ASGIResponse:
    """200, 206 or 304 for one stored file, or with `begins_at` for a part of it, which `file.byte_count` is the length
    of; `more` are further headers. HEAD gets what GET would, without the bytes."""
    etag = f'"{file.etag}"'
    headers = {"etag": etag, "cache-control": cache_control, "accept-ranges": "bytes", **(more or {})}
    if etag_matches(request.headers.get("if-none-match"), etag):
        return ASGIResponse(status_code=304, headers=headers)
    if attachment_name is not None:
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(attachment_name, safe='')}"
    wanted = None
    if request.headers.get("if-range") in (None, etag):
        wanted = parse_range(request.headers.get("range"), file.byte_count)
    start, stop = wanted or (0, file.byte_count)
    if wanted is not None:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{file.byte_count}"
    status = 200 if wanted is None else 206
    if request.method == "HEAD":
        await storage.byte_count(file.storage_key)
        headers |= {"content-length": str(stop - start), "content-type": file.content_type}
        return ASGIResponse(status_code=status, headers=headers, is_head_response=True)
    if wanted is None and begins_at is None and file.byte_count <= _SMALL_BYTES:
        body = await storage.read(file.storage_key)
        # Not the framework's Response: its way to these bytes costs more than reading them.
        return ASGIResponse(body=body, headers=headers, media_type=file.content_type)
    await storage.byte_count(file.storage_key)  # an absent file is a 404 now, and a broken answer once it has begun
    headers["content-length"] = str(stop - start)
    return ASGIStreamingResponse(
        iterator=storage.open_range(file.storage_key, start + (begins_at or 0), stop + (begins_at or 0)),
        status_code=status,
        headers=headers,
        media_type=file.content_type,
    )
