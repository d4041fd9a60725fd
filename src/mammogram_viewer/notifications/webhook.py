"""Calls a webhook: one signed POST to an address that was judged, no redirects, no proxy, nothing of the answer but
its status.

The receiver computes `HMAC-SHA256(secret, "<timestamp>.<body>")` and compares; see docs/notifications.md."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import logging
import ssl
import time

import httpx

from mammogram_viewer import __version__
from mammogram_viewer.foundation.outcomes import Outcome
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.notifications.addresses import Refused, Target, resolve

log = logging.getLogger(__name__)
TIMESTAMP_HEADER = "x-mammogram-viewer-timestamp"
SIGNATURE_HEADER = "x-mammogram-viewer-signature"
DELIVERY_HEADER = "x-mammogram-viewer-delivery"
MAX_BODY_BYTES = 512 * 1024
_ADDRESSES_TRIED = 2


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature header's value: `v1=<hex>`."""
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


async def call(settings: Settings, url: str, secret: str, body: bytes, delivery_id: str) -> Outcome:
    """One attempt, within `delivery_timeout_seconds` from the name's look-up to the status line."""
    assert len(body) <= MAX_BODY_BYTES
    try:
        async with asyncio.timeout(settings.delivery_timeout_seconds):
            target = await resolve(url, private=settings.webhook_private)
            status = await _post(settings, target, _headers(target, secret, body, delivery_id), body)
    except Refused as refusal:
        return Outcome(delivered=False, status=None, detail=str(refusal), refused=True)
    except TimeoutError:
        seconds = f"{settings.delivery_timeout_seconds:g}"
        return Outcome(delivered=False, status=None, detail=f"The receiver did not answer within {seconds} seconds.")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
        log.info("webhook_unreachable", extra={"delivery": delivery_id, "problem": type(problem).__name__})
        return Outcome(delivered=False, status=None, detail="The receiver cannot be reached.")
    if 200 <= status < 300:
        return Outcome(delivered=True, status=status, detail=f"The receiver answered {status}.")
    if 300 <= status < 400:
        detail = f"The receiver answered {status}; redirects are not followed."
        return Outcome(delivered=False, status=status, detail=detail)
    return Outcome(delivered=False, status=status, detail=f"The receiver answered {status}.")


def _headers(target: Target, secret: str, body: bytes, delivery_id: str) -> dict[str, str]:
    timestamp = int(time.time())
    return {
        "host": target.url.netloc,
        "content-type": "application/json",
        "user-agent": f"mammogram-viewer/{__version__}",
        "connection": "close",
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: sign(secret, timestamp, body),
        DELIVERY_HEADER: delivery_id,
    }


async def _post(settings: Settings, target: Target, headers: dict[str, str], body: bytes) -> int:
    """To the judged address; its certificate must be the name's all the same."""
    async with httpx.AsyncClient(
        trust_env=False, follow_redirects=False, timeout=settings.delivery_timeout_seconds, verify=_trusted()
    ) as client:
        for place, address in enumerate(target.addresses[:_ADDRESSES_TRIED], start=1):
            url = httpx.URL(
                scheme=target.url.scheme,
                host=address,
                port=target.port,
                raw_path=_path(target).encode("ascii"),
            )
            request = client.build_request(
                "POST", url, headers=headers, content=body, extensions={"sni_hostname": target.host}
            )
            try:
                # As a stream, so that a body without end is never read.
                answer = await client.send(request, stream=True)
            except httpx.ConnectError:
                if place == min(len(target.addresses), _ADDRESSES_TRIED):
                    raise
                continue
            await answer.aclose()
            return answer.status_code
    raise AssertionError("getaddrinfo answers at least one address or raises")


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The authorities that this machine trusts, a clinic's own among them, rather than a packaged list."""
    return ssl.create_default_context()


def _path(target: Target) -> str:
    path = target.url.path or "/"
    return f"{path}?{target.url.query}" if target.url.query else path
