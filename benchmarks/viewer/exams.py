"""Screening exams of four views, uploaded and rendered by the product itself; more of them by copying rows, since
fifty exams of 27 MB images would take longer to render than everything else here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx

from benchmarks.stage import Credentials, Peer, Stage
from mammogram_viewer.adapters.children import spawn, stop
from mammogram_viewer.synthetic.mammogram import SCREENING_VIEWS, Detector, SyntheticMammogram, on_detector, write_exam

VIEWS = len(SCREENING_VIEWS)
_FIRST_SEED = 7100
_RENDER_SECONDS = 300
# Row by row, in the order of what refers to what; everything that a table has but what the database works out itself.
_COPIED = ("image_acquisitions",)


def write(folder: Path, exams: int, detector: Detector) -> list[list[Path]]:
    """Files of 14-bit stored values in 16 bits, uncompressed. LINEAR windows: OHIF shows SIGMOID ones black."""
    folder.mkdir()
    template = on_detector(SyntheticMammogram(bits_stored=14, voi="linear"), detector)
    return [write_exam(folder, _FIRST_SEED + number, template=template) for number in range(exams)]


@contextlib.contextmanager
def worker(stage: Stage) -> Iterator[None]:
    """`mammogram-viewer worker` with default settings."""
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(stage.folder),
        "DATA_DIR": str(stage.folder),
        "DATABASE_URL": stage.database_url,
        "REDIS_URL": stage.redis_url,
    }
    command = [sys.executable, "-m", "mammogram_viewer", "worker"]
    process = spawn(command, death_signal=signal.SIGTERM, environ=environ, cwd=stage.folder, output=stage.output)
    try:
        yield
    finally:
        stop(process, signal.SIGTERM, grace_seconds=20)


async def upload(running: Peer, credentials: Credentials, exams: list[list[Path]], pool: asyncpg.Pool) -> list[int]:
    """Through the real routes; the exams' ids once all images are ready, in the order of `exams`."""
    headers = {"authorization": credentials.authorization, "content-type": "application/dicom"}
    firsts: list[int] = []
    async with httpx.AsyncClient(base_url=running.base_url, headers=headers, timeout=60) as client:
        for paths in exams:
            for path in paths:
                answer = await client.post("/api/images", content=path.read_bytes())
                answer.raise_for_status()
                if path == paths[0]:
                    firsts.append(answer.json()["images"][0]["id"])
    async with asyncio.timeout(_RENDER_SECONDS):
        while await pool.fetchval("SELECT count(*) FROM images WHERE status <> 'ready'"):
            await asyncio.sleep(0.3)
    rows = await pool.fetch("SELECT id, study_id FROM images WHERE id = ANY($1::bigint[])", firsts)
    by_image = {row["id"]: row["study_id"] for row in rows}
    return [by_image[image] for image in firsts]


async def copies(stage: Stage, pool: asyncpg.Pool, originals: list[int], wanted: int) -> list[int]:
    """`wanted` exams of other patients with the files of `originals`, under addresses of their own."""
    made = []
    async with pool.acquire() as connection, connection.transaction():
        copier = _Copier(connection, stage.folder / "storage")
        for number in range(wanted):
            made.append(await copier.exam(originals[number % len(originals)], number))
    return made


class _Copier:
    def __init__(self, connection: asyncpg.pool.PoolConnectionProxy, storage: Path) -> None:
        self._connection = connection
        self._storage = storage

    async def exam(self, original: int, number: int) -> int:
        uid = f"2.25.77{number:06d}"
        study = await self._row(
            "studies", "id", original, study_instance_uid=f"'{uid}'", patient_id="NULL", created_at="clock_timestamp()"
        )
        series = {
            row["id"]: await self._row("series", "id", row["id"], study_id=str(study))
            for row in await self._connection.fetch("SELECT id FROM series WHERE study_id = $1", original)
        }
        images = "SELECT id, series_id FROM images WHERE study_id = $1 ORDER BY id"
        for row in await self._connection.fetch(images, original):
            await self._image(row["id"], study, series[row["series_id"]], f"{uid}.{row['id']}")
        return study

    async def _image(self, original: int, study: int, series: int, uid: str) -> None:
        image = await self._row(
            "images",
            "id",
            original,
            study_id=str(study),
            series_id=str(series),
            sop_instance_uid=f"'{uid}'",
            patient_id=f"'COPY-{study}'",
            sha256=f"sha256('{uid}')",
            storage_key=f"'copies/{uid}'",
            created_at="clock_timestamp()",
        )
        for table in _COPIED:
            await self._row(table, "image_id", original, image_id=str(image))
        renditions = "SELECT id, kind, storage_key FROM renditions WHERE image_id = $1"
        for row in await self._connection.fetch(renditions, original):
            key = f"copies/{uid}.{row['kind']}"
            await self._row("renditions", "id", row["id"], image_id=str(image), storage_key=f"'{key}'")
            path = self._storage / key
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(self._storage / row["storage_key"], path)

    async def _row(self, table: str, key: str, original: int, **changes: str) -> int:
        """The row again with other values; the new one's `key`."""
        columns: list[str] = [
            row["column_name"]
            for row in await self._connection.fetch(
                """SELECT column_name FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'
                   AND is_identity = 'NO'""",
                table,
            )
        ]
        names = ", ".join(columns)
        values = ", ".join(changes.get(name, name) for name in columns)
        return await self._connection.fetchval(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {key} = $1 RETURNING {key}", original
        )
