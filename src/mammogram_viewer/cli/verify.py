"""`mammogram-viewer verify`: storage against the database, with a progress bar and a line for each fault."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress

from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.analytics.archive_check import find_archive_faults
from mammogram_viewer.archive.verify import (
    Finding,
    find_foreign_storage,
    find_orphans,
    find_quarantined,
    verify_originals,
    verify_renditions,
)
from mammogram_viewer.cli.storage import open_storage
from mammogram_viewer.foundation.settings import Settings

_SENTENCES = {
    "missing": "the original is gone from storage; look for it in quarantine/, else restore it from a backup",
    "changed": "the original's bytes have changed; restore it from a backup",
    "missing_rendition": "a rendition is gone; retry the image's job to make it again",
    "missing_activities": "a file of archived activities is gone; restore it from a backup",
    "changed_activities": "a file of archived activities has changed; restore it from a backup",
    "orphan": "no row speaks of this file; the sweep moves it to quarantine/, and deletes a rendition",
    "quarantined": "no row spoke of this file; it is deleted after MAMMOGRAM_VIEWER_QUARANTINE_DAYS",
    "other_installation": "this storage is not known to belong to this database; nothing in it is tidied up. "
    "Check DATABASE_URL, DATA_DIR and STORAGE_URL, or restore the database that belongs to it",
}
_ORPHAN_SECONDS = 3600


async def verify(settings: Settings) -> bool:
    """True when everything is as it should be."""
    console = Console()
    findings: list[Finding] = []
    db = await open_pool(database_dsn(settings), size=2, application_name="mammogram-viewer verify")
    try:
        storage = open_storage(settings)
        total = await db.fetchval("SELECT count(*) FROM images")
        with Progress(console=console) as progress:
            bar = progress.add_task("Originals", total=total)
            async for finding in verify_originals(db, storage):
                progress.advance(bar)
                if finding is not None:
                    findings.append(finding)
        findings += [finding async for finding in verify_renditions(db, storage)]
        findings += [finding async for finding in find_foreign_storage(db, storage)]
        findings += [finding async for finding in find_quarantined(storage)]
        findings += [finding async for finding in find_orphans(db, storage, older_than_seconds=_ORPHAN_SECONDS)]
        archives = find_archive_faults(db, storage, orphans_older_than_seconds=_ORPHAN_SECONDS)
        findings += [finding async for finding in archives]
    finally:
        await db.close()
    for finding in findings:
        image = "" if finding.image_id is None else f"image {finding.image_id}, "
        console.print(f"✗ {finding.fault}: {image}{finding.storage_key}: {_SENTENCES[finding.fault]}", soft_wrap=True)
    # What lies in quarantine is told, but it is no fault: a crash in the middle of an upload leaves such a file.
    faults = [finding for finding in findings if finding.fault != "quarantined"]
    console.print(f"{total} originals checked, {len(faults)} faults. Nothing was changed.")
    return not faults
