"""Ten thousand files in one request: all of them are taken, in their order, and nothing is left half-made."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from conftest import Servers
from product import Product, running

COUNT = 10_000


def tiny_png(number: int) -> bytes:
    """One grey pixel, and a text that makes every file another one."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">LLBBBBB", 1, 1, 8, 0, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\0%d" % number)
    return b"\x89PNG\r\n\x1a\n" + header + text + chunk(b"IDAT", zlib.compress(b"\0\x7f")) + chunk(b"IEND", b"")


async def test_ten_thousand_files_in_one_request_are_all_taken_in_order(
    own_database: str, servers: Servers, tmp_path: Path
):
    # Without a worker: what is asked here is the taking in.
    with running(Product(tmp_path, own_database, servers.redis_url), "api") as product:
        files = [("files", (f"{number:05}.png", tiny_png(number))) for number in range(COUNT)]
        answer = product.client().post("/api/images", files=files, timeout=300)
        assert answer.status_code == 202, answer.text[:500]
        images = answer.json()["images"]
        assert len(images) == COUNT
        assert answer.json()["rejected"] == []
        assert [image["status"] for image in images] == ["pending"] * COUNT
        rows = await product.fetch(
            """SELECT i.id, i.original_name FROM images i JOIN job_queue j ON j.image_id = i.id
               WHERE j.status IN ('pending', 'waiting') ORDER BY i.id"""
        )
        names = {row["id"]: row["original_name"] for row in rows}
        assert [names[image["id"]] for image in images] == [f"{number:05}.png" for number in range(COUNT)]
        assert len(product.stored_files("originals")) == COUNT
        assert product.spool_files() == []
        health = product.client().get("/health").json()
        assert (health["database"]["status"], health["storage"]["status"]) == ("ok", "ok")

        # One more than the limit is refused whole, and keeps nothing.
        files.append(("files", ("one-more.png", tiny_png(COUNT))))
        refused = product.client().post("/api/images", files=files, timeout=300)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_many_files")
        assert len(product.stored_files("originals")) == COUNT
        assert product.spool_files() == []
