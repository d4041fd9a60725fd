"""The archive: registers originals, files them under patient, study and series, and lets them go.

Invariants: an original never changes; a blob precedes its row; a state change and its job commit together (so
every function here runs inside the caller's transaction)."""

from __future__ import annotations

import asyncpg
from msgspec import structs

from mammogram_viewer.archive import corrections, queries
from mammogram_viewer.archive.models import (
    Image,
    NewImage,
    NewRendition,
    OutdatedImage,
    RegisteredImage,
    StoredFile,
    StudyOfImage,
)
from mammogram_viewer.archive.queries import Connection, Database
from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.foundation.errors import Gone, NotFound, NotReady

# How often an insert may lose to a concurrent upload that is then deleted again, before we give up.
_REGISTER_TRIES = 5
ABSENT = "This image does not exist, or you may not see it."


async def register_image(connection: Connection, image: NewImage) -> RegisteredImage:
    """A row for an original in storage. The same bytes by the same user are the same image: then the new file
    is put down for removal and the older row is the answer."""
    for _ in range(_REGISTER_TRIES):
        image_id = await queries.insert_image(connection, image)
        if image_id is not None:
            return RegisteredImage(
                id=image_id,
                file_type=image.file_type,
                status="pending",
                sha256=image.sha256,
                duplicate=False,
                storage_key=image.storage_key,
            )
        older = await find_duplicate(connection, image.user_id, image.sha256)
        if older is not None:
            await queries.request_removals(connection, [image.storage_key])
            return older
    raise RuntimeError("an identical image kept coming and going")


async def find_duplicate(db: Database, user_id: int, sha256: bytes) -> RegisteredImage | None:
    """This user's earlier image with the same bytes."""
    row = await queries.find_image_by_digest(db, user_id, sha256)
    if row is None:
        return None
    return RegisteredImage(
        id=row["id"],
        file_type=row["file_type"],
        status=row["status"],
        sha256=sha256,
        duplicate=True,
        storage_key=row["storage_key"],
    )


async def find_image(db: Database, image_id: int) -> Image | None:
    return await queries.find_image(db, image_id)


async def get_visible_image(db: Database, image_id: int, *, owner_id: int | None) -> Image:
    """The image if the caller may see it (`owner_id` None: sees every image), else NotFound."""
    image = await queries.find_image(db, image_id)
    if image is None or (owner_id is not None and image.user_id != owner_id):
        raise NotFound(ABSENT)
    return image if owner_id is None else await hide_foreign_conflict(db, image)


async def hide_foreign_conflict(db: Database, image: Image) -> Image:
    """For a caller who sees only their own images: that somebody else holds the same SOP Instance UID is not told."""
    if image.conflicts_with is None or await queries.find_owner(db, image.conflicts_with) == image.user_id:
        return image
    return structs.replace(image, conflicts_with=None)


async def find_study_of_image(db: Database, image_id: int) -> StudyOfImage | None:
    return await queries.find_study_of_image(db, image_id)


async def mark_processing(connection: Connection, image_id: int) -> None:
    """A worker has begun. An image with renditions stays visible as ready while they are made again."""
    row = await queries.lock_image(connection, image_id)
    if row is not None and row["status"] != "ready":
        await queries.set_status(connection, image_id, "processing", None, None)


async def mark_pending(connection: Connection, image_id: int) -> None:
    """Waiting again, after a retry or between two attempts."""
    await queries.set_status(connection, image_id, "pending", None, None)


async def mark_ended(connection: Connection, image_id: int, status: str, code: str, reason: str) -> None:
    """`rejected` or `failed`, with a reason that a person understands."""
    await queries.set_status(connection, image_id, status, code, reason)


async def mark_many_pending(connection: Connection, image_ids: list[int]) -> None:
    """Waiting again, all of them; those that are shown stay as they are."""
    await queries.set_statuses(connection, image_ids, "pending", None, None)


async def mark_many_failed(connection: Connection, image_ids: list[int], code: str, reason: str) -> None:
    """Nothing more is done for them until a person retries; those that are shown stay as they are."""
    await queries.set_statuses(connection, image_ids, "failed", code, reason)


async def file_header(connection: Connection, image_id: int, header: ImageHeader) -> None:
    """File the image under its patient, study and series, and mark a SOP Instance UID that came before with
    other bytes. Both images are kept; neither is ever overwritten."""
    row = await queries.lock_image(connection, image_id)
    if row is None:
        raise NotFound(ABSENT)
    conflicts_with = None
    if header.sop_instance_uid:
        await queries.lock_sop_instance_uid(connection, header.sop_instance_uid)
        conflicts_with = await queries.find_first_with_sop_instance_uid(
            connection, header.sop_instance_uid, image_id=image_id, sha256=row["sha256"]
        )
    header = await corrections.keep_corrections(connection, image_id, header)
    await corrections.file_acquisition(connection, image_id, header)
    study_id, series_id = await _file_study(connection, header)
    await queries.update_header(
        connection,
        image_id,
        header,
        study_id=study_id,
        series_id=series_id,
        conflicts_with=conflicts_with,
    )


async def _file_study(connection: Connection, header: ImageHeader) -> tuple[int | None, int | None]:
    """Ids of study and series, made when new; a file without their UIDs stays by itself."""
    if not (header.study_instance_uid and header.series_instance_uid):
        return None, None
    patient_id = await queries.upsert_patient(connection, header) if header.patient_id else None
    study_id = await queries.upsert_study(connection, header, patient_id)
    return study_id, await queries.upsert_series(connection, header, study_id)


async def show_renditions(connection: Connection, image_id: int, renditions: list[NewRendition]) -> None:
    """Publish what a recipe makes of every upload, and show it: those of other recipes are put down for removal."""
    await _replace_renditions(connection, image_id, renditions, older=True)
    await queries.show_recipe(connection, image_id, renditions[0].recipe_version)


async def add_renditions(connection: Connection, image_id: int, renditions: list[NewRendition]) -> None:
    """Keep what somebody asked for beside what is shown; an earlier one of the same kind and recipe goes."""
    await _replace_renditions(connection, image_id, renditions, older=False)


async def _replace_renditions(
    connection: Connection, image_id: int, renditions: list[NewRendition], *, older: bool
) -> None:
    kinds = [rendition.kind for rendition in renditions]
    replaced = await queries.delete_replaced_renditions(
        connection, image_id, kinds, renditions[0].recipe_version, older=older
    )
    if replaced:
        await queries.request_removals(connection, replaced)
    await queries.insert_renditions(connection, image_id, renditions)


async def list_outdated(
    db: Database, recipe_version: int, *, after: tuple[int, int], limit: int
) -> list[OutdatedImage]:
    """Images that an older recipe shows, in the order of (recipe, id), behind the pair `after`."""
    rows = await queries.list_outdated_images(db, recipe_version, after=after, limit=limit)
    return [OutdatedImage(**dict(row)) for row in rows]


async def warn(connection: Connection, image_id: int, warning: str) -> None:
    """Put a warning on the image's record."""
    await queries.add_warning(connection, image_id, warning)


async def request_removals(connection: Connection, keys: list[str]) -> None:
    """Files without a row, to be removed after the commit."""
    await queries.request_removals(connection, keys)


async def find_rendition(db: Database, image_id: int, kind: str, *, owner_id: int | None) -> StoredFile:
    """The shown rendition of a kind. NotFound when the caller may not see the image; NotReady while it is being
    made; Gone, with the reason, when it never will be."""
    row = await queries.find_rendition(db, image_id, kind)
    if row is None or (owner_id is not None and row["user_id"] != owner_id):
        raise NotFound(ABSENT)
    if row["storage_key"] is not None:
        return _stored_file(row)
    demand_ready(row["status"], row["reason_code"], row["reason"])
    raise NotFound("This image has no such rendition.", code="no_such_rendition")


async def find_kept_rendition(db: Database, image_id: int, kind: str) -> StoredFile | None:
    """A rendition of an image that the caller may see, if it has been made."""
    row = await queries.find_rendition(db, image_id, kind)
    return None if row is None or row["storage_key"] is None else _stored_file(row)


def _stored_file(row: asyncpg.Record) -> StoredFile:
    return StoredFile(**{name: row[name] for name in ("storage_key", "content_type", "byte_count", "etag")})


def demand_ready(status: str, reason_code: str | None, reason: str | None) -> None:
    """NotReady while the image is being rendered; Gone, with the reason, when it never will be."""
    if status in ("rejected", "failed"):
        raise Gone(reason or "This image could not be rendered.", code=reason_code or "gone")
    if status != "ready":
        raise NotReady("The picture is being made. Ask again in a moment.", retry_after_seconds=1)


async def find_original(db: Database, image_id: int, *, owner_id: int | None) -> tuple[Image, StoredFile]:
    """The bytes as received."""
    image = await get_visible_image(db, image_id, owner_id=owner_id)
    file = StoredFile(
        storage_key=image.storage_key,
        content_type=_CONTENT_TYPES[image.file_type],
        byte_count=image.byte_count,
        etag=image.sha256.hex(),
    )
    return image, file


_CONTENT_TYPES = {
    "dicom": "application/dicom",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
}
