"""Which files somebody has sent already, by their digests."""

from __future__ import annotations

from dataclasses import dataclass

from mammogram_viewer.archive.models import ImageStatus
from mammogram_viewer.archive.queries import Database


@dataclass(frozen=True, kw_only=True)
class KnownImage:
    """One of their own images; `sha256` of the original."""

    sha256: bytes
    id: int
    status: ImageStatus


async def list_known(db: Database, user_id: int, digests: list[bytes]) -> list[KnownImage]:
    """This user's images with these bytes. One look-up in the unique index for each digest."""
    rows = await db.fetch(
        "SELECT sha256, id, status FROM images WHERE user_id = $1 AND sha256 = ANY($2::bytea[])", user_id, digests
    )
    return [KnownImage(**dict(row)) for row in rows]
