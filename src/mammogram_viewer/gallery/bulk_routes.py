"""Acts on many images at once: delete, restore, re-make. Each image is dealt with or refused by itself."""

from __future__ import annotations

from litestar import Response, post
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.params import JSONBody

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.archive.service import ABSENT
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.keyset import instant_text
from mammogram_viewer.foundation.refusals import demand_ids, possible, refusals
from mammogram_viewer.gallery.bulk_schemas import DeletedImages, NamedImages, QueuedImages, RestoredImages
from mammogram_viewer.intake.withdraw import restore_many, wake_restored, withdraw_many
from mammogram_viewer.jobs.service import QueueService
from mammogram_viewer.renditions.remake import order_remakes, wake_remakes

_UNKNOWN = NotFound(ABSENT)


@post(
    "/api/images/delete",
    opt={"policy": policy.DELETE_IMAGES},
    status_code=200,
    tags=["images"],
    summary="Delete many images",
)
async def delete_images(
    data: JSONBody[NamedImages],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> DeletedImages:
    """Nobody sees them any more. Until `undoUntil` they can be brought back; then their files are removed for good."""
    named = demand_ids(data.image_ids, limit=settings.bulk_things, what="images")
    done = await withdraw_many(db, possible(named), principal, actor, undo_seconds=settings.delete_undo_seconds)
    return DeletedImages(
        deleted=done.deleted,
        refused=refusals(named, done.refused, _UNKNOWN),
        undo_until=instant_text(done.undo_until),
    )


@post(
    "/api/images/restore",
    opt={"policy": policy.DELETE_IMAGES},
    status_code=200,
    tags=["images"],
    summary="Undo the deletion of images",
)
async def restore_images(
    data: JSONBody[NamedImages],
    db: dependencies.Db,
    settings: dependencies.Settings,
    queue: NamedDependency[QueueService],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> Response[RestoredImages]:
    """They come back as they were: the same ids, corrections, renditions and jobs."""
    named = demand_ids(data.image_ids, limit=settings.bulk_things, what="images")
    done = await restore_many(db, possible(named), principal, actor)
    return Response(
        RestoredImages(restored=done.restored, refused=refusals(named, done.refused, _UNKNOWN)),
        background=BackgroundTask(wake_restored, queue, done),
    )


@post(
    "/api/images/remake",
    opt={"policy": policy.CORRECT_IMAGES},
    status_code=200,
    tags=["images"],
    summary="Make the renditions of many images again",
)
async def remake_images(
    data: JSONBody[NamedImages],
    db: dependencies.Db,
    settings: dependencies.Settings,
    queue: NamedDependency[QueueService],
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> Response[QueuedImages]:
    """Behind everything else that waits; what is shown stays shown meanwhile."""
    named = demand_ids(data.image_ids, limit=settings.bulk_things, what="images")
    done = await order_remakes(db, queue, possible(named), principal, actor)
    return Response(
        QueuedImages(queued=done.queued, refused=refusals(named, done.refused, _UNKNOWN)),
        background=BackgroundTask(wake_remakes, queue, done),
    )


handlers = [delete_images, restore_images, remake_images]
