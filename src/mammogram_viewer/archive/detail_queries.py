"""SQL of what hangs on one image beside its row: how it was taken, and what people have corrected."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.archive.models import Acquisition, CorrectedField, Correction, RenditionSummary
from mammogram_viewer.archive.queries import Connection, Database
from mammogram_viewer.dicom.geometry import Spacing
from mammogram_viewer.dicom.header import ImageHeader, VoiCandidate
from mammogram_viewer.dicom.technique import Technique

_TECHNIQUE = tuple(Technique.__dataclass_fields__)
_COLUMNS = (
    "view_modifiers", "breast_implant_present", "partial_view", "quality_control_image", "has_overlays",
    "voi_candidates", "spacing_row_mm", "spacing_column_mm", "spacing_basis", "magnification", *_TECHNIQUE,
)  # fmt: skip
_SAVE = f"""INSERT INTO image_acquisitions (image_id, {", ".join(_COLUMNS)})
    VALUES ($1, {", ".join(f"${number}" for number in range(2, len(_COLUMNS) + 2))})
    ON CONFLICT (image_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}"""


async def save_acquisition(connection: Connection, image_id: int, header: ImageHeader) -> None:
    technique: dict[str, Any] = {**vars(header.technique), "implausible": list(header.technique.implausible)}
    await connection.execute(
        _SAVE,
        image_id,
        list(header.view_modifiers),
        header.breast_implant_present,
        header.partial_view,
        header.quality_control_image,
        header.has_overlays,
        msgspec.to_builtins(header.voi_candidates),
        header.spacing.row_mm,
        header.spacing.column_mm,
        header.spacing.basis,
        header.spacing.magnification,
        *(technique[name] for name in _TECHNIQUE),
    )


async def find_acquisition(db: Database, image_id: int) -> Acquisition | None:
    row = await db.fetchrow(f"SELECT {', '.join(_COLUMNS)} FROM image_acquisitions WHERE image_id = $1", image_id)
    if row is None:
        return None
    technique: dict[str, Any] = {name: row[name] for name in _TECHNIQUE}
    return Acquisition(
        view_modifiers=row["view_modifiers"],
        breast_implant_present=row["breast_implant_present"],
        partial_view=row["partial_view"],
        quality_control_image=row["quality_control_image"],
        has_overlays=row["has_overlays"],
        voi_candidates=msgspec.convert(row["voi_candidates"], list[VoiCandidate]),
        spacing=Spacing(
            row_mm=row["spacing_row_mm"],
            column_mm=row["spacing_column_mm"],
            basis=row["spacing_basis"],
            magnification=row["magnification"],
        ),
        technique=Technique(**{**technique, "implausible": tuple(row["implausible"])}),
    )


async def find_tags(db: Database, image_id: int) -> list[str]:
    return await db.fetchval("SELECT tags FROM images WHERE id = $1", image_id) or []


async def update_tags(connection: Connection, image_id: int, tags: list[str]) -> bool:
    """False when nothing changes by it."""
    changed: bool | None = await connection.fetchval(
        """UPDATE images SET tags = $2, updated_at = now()
           WHERE id = $1 AND tags IS DISTINCT FROM $2::text[] RETURNING true""",
        image_id,
        tags,
    )
    return changed is not None


async def list_renditions(db: Database, image_id: int) -> list[RenditionSummary]:
    rows = await db.fetch(
        """SELECT kind, recipe_version, content_type, byte_count, width, height
           FROM renditions WHERE image_id = $1 ORDER BY kind, recipe_version""",
        image_id,
    )
    return [RenditionSummary(**dict(row)) for row in rows]


async def list_corrections(db: Database, image_id: int) -> list[Correction]:
    rows = await db.fetch(
        """SELECT c.field, c.value, c.file_value, c.file_source, c.corrected_by, u.name AS corrected_by_name,
                  c.corrected_at
           FROM image_corrections c JOIN users u ON u.id = c.corrected_by
           WHERE c.image_id = $1 ORDER BY c.field""",
        image_id,
    )
    return [Correction(**dict(row)) for row in rows]


async def find_side_and_view(connection: Connection, image_id: int) -> asyncpg.Record | None:
    """laterality, view_position and where each comes from, held until the caller's transaction ends."""
    return await connection.fetchrow(
        """SELECT laterality, laterality_source, view_position, view_position_source
           FROM images WHERE id = $1 FOR UPDATE""",
        image_id,
    )


async def set_field(
    connection: Connection, image_id: int, field: CorrectedField, value: str | None, source: str | None
) -> None:
    """`field` is one of two column names, never a caller's text."""
    await connection.execute(
        f"UPDATE images SET {field} = $2, {field}_source = $3, updated_at = now() WHERE id = $1",
        image_id,
        value,
        source,
    )


async def save_correction(
    connection: Connection,
    image_id: int,
    field: CorrectedField,
    value: str | None,
    *,
    file_value: str | None,
    file_source: str | None,
    user_id: int,
) -> None:
    await connection.execute(
        """INSERT INTO image_corrections (image_id, field, value, file_value, file_source, corrected_by)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (image_id, field) DO UPDATE
               SET value = excluded.value, corrected_by = excluded.corrected_by, corrected_at = now()""",
        image_id,
        field,
        value,
        file_value,
        file_source,
        user_id,
    )


async def update_file_value(
    connection: Connection, image_id: int, field: CorrectedField, file_value: str | None, file_source: str | None
) -> None:
    """The file was read again, and says this now."""
    await connection.execute(
        "UPDATE image_corrections SET file_value = $3, file_source = $4 WHERE image_id = $1 AND field = $2",
        image_id,
        field,
        file_value,
        file_source,
    )


async def delete_correction(connection: Connection, image_id: int, field: CorrectedField) -> None:
    await connection.execute("DELETE FROM image_corrections WHERE image_id = $1 AND field = $2", image_id, field)
