"""Annotations and key images: who sees an image sees everybody's; each changes and deletes their own alone.

Invariants: a request may be repeated without doubling anything (the client makes the ids); every change commits
together with its line in the audit log; what is deleted with its image comes back with it (archive/withdrawals.py)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.annotations import queries
from mammogram_viewer.annotations.checks import check_annotation, check_frame
from mammogram_viewer.annotations.models import Annotation, KeyImage
from mammogram_viewer.annotations.schemas import AnnotationChange, annotation_answer
from mammogram_viewer.archive import exams
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.models import Image
from mammogram_viewer.foundation.errors import Conflict, Forbidden, NotFound
from mammogram_viewer.foundation.settings import Settings


async def list_of_image(
    db: asyncpg.Pool, image_id: int, principal: Principal
) -> tuple[list[Annotation], list[KeyImage]]:
    """Everybody's; NotFound where the caller may not see the image."""
    await archive.get_visible_image(db, image_id, owner_id=principal.owner_filter)
    return await _list(db, [image_id])


async def list_of_exam(
    db: asyncpg.Pool, settings: Settings, study_id: int, principal: Principal
) -> tuple[list[Annotation], list[KeyImage]]:
    """Of the images that the caller may see; NotFound where there is none."""
    return await _list(db, await list_image_ids(db, settings, study_id, principal))


async def list_image_ids(db: asyncpg.Pool, settings: Settings, study_id: int, principal: Principal) -> list[int]:
    """Images of the exam that the study is, or that it was grouped into, which the caller may see."""
    exam = await exams.get_exam(db, study_id, exams.viewer_of(principal.owner_filter))
    return await queries.list_images_of_exam(db, exam.study_ids, principal.owner_filter, settings.exam_images)


async def _list(db: asyncpg.Pool, image_ids: list[int]) -> tuple[list[Annotation], list[KeyImage]]:
    return await queries.list_annotations(db, image_ids), await queries.list_key_images(db, image_ids)


async def put_annotation(
    db: asyncpg.Pool,
    settings: Settings,
    image_id: int,
    annotation_id: UUID,
    wanted: AnnotationChange,
    principal: Principal,
    actor: Actor,
) -> tuple[Annotation, bool]:
    """The annotation as it is now, and whether it is new. Conflict `annotation_changed`, with the current one beside,
    when somebody has changed it since `revision`; saying again what it says already changes nothing."""
    async with db.acquire() as connection, connection.transaction():
        image = await _hold(connection, image_id, principal)
        current = await queries.find_annotation(connection, image_id, annotation_id)
        if current is not None:
            if current.user_id != principal.user_id:
                raise Forbidden("This annotation is somebody else's; only they can change it.", code="not_your_own")
            if _says(current) == _wish(wanted):
                return current, False
            if wanted.revision != current.revision:
                changed = Conflict("This annotation was changed elsewhere.", code="annotation_changed")
                changed.extra = {"annotation": annotation_answer(current, principal)}
                raise changed
        check_annotation(wanted, image, settings)
        if current is None and await queries.count_annotations(connection, image_id) >= settings.annotations_per_image:
            most = settings.annotations_per_image
            raise Conflict(f"An image has at most {most} annotations.", code="too_many_annotations")
        await queries.save_annotation(
            connection,
            image_id,
            annotation_id,
            principal.user_id,
            kind=wanted.kind,
            frame=wanted.frame,
            points=[list(point) for point in wanted.points],
            text=wanted.text,
            statistics=None if wanted.statistics is None else msgspec.to_builtins(wanted.statistics),
        )
        saved = await queries.find_annotation(connection, image_id, annotation_id)
        assert saved is not None
        act = "annotation_created" if current is None else "annotation_changed"
        detail = {"after": _told(saved)} if current is None else {"before": _told(current), "after": _told(saved)}
        await record_audit(connection, actor, act, "image", image_id, {"id": str(annotation_id), **detail})
    return saved, current is None


async def delete_annotation(
    db: asyncpg.Pool, image_id: int, annotation_id: UUID, principal: Principal, actor: Actor
) -> None:
    """Safe to repeat. An administrator may delete anybody's."""
    async with db.acquire() as connection, connection.transaction():
        await _hold(connection, image_id, principal)
        current = await queries.find_annotation(connection, image_id, annotation_id)
        if current is None:
            return
        if current.user_id != principal.user_id and not principal.is_admin:
            raise Forbidden("This annotation is somebody else's; only they can delete it.", code="not_your_own")
        await queries.delete_annotation(connection, image_id, annotation_id)
        detail = {"id": str(annotation_id), "author": current.user_id, "before": _told(current)}
        await record_audit(connection, actor, "annotation_deleted", "image", image_id, detail)


async def mark_key_image(
    db: asyncpg.Pool, image_id: int, frame: int, principal: Principal, actor: Actor, *, marked: bool
) -> None:
    """The caller's own mark at a frame, set or taken away; safe to repeat."""
    async with db.acquire() as connection, connection.transaction():
        image = await _hold(connection, image_id, principal)
        if marked:
            check_frame(frame, image)
            changed = await queries.add_key_image(connection, image_id, frame, principal.user_id)
        else:
            changed = await queries.remove_key_image(connection, image_id, min(frame, 2**31 - 1), principal.user_id)
        if changed:
            act = "key_image_marked" if marked else "key_image_unmarked"
            await record_audit(connection, actor, act, "image", image_id, {"frame": frame})


async def _hold(connection: queries.Connection, image_id: int, principal: Principal) -> Image:
    image = await archive.get_visible_image(connection, image_id, owner_id=principal.owner_filter)
    if not await queries.lock_image(connection, image_id):
        raise NotFound(archive.ABSENT)
    return image


def _wish(wanted: AnnotationChange) -> tuple[Any, ...]:
    return wanted.kind, wanted.frame, wanted.points, wanted.text, wanted.statistics


def _says(one: Annotation) -> tuple[Any, ...]:
    return one.kind, one.frame, one.points, one.text, one.statistics


def _told(one: Annotation) -> dict[str, Any]:
    """What the audit log keeps. Of a text its length alone: it may name the patient, and the log is never purged."""
    return {
        "revision": one.revision,
        "kind": one.kind,
        "frame": one.frame,
        "points": one.points,
        "textCharacters": None if one.text is None else len(one.text),
    }
