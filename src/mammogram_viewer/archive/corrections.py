"""A person corrects side or view, kept apart from what the file says, and puts labels on an image.

Invariants: `images` carries the value that counts, with the source `person` once it is corrected; what the file says
stays in `image_corrections` and comes back when the correction is taken back; reading the file again never overrules a
person."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mammogram_viewer.archive import detail_queries as queries
from mammogram_viewer.archive import standing_queries
from mammogram_viewer.archive.models import PERSON, Acquisition, CorrectedField, ImageDetails
from mammogram_viewer.archive.queries import Connection, Database
from mammogram_viewer.dicom.header import ImageHeader
from mammogram_viewer.foundation.errors import NotFound

FIELDS: tuple[CorrectedField, ...] = ("laterality", "view_position")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field before and after, for the audit."""

    field: CorrectedField
    before: str | None
    after: str | None


async def find_details(db: Database, image_id: int) -> ImageDetails:
    """What the image's page shows beside the row itself."""
    return ImageDetails(
        tags=await queries.find_tags(db, image_id),
        acquisition=await queries.find_acquisition(db, image_id),
        corrections=await queries.list_corrections(db, image_id),
        renditions=await queries.list_renditions(db, image_id),
    )


async def correct(
    connection: Connection, image_id: int, field: CorrectedField, value: str | None, *, user_id: int
) -> Change | None:
    """Set what a person says; None takes the correction back. Answers what changed, None when nothing did."""
    row = await queries.find_side_and_view(connection, image_id)
    if row is None:
        raise NotFound("This image does not exist, or you may not see it.")
    earlier = {one.field: one for one in await queries.list_corrections(connection, image_id)}.get(field)
    if value is None:
        if earlier is None:
            return None
        await queries.delete_correction(connection, image_id, field)
        await queries.set_field(connection, image_id, field, earlier.file_value, earlier.file_source)
        return Change(field=field, before=row[field], after=earlier.file_value)
    if value == row[field]:
        return None
    await queries.save_correction(
        connection,
        image_id,
        field,
        value,
        file_value=earlier.file_value if earlier else row[field],
        file_source=earlier.file_source if earlier else row[f"{field}_source"],
        user_id=user_id,
    )
    await queries.set_field(connection, image_id, field, value, PERSON)
    return Change(field=field, before=row[field], after=value)


async def correct_many(
    connection: Connection, image_ids: list[int], field: CorrectedField, value: str | None, *, user_id: int
) -> tuple[set[int], list[tuple[int, Change]]]:
    """As `correct` for each: the images that are there, and what changed of them."""
    rows = await standing_queries.lock_sides_and_views(connection, image_ids)
    earlier = {
        row["image_id"]: row for row in await standing_queries.list_earlier_corrections(connection, image_ids, field)
    }
    if value is None:
        moved = [row for row in rows if row["id"] in earlier]
        after = {row["id"]: earlier[row["id"]]["file_value"] for row in moved}
        await standing_queries.take_back_corrections(connection, list(after), field)
    else:
        moved = [row for row in rows if row[field] != value]
        after = dict.fromkeys([row["id"] for row in moved], value)
        await standing_queries.save_corrections(connection, list(after), field, value, user_id=user_id)
    changes = [(row["id"], Change(field=field, before=row[field], after=after[row["id"]])) for row in moved]
    return {row["id"] for row in rows}, changes


async def set_tags(connection: Connection, image_id: int, tags: list[str]) -> bool:
    """Replace the labels of an image; False when they are these already."""
    return await queries.update_tags(connection, image_id, tags)


async def find_acquisition(db: Database, image_id: int) -> Acquisition | None:
    """How an image was taken; None for one that has not been rendered, or was by the first recipe."""
    return await queries.find_acquisition(db, image_id)


async def keep_corrections(connection: Connection, image_id: int, header: ImageHeader) -> ImageHeader:
    """The header as it is to be filed: where a person has spoken, their word; the file's goes beside it."""
    for correction in await queries.list_corrections(connection, image_id):
        field = correction.field
        file_value, file_source = getattr(header, field), getattr(header, f"{field}_source")
        await queries.update_file_value(connection, image_id, field, file_value, file_source)
        header = replace(header, **{field: correction.value, f"{field}_source": PERSON})
    return header


async def file_acquisition(connection: Connection, image_id: int, header: ImageHeader) -> None:
    """How it was taken; a second reading of the file replaces the first."""
    await queries.save_acquisition(connection, image_id, header)
