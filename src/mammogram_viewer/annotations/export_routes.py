"""Measurements as files."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.adapters.storage.port import Storage
from mammogram_viewer.annotations.exports import (
    export_exam_csv,
    export_exam_report,
    export_image_csv,
    export_image_report,
)

_OPT = {"policy": policy.READ_IMAGES}


@get("/api/images/{image_id:int}/measurements.csv", opt=_OPT, tags=["annotations"], summary="Measurements of an image")
async def get_image_csv(
    image_id: FromPath[int], db: dependencies.Db, principal: dependencies.Principal, actor: dependencies.Actor
) -> ASGIResponse:
    """CSV, a row for each number; texts that would be formulas are made harmless."""
    return _file(await export_image_csv(db, image_id, principal, actor), f"measurements-of-image-{image_id}.csv")


@get("/api/studies/{study_id:int}/measurements.csv", opt=_OPT, tags=["annotations"], summary="Measurements of an exam")
async def get_exam_csv(
    study_id: FromPath[int],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ASGIResponse:
    """As of one image, of all that the caller may see."""
    body = await export_exam_csv(db, settings, study_id, principal, actor)
    return _file(body, f"measurements-of-exam-{study_id}.csv")


@get(
    "/api/images/{image_id:int}/measurements.dcm",
    opt=_OPT,
    tags=["annotations"],
    summary="Measurements of an image as a DICOM Structured Report",
)
async def get_image_report(
    image_id: FromPath[int],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ASGIResponse:
    """Comprehensive SR by TID 1500. 409 `nothing_to_export` for plain pictures and where nothing is drawn."""
    body = await export_image_report(db, storage, settings, image_id, principal, actor)
    return _file(body, f"measurements-of-image-{image_id}.dcm", "application/dicom")


@get(
    "/api/studies/{study_id:int}/measurements.dcm",
    opt=_OPT,
    tags=["annotations"],
    summary="Measurements of an exam as a DICOM Structured Report",
)
async def get_exam_report(
    study_id: FromPath[int],
    db: dependencies.Db,
    storage: NamedDependency[Storage],
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> ASGIResponse:
    """As of one image, of all that the caller may see; it belongs to the study of the first image with something."""
    body = await export_exam_report(db, storage, settings, study_id, principal, actor)
    return _file(body, f"measurements-of-exam-{study_id}.dcm", "application/dicom")


def _file(body: bytes, name: str, media_type: str = "text/csv") -> ASGIResponse:
    headers = {"cache-control": "private, no-store", "content-disposition": f'attachment; filename="{name}"'}
    return ASGIResponse(body=body, media_type=media_type, headers=headers)


handlers = [get_image_csv, get_exam_csv, get_image_report, get_exam_report]
