"""The invariants that hold after every fault, as sentences about what breaks them.

1. Every acknowledged upload is there once, byte-identical, with one story that ended in ready, rejected or failed.
2. No rendition twice, no file without a row, no row without its file.
3. Nothing that was not acknowledged is half-made: a row whose sender got no answer is as complete as any other.
4. A row never comes before its file: what a crash left is a file without a row, never the reverse.

For an archive at rest: every job has ended, and API and workers have stopped, so that the sweeps, which normally leave
young files alone, may run with an age of nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import redis

from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.adapters.storage.local import LocalStorage
from mammogram_viewer.archive.removals import QUARANTINE, empty_removals, remove_orphans
from mammogram_viewer.archive.verify import find_orphans, verify_originals, verify_renditions
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake.spool import sweep_spool
from mammogram_viewer.jobs.models import DICOM_CONVERSION, QUEUES, THUMBNAIL

_ALWAYS_MADE = {"png8", "thumbnail256", "thumbnail512"}
_SHOWN = 10  # of one kind of trouble; the rest is counted


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Where everything lies. `redis_url` empty: Redis is not looked at."""

    data_dir: Path
    database_url: str
    redis_url: str = ""

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.data_dir, database_url=self.database_url, spool_max_age_seconds=-1)

    @property
    def storage(self) -> LocalStorage:
        return LocalStorage(self.data_dir / "storage")


@dataclass(frozen=True, kw_only=True)
class Findings:
    """`violations` is empty when all is well; `counts` are for the table."""

    violations: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, sentence: str, culprits: Collection[object]) -> None:
        """Note a trouble, unless nobody is to blame for it."""
        if culprits:
            some = ", ".join(str(culprit) for culprit in list(culprits)[:_SHOWN])
            self.violations.append(f"{sentence}: {some}" + (" …" if len(culprits) > _SHOWN else ""))


async def examine(archive: Archive, acknowledged: Mapping[int, bytes], unanswered: Collection[bytes] = ()) -> Findings:
    """All invariants. `acknowledged` maps ids to SHA-256 digests as the sender knows them; `unanswered` are digests
    whose senders never got an answer, and whose rows are therefore allowed."""
    findings = Findings()
    db = await open_pool(archive.database_url, size=2, application_name="invariants")
    try:
        await _examine_originals(db, archive.storage, findings, acknowledged, set(unanswered))
        await _examine_stories(db, findings)
        await _examine_facts(db, findings)
        await _examine_renditions(db, archive.storage, findings)
        await _examine_leftovers(db, archive, findings)
        # Once more, after the sweeps: they must not have taken what belongs to a row.
        findings.add("a sweep took a file of a row", [f async for f in verify_originals(db, archive.storage) if f])
    finally:
        await db.close()
    if archive.redis_url:
        findings.add("Redis still holds entries", entries_in_redis(archive.redis_url))
    return findings


async def _examine_originals(
    db: asyncpg.Pool,
    storage: LocalStorage,
    findings: Findings,
    acknowledged: Mapping[int, bytes],
    unanswered: set[bytes],
) -> None:
    rows = {row["id"]: row for row in await db.fetch("SELECT id, user_id, sha256, storage_key FROM images")}
    findings.add("acknowledged, but without a row", sorted(set(acknowledged) - set(rows)))
    digests = Counter(acknowledged.values())
    findings.add("one file under two ids", [digest.hex() for digest, count in digests.items() if count > 1])
    changed, missing, strangers = [], [], []
    for image_id, row in rows.items():
        path = storage.local_copy(row["storage_key"])
        try:
            stored = await asyncio.to_thread(_digest, path)
        except FileNotFoundError:
            missing.append(image_id)
            continue
        if stored != acknowledged.get(image_id, stored) or stored != row["sha256"]:
            changed.append(image_id)
        if image_id not in acknowledged and row["sha256"] not in unanswered:
            strangers.append(image_id)
    findings.add("an original is gone", missing)
    findings.add("an original is not what was sent", changed)
    findings.add("a row that nobody sent whole", strangers)
    findings.counts["rows"] = len(rows)
    findings.counts["rows without an answer"] = len(set(rows) - set(acknowledged))


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


async def _examine_stories(db: asyncpg.Pool, findings: Findings) -> None:
    """One story an image, ended, the same in both tables, with a reason where there is no picture."""
    for status, count in await db.fetch("SELECT status, count(*) FROM images GROUP BY 1"):
        findings.counts[status] = count
    for code, count in await db.fetch("SELECT reason_code, count(*) FROM images WHERE status = 'failed' GROUP BY 1"):
        findings.counts[f"failed: {code}"] = count
    for sentence, sql in {
        "an image has not ended": "SELECT id FROM images WHERE status NOT IN ('ready', 'rejected', 'failed')",
        "a job has not ended": """SELECT id FROM job_queue
            WHERE status IN ('pending', 'waiting', 'active', 'delayed') AND image_id IS NOT NULL""",
        "not exactly one story": """SELECT i.id FROM images i
            LEFT JOIN job_queue j ON j.image_id = i.id AND j.type IN ('convert_dicom', 'render_picture')
            GROUP BY i.id HAVING count(j.id) <> 1""",
        "a story without an image": """SELECT id FROM job_queue j
            WHERE image_id IS NOT NULL AND NOT EXISTS (SELECT FROM images WHERE id = j.image_id)""",
        "image and job disagree": """SELECT i.id FROM images i
            JOIN job_queue j ON j.image_id = i.id AND j.type IN ('convert_dicom', 'render_picture')
            WHERE j.status <> CASE i.status WHEN 'ready' THEN 'completed' ELSE i.status END""",
        "no picture and no reason": """SELECT id FROM images
            WHERE (status IN ('rejected', 'failed')) <> (reason_code IS NOT NULL AND reason <> '')""",
        "an ended job without an end or an attempt": """SELECT id FROM job_queue j
            WHERE status IN ('completed', 'rejected', 'failed') AND (finished_at IS NULL OR started_at IS NULL
                OR NOT EXISTS (SELECT FROM job_attempts WHERE job_id = j.id))""",
        "an attempt of an ended job was left open": """SELECT a.id FROM job_attempts a
            JOIN job_queue j ON j.id = a.job_id
            WHERE a.finished_at IS NULL AND j.status IN ('completed', 'rejected', 'failed')""",
        "a job ended well twice": """SELECT job_id FROM job_attempts WHERE outcome IN ('completed', 'rejected')
            GROUP BY job_id HAVING count(*) > 1""",
    }.items():
        findings.add(sentence, [row[0] for row in await db.fetch(sql)])


async def _examine_facts(db: asyncpg.Pool, findings: Findings) -> None:
    """Written in the same transaction as the image: as many as images."""
    for sentence, table, column, value in (
        ("not exactly one upload in user_activity", "user_activity", "activity_type", "upload"),
        ("not exactly one upload in audit_log", "audit_log", "act", "image_uploaded"),
    ):
        rows = await db.fetch(
            f"""SELECT coalesce(i.id, f.resource_id) FROM images i
                FULL JOIN (SELECT resource_id, count(*) FROM {table}
                           WHERE {column} = $1 AND resource_type = 'image' GROUP BY 1) f ON f.resource_id = i.id
                WHERE f.count IS DISTINCT FROM 1 OR i.id IS NULL""",
            value,
        )
        findings.add(sentence, [row[0] for row in rows])


async def _examine_renditions(db: asyncpg.Pool, storage: LocalStorage, findings: Findings) -> None:
    made: dict[int, set[str]] = {}
    shown = await db.fetch(
        """SELECT i.id, array_agg(r.kind) AS kinds FROM images i
           JOIN renditions r ON r.image_id = i.id AND r.recipe_version = i.recipe_version GROUP BY 1"""
    )
    for image_id, kinds in shown:
        made[image_id] = set(kinds)
    ready = await db.fetch("SELECT id, file_type FROM images WHERE status = 'ready'")
    lacking = [
        image_id
        for image_id, file_type in ready
        if (_ALWAYS_MADE | ({"tags"} if file_type == "dicom" else set())) - made.get(image_id, set())
    ]
    findings.add("ready, but a rendition lacks", lacking)
    findings.add("renditions of an image that is not ready", sorted(set(made) - {row["id"] for row in ready}))
    twice = await db.fetch(
        "SELECT image_id FROM renditions GROUP BY image_id, kind, recipe_version HAVING count(*) > 1"
    )
    findings.add("a rendition twice", [row[0] for row in twice])
    findings.add("a rendition's file lacks", [f.image_id async for f in verify_renditions(db, storage)])


async def _examine_leftovers(db: asyncpg.Pool, archive: Archive, findings: Findings) -> None:
    """What crashes left is counted, then swept as it would be in time; after that nothing may be left."""
    storage, spool = archive.storage, archive.settings.spool_dir
    findings.counts["left in the spool, swept"] = len(list(spool.glob("*")))
    await empty_removals(db, storage)
    orphans = [f.storage_key async for f in find_orphans(db, storage, older_than_seconds=-1)]
    findings.counts["files without a row, swept"] = len(orphans)
    await remove_orphans(db, storage, older_than_seconds=-1)
    sweep_spool(archive.settings)
    findings.add("the spool is not empty", [path.name for path in spool.glob("*")])
    left = [f.storage_key async for f in find_orphans(db, storage, older_than_seconds=-1)]
    findings.add("a file without a row", left)
    findings.add("a removal was not made", await db.fetch("SELECT storage_key FROM storage_removals"))
    unknown = {
        path.relative_to(archive.data_dir / "storage").parts[0]
        for path in (archive.data_dir / "storage").rglob("*")
        if path.is_file()
    } - {"originals", "renditions", "installation", QUARANTINE}
    findings.add("something else lies in storage", sorted(unknown))


def entries_in_redis(redis_url: str) -> list[str]:
    """What BullMQ still has to do: empty at rest. The next run of each schedule of `maintenance` waits for its time."""
    client = redis.Redis.from_url(redis_url, socket_timeout=5)
    held = []
    try:
        for queue in QUEUES:
            key = f"bull:{queue}:"
            counts = {name: client.llen(key + name) for name in ("wait", "paused", "active")}
            if queue in (DICOM_CONVERSION, THUMBNAIL):
                counts |= {name: client.zcard(key + name) for name in ("delayed", "prioritized")}
            held += [f"{queue} {name} {count}" for name, count in counts.items() if count]
    finally:
        client.close()
    return held
