"""Annotations, key images, and the preferences of the viewer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, delete, get, put
from litestar.params import FromPath, JSONBody

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.annotations import preferences, service
from mammogram_viewer.annotations.models import Annotation, KeyImage
from mammogram_viewer.annotations.schemas import (
    AnnotationAnswer,
    AnnotationChange,
    Annotations,
    annotation_answer,
    key_image_answer,
)

_READ = {"policy": policy.READ_IMAGES}
_ANNOTATE = {"policy": policy.ANNOTATE_IMAGES}
_ONE = "/api/images/{image_id:int}/annotations/{annotation_id:uuid}"
_KEY = "/api/images/{image_id:int}/key/{frame_number:int}"
_PREFERENCES = "/api/account/preferences/viewer"


@get("/api/images/{image_id:int}/annotations", opt=_READ, tags=["annotations"], summary="What is drawn on an image")
async def get_annotations(
    image_id: FromPath[int], db: dependencies.Db, principal: dependencies.Principal
) -> Annotations:
    """Everybody's annotations and key images. Measurements are computed here, from points and spacing."""
    return _answer(await service.list_of_image(db, image_id, principal), principal)


@get("/api/studies/{study_id:int}/annotations", opt=_READ, tags=["annotations"], summary="What is drawn in an exam")
async def get_exam_annotations(
    study_id: FromPath[int], db: dependencies.Db, settings: dependencies.Settings, principal: dependencies.Principal
) -> Annotations:
    """Of the images that the caller may see."""
    return _answer(await service.list_of_exam(db, settings, study_id, principal), principal)


@put(_ONE, opt=_ANNOTATE, tags=["annotations"], summary="Draw on an image, or change what one has drawn")
async def put_annotation(
    image_id: FromPath[int],
    annotation_id: FromPath[UUID],
    data: JSONBody[AnnotationChange],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> Response[AnnotationAnswer]:
    """The client makes the id; repeating the request changes nothing. 201 for a new one. 409 `annotation_changed`, with
    the current one as `annotation`, when `revision` is not the current one; 403 `not_your_own`. What was deleted comes
    back by the same request."""
    saved, is_new = await service.put_annotation(db, settings, image_id, annotation_id, data, principal, actor)
    return Response(annotation_answer(saved, principal), status_code=201 if is_new else 200)


@delete(_ONE, opt=_ANNOTATE, tags=["annotations"], status_code=204, summary="Delete an annotation")
async def delete_annotation(
    image_id: FromPath[int],
    annotation_id: FromPath[UUID],
    db: dependencies.Db,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> None:
    """One's own, and for administrators anybody's. Safe to repeat."""
    await service.delete_annotation(db, image_id, annotation_id, principal, actor)


@put(_KEY, opt=_ANNOTATE, tags=["annotations"], status_code=204, summary="Mark a frame as a key image")
async def put_key_image(
    image_id: FromPath[int],
    frame_number: FromPath[int],
    db: dependencies.Db,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> None:
    """The caller's own mark. Frames count from 1."""
    await service.mark_key_image(db, image_id, frame_number, principal, actor, marked=True)


@delete(_KEY, opt=_ANNOTATE, tags=["annotations"], status_code=204, summary="Take a mark away")
async def delete_key_image(
    image_id: FromPath[int],
    frame_number: FromPath[int],
    db: dependencies.Db,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> None:
    """The caller's own mark. Safe to repeat."""
    await service.mark_key_image(db, image_id, frame_number, principal, actor, marked=False)


@get(_PREFERENCES, opt={"policy": policy.OWN_ACCOUNT}, tags=["accounts"], summary="How one likes the viewer")
async def get_viewer_preferences(db: dependencies.Db, principal: dependencies.Principal) -> dict[str, Any]:
    """The object that was put last; empty before. The page keeps `layout`, `tool`, `overlays`, `linked`, `magnifier`
    and `pixelsPerMm` by screen there."""
    return await preferences.get_preferences(db, principal.user_id)


@put(
    _PREFERENCES, opt={"policy": policy.CHANGE_OWN_ACCOUNT}, tags=["accounts"], summary="Keep how one likes the viewer"
)
async def put_viewer_preferences(
    data: JSONBody[dict[str, Any]],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> dict[str, Any]:
    """Replaces the whole object. Unknown keys are kept; at most 64 keys an object and four levels."""
    return await preferences.keep_preferences(db, settings, principal.user_id, data, actor)


def _answer(found: tuple[list[Annotation], list[KeyImage]], principal: dependencies.Principal) -> Annotations:
    annotations, key_images = found
    return Annotations(
        annotations=[annotation_answer(one, principal) for one in annotations],
        key_images=[key_image_answer(one, principal) for one in key_images],
    )


handlers = [
    get_annotations,
    get_exam_annotations,
    put_annotation,
    delete_annotation,
    put_key_image,
    delete_key_image,
    get_viewer_preferences,
    put_viewer_preferences,
]
