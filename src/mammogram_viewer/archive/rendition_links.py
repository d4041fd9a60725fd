"""Links to renditions that work without a session, for a while: a CDN or nginx between us and the browsers may then
keep and serve them (PUBLIC_RENDITION_BASE_URL).

Whoever holds such a link sees that one rendition until it expires, so they are given only to people who may see the
image, and there are none to originals, headers or frames. Image, kind, recipe version and expiry are all signed and
all in the path: a cache that leaves the query out of its key must not hand one link's answer to another's caller.

The expiry is the end of a window, so that a link stays the same within it and caches find it again. The secrets are
rows of `rendition_link_keys`; every process reads them again each minute."""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable

import asyncpg
import msgspec

from mammogram_viewer.foundation.errors import Forbidden, NotFound

SHOWN_KINDS = ("png8", "thumbnail256", "thumbnail512")
_KEYS_LAST_SECONDS = 60.0
_FORGERIES_REREAD_SECONDS = 5.0  # a link that nobody signed may make us read the keys again, but only this often
_KEYS = "SELECT secret FROM rendition_link_keys ORDER BY created_at DESC, id"

# The address of one rendition: of image id, recipe version and kind.
RenditionAddress = Callable[[int, int, str], str]


class SignedLink(msgspec.Struct, frozen=True, kw_only=True):
    """What a link says of itself. `expires` in seconds since 1970."""

    image_id: int
    kind: str
    version: int
    expires: int
    signature: str


class RenditionLinks:
    """Makes and checks the links of one installation; the same on every machine of it."""

    def __init__(
        self, db: asyncpg.Pool, base_url: str, *, link_seconds: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._db = db
        self._base_url = base_url.rstrip("/")
        self._link_seconds = link_seconds
        self._clock = clock
        self._keys: list[bytes] = []
        self._read_at = float("-inf")

    async def addresses(self) -> RenditionAddress | None:
        """What makes the links of one answer; None: the ordinary ones, which need a session."""
        if not self._base_url:
            return None
        await self._read_keys(_KEYS_LAST_SECONDS)
        base, key = f"{self._base_url}/renditions", self._keys[0]
        expires = (int(self._clock()) // self._link_seconds + 2) * self._link_seconds

        def address(image_id: int, version: int, kind: str) -> str:
            return f"{base}/{image_id}/{kind}/{version}/{expires}/{_signature(key, image_id, kind, version, expires)}"

        return address

    async def check(self, link: SignedLink) -> int:
        """Seconds until the link expires. Forbidden, with the code `invalid_signature` or `link_expired`, when it is
        none of ours; NotFound when this installation gives none out."""
        if not self._base_url:
            raise NotFound("This installation gives out no signed links.")
        await self._read_keys(_KEYS_LAST_SECONDS)
        if not self._is_signed(link):
            await self._read_keys(_FORGERIES_REREAD_SECONDS)  # perhaps by a key that is newer than ours
            if not self._is_signed(link):
                raise Forbidden("This link is not complete, or not ours.", code="invalid_signature")
        remaining = link.expires - int(self._clock())
        if remaining <= 0:
            raise Forbidden("This link has expired. Load the page again for a new one.", code="link_expired")
        return remaining

    def _is_signed(self, link: SignedLink) -> bool:
        """Every key is tried, and each comparison takes as long as any other."""
        given = link.signature.encode("utf-8", "replace")
        signed = [_signature(key, link.image_id, link.kind, link.version, link.expires) for key in self._keys]
        return sum(hmac.compare_digest(given, one.encode()) for one in signed) > 0

    async def _read_keys(self, at_most_seconds_old: float) -> None:
        now = time.monotonic()
        if now - self._read_at < at_most_seconds_old:
            return
        rows = await self._db.fetch(_KEYS)
        if not rows:  # somebody has deleted them all, so that no link given out before is believed
            await self._db.execute("INSERT INTO rendition_link_keys DEFAULT VALUES")
            rows = await self._db.fetch(_KEYS)
        self._keys, self._read_at = [row["secret"] for row in rows], now


def _signature(key: bytes, image_id: int, kind: str, version: int, expires: int) -> str:
    """HMAC-SHA256 in 43 characters. The parts hold no slash, so that no two links have the same text."""
    text = f"rendition/{image_id}/{kind}/{version}/{expires}"
    return urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).rstrip(b"=").decode()
