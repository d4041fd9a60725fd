"""An exam for the viewer, in one answer: its images with everything that painting them needs, and earlier exams."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.archive import exams as archive
from mammogram_viewer.archive import service as images_of_archive
from mammogram_viewer.archive.conflicts import hide_foreign_conflicts
from mammogram_viewer.archive.exam_models import Exam
from mammogram_viewer.archive.models import Image, image_from
from mammogram_viewer.archive.rendition_links import RenditionAddress
from mammogram_viewer.archive.schemas import ImageLinks, links_of
from mammogram_viewer.archive.selections import SELECT_IMAGE
from mammogram_viewer.dicom.geometry import Spacing
from mammogram_viewer.dicomweb import queries
from mammogram_viewer.dicomweb.facts import HeaderFacts, read_facts
from mammogram_viewer.dicomweb.models import AcquisitionFacts, SeriesFacts, ShownFile
from mammogram_viewer.dicomweb.schemas import (
    ExamViewing,
    GreyScale,
    Prior,
    ViewingImage,
    ViewingLinks,
    ViewingPatient,
    ViewingSpacing,
    ViewingTechnique,
)
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.settings import Settings

_AT_ONCE = 8  # files that are read beside each other
_GREY = (None, "MONOCHROME1", "MONOCHROME2")
_grey_scales = msgspec.json.Decoder(GreyScale)


@dataclass
class _Known:
    """What rows and files tell of images, by their ids."""

    acquisitions: dict[int, AcquisitionFacts]
    series: dict[int, SeriesFacts]
    files: dict[tuple[int, str], ShownFile]
    facts: dict[int, HeaderFacts] = field(default_factory=dict)
    grey_scales: dict[int, GreyScale] = field(default_factory=dict)


async def open_exam(
    db: asyncpg.Pool,
    storage: Storage,
    settings: Settings,
    study_id: int,
    principal: Principal,
    address: RenditionAddress | None,
) -> ExamViewing:
    """The exam that the study is, or that it was grouped into; NotFound where the caller has no image in it."""
    viewer_id = archive.viewer_of(principal.owner_filter)
    async with db.acquire() as connection:
        exam = await archive.get_exam(connection, study_id, viewer_id)
        images = await _list_images(connection, exam, principal, settings.viewing_images)
        known = await _known_of(connection, images)
        priors = await _list_priors(connection, exam, viewer_id, settings.viewing_priors)
    await _read_files(storage, known, settings)
    first = next((known.facts[image.id] for image in images if image.id in known.facts), HeaderFacts())
    return ExamViewing(
        id=exam.id,
        study_instance_uid=exam.study_instance_uid,
        study_at=exam.study_at,
        study_description=exam.study_description,
        accession_number=exam.accession_number,
        patient=ViewingPatient(
            patient_id=exam.patient_id,
            patient_name=exam.patient_name,
            patient_birth_date=first.birth_date.text(),
            patient_sex=first.sex.text(),
        ),
        image_count=sum(exam.counts().get("status", {}).values()),
        images=[_image(image, known, address) for image in images],
        priors=[Prior(**msgspec.structs.asdict(prior)) for prior in priors],
    )


async def open_image(
    db: asyncpg.Pool,
    storage: Storage,
    settings: Settings,
    image_id: int,
    principal: Principal,
    address: RenditionAddress | None,
) -> ViewingImage:
    """One image by itself, also one that belongs to no exam; NotFound where the caller may not see it."""
    async with db.acquire() as connection:
        image = await images_of_archive.get_visible_image(connection, image_id, owner_id=principal.owner_filter)
        known = await _known_of(connection, [image])
    await _read_files(storage, known, settings)
    return _image(image, known, address)


async def _known_of(connection: Any, images: list[Image]) -> _Known:
    """What the database tells; the files are yet to be read."""
    image_ids = [image.id for image in images]
    acquisitions = await queries.list_acquisitions(connection, image_ids)
    series = await queries.list_series(connection, image_ids)
    files = await queries.list_shown_files(connection, image_ids)
    return _Known(
        {one.image_id: one for one in acquisitions},
        {one.image_id: one for one in series},
        {(file.image_id, file.kind): file for file in files},
    )


async def _list_images(connection: Any, exam: Exam, principal: Principal, limit: int) -> list[Image]:
    """In the order in which they came."""
    rows = await connection.fetch(
        f"""{SELECT_IMAGE} WHERE i.study_id = ANY($1::bigint[]) AND ($2::bigint IS NULL OR i.user_id = $2)
            ORDER BY i.created_at, i.id LIMIT $3""",
        exam.study_ids,
        principal.owner_filter,
        limit,
    )
    images = [image_from(row) for row in rows]
    return images if principal.sees_every_image else await hide_foreign_conflicts(connection, images)


async def _list_priors(connection: Any, exam: Exam, viewer_id: int, limit: int) -> list[Any]:
    """None where nobody knows the patient, or when the exam was taken."""
    if exam.patient_id is None or exam.study_at is None:
        return []
    return await queries.list_priors(
        connection,
        exam.study_ids,
        viewer_id=viewer_id,
        patient_id=exam.patient_id,
        before=exam.study_at,
        limit=limit,
    )


async def _read_files(storage: Storage, known: _Known, settings: Settings) -> None:
    """Headers, one by one judged by their length, and grey scales as long as there is room for all of them."""
    turns = asyncio.Semaphore(_AT_ONCE)
    room = settings.viewing_grey_scale_bytes

    async def read_one(file: ShownFile) -> None:
        async with turns:
            try:
                content = await storage.read(file.storage_key)
            except NotFound:  # made again or deleted at this moment; the image is told without it
                return
        if file.kind == "tags":
            known.facts[file.image_id] = read_facts(content)
            return
        with contextlib.suppress(
            msgspec.MsgspecError
        ):  # a child that a hostile file had taken over wrote something else
            known.grey_scales[file.image_id] = _grey_scales.decode(content)

    wanted = []
    for file in known.files.values():
        if file.kind == "tags" and file.byte_count <= settings.dicom_json_bytes:
            wanted.append(file)
        elif file.kind == "greyscale" and file.byte_count <= room:
            room -= file.byte_count
            wanted.append(file)
    await asyncio.gather(*(read_one(file) for file in wanted))


def _image(image: Image, known: _Known, address: RenditionAddress | None) -> ViewingImage:
    acquisition, series = known.acquisitions.get(image.id), known.series.get(image.id)
    facts = known.facts.get(image.id, HeaderFacts())
    same = {name: getattr(image, name) for name in _SAME}
    kinds = {kind for image_id, kind in known.files if image_id == image.id}
    return ViewingImage(
        **same,
        study_instance_uid=None if series is None else series.study_instance_uid,
        series_instance_uid=None if series is None else series.series_instance_uid,
        series_description=None if series is None else series.series_description,
        manufacturer=None if series is None else series.manufacturer,
        station_name=None if series is None else series.station_name,
        view_modifiers=[] if acquisition is None else acquisition.view_modifiers,
        patient_orientation=facts.patient_orientation,
        frame_time_ms=facts.frame_time.number(),
        is_colour=image.photometric_interpretation not in _GREY,
        lossy=facts.is_lossy,
        lossy_ratio=facts.total_lossy_ratio,
        has_overlays=acquisition is not None and acquisition.has_overlays,
        breast_implant_present=None if acquisition is None else acquisition.breast_implant_present,
        partial_view=None if acquisition is None else acquisition.partial_view,
        quality_control_image=None if acquisition is None else acquisition.quality_control_image,
        spacing=_spacing(acquisition),
        technique=None if acquisition is None else _technique(acquisition),
        grey_scale=known.grey_scales.get(image.id),
        links=_links(image, links_of(image, address), kinds),
    )


def _spacing(acquisition: AcquisitionFacts | None) -> ViewingSpacing:
    found = Spacing()
    if acquisition is not None:
        found = Spacing(
            row_mm=acquisition.spacing_row_mm,
            column_mm=acquisition.spacing_column_mm,
            basis=acquisition.spacing_basis,
            magnification=acquisition.magnification,
        )
    return ViewingSpacing(
        row_mm=found.row_mm,
        column_mm=found.column_mm,
        basis=found.basis,
        magnification=found.magnification,
        label=found.label,
    )


def _technique(acquisition: AcquisitionFacts) -> ViewingTechnique:
    return ViewingTechnique(**{name: getattr(acquisition, name) for name in ViewingTechnique.__struct_fields__})


def _links(image: Image, links: ImageLinks, kinds: set[str]) -> ViewingLinks:
    base, version = f"/api/images/{image.id}", f"v={image.recipe_version}"
    return ViewingLinks(
        self_=links.self_,
        file=links.file,
        png=links.png,
        thumbnail256=links.thumbnail256,
        thumbnail512=links.thumbnail512,
        tags=links.tags,
        metadata=f"{base}/metadata" if "tags" in kinds else None,
        frames=f"{base}/frames/{{frame}}?{version}" if "htj2k" in kinds else None,
        grey_scale=f"{base}/grey-scale?{version}" if "greyscale" in kinds else None,
        views=f"{base}/views",
    )


_ELSEWHERE = {
    "study_instance_uid", "series_instance_uid", "series_description", "manufacturer", "station_name",
    "view_modifiers", "patient_orientation", "frame_time_ms", "is_colour", "lossy", "lossy_ratio", "has_overlays",
    "breast_implant_present", "partial_view", "quality_control_image", "spacing", "technique", "grey_scale", "links",
}  # fmt: skip
_SAME = [name for name in ViewingImage.__struct_fields__ if name not in _ELSEWHERE]
assert set(_SAME) <= set(Image.__struct_fields__)
