"""`POST /api/images/correct`: side or view of many images at once."""

from __future__ import annotations

from litestar import post
from litestar.params import JSONBody

from mammogram_viewer.accounts import dependencies, policy
from mammogram_viewer.archive.service import ABSENT
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.foundation.refusals import demand_ids, possible, refusals
from mammogram_viewer.viewing.bulk_schemas import BulkCorrection, CorrectedImages
from mammogram_viewer.viewing.correct import correct_images

_UNKNOWN = NotFound(ABSENT)


@post(
    "/api/images/correct",
    opt={"policy": policy.CORRECT_IMAGES},
    status_code=200,
    tags=["images"],
    summary="Correct side or view of many images",
)
async def post_corrections(
    data: JSONBody[BulkCorrection],
    db: dependencies.Db,
    settings: dependencies.Settings,
    principal: dependencies.Principal,
    actor: dependencies.Actor,
) -> CorrectedImages:
    """What the files say is kept beside the correction, and comes back with `null`. Every change is audited."""
    named = demand_ids(data.image_ids, limit=settings.bulk_things, what="images")
    done = await correct_images(db, possible(named), data, principal, actor)
    return CorrectedImages(corrected=done.corrected, refused=refusals(named, done.refused, _UNKNOWN))


handlers = [post_corrections]
