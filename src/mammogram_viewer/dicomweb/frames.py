"""Frames: which bytes they are, and what is recorded when somebody reads them."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

import asyncpg

from mammogram_viewer.accounts.dependencies import AnyRequest
from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.activity.views import ViewTracker
from mammogram_viewer.archive import service as archive
from mammogram_viewer.archive.models import StoredFile
from mammogram_viewer.dicomweb import queries
from mammogram_viewer.dicomweb.accept import FRAME_TYPE
from mammogram_viewer.dicomweb.models import Frame
from mammogram_viewer.foundation.errors import NotFound
from mammogram_viewer.viewing.service import record_view

Reading = Literal["view", "read"]
FRAMES_READ = "frames_read"
MAX_FRAME_NUMBER = 1_000_000  # beyond any budget, within what PostgreSQL takes for an index
_MOST_REMEMBERED = 20_000
# As DICOM says (PS3.5 9.1), and as files have it: some write letters. No control characters, no slash.
_UID = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)


async def find_frame(db: asyncpg.Pool, image_id: int, number: int, principal: Principal) -> Frame:
    """Frame `number` (from 1). NotFound when the caller may not see the image, or there is no such frame; NotReady
    while it is being made; Gone, with the reason, when it never will be."""
    wanted = number if 0 < number <= MAX_FRAME_NUMBER else 0
    row = await queries.find_frame(db, image_id, wanted)
    owner_id = principal.owner_filter
    if row is None or (owner_id is not None and row["user_id"] != owner_id):
        raise NotFound(archive.ABSENT)
    if row["storage_key"] is None:
        archive.demand_ready(row["status"], row["reason_code"], row["reason"])
        raise NotFound("This image has no frames. Show its rendered picture instead.", code="no_such_rendition")
    if row["begins_at"] is None or row["ends_at"] is None:
        raise NotFound("The image has no such frame; they count from 1.", code="no_such_frame")
    file = StoredFile(
        storage_key=row["storage_key"],
        content_type=FRAME_TYPE,
        byte_count=row["ends_at"] - row["begins_at"],
        etag=f"{row['rendition_id']}.{wanted}-{row['recipe_version']}",
    )
    return Frame(file=file, begins_at=row["begins_at"])


async def find_image_id(
    db: asyncpg.Pool, study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str, principal: Principal
) -> int:
    """The image that these UIDs name; of several with one SOP Instance UID the first that is shown."""
    uids = (checked_uid(study_instance_uid), checked_uid(series_instance_uid), checked_uid(sop_instance_uid))
    row = await queries.find_by_uids(db, *uids, owner_id=principal.owner_filter)
    if row is None:
        raise NotFound(archive.ABSENT)
    return row["id"]


def checked_uid(text: str) -> str:
    """NotFound for what no file can carry."""
    if _UID.fullmatch(text) is None:
        raise NotFound("There is nothing at this address.")
    return text


class FrameReadings:
    """Remembers who has read which image lately, so that the hundred requests of one look count once.

    Nobody gets pixels without a trace: a first request for an image is a view, unless the page only fetches ahead or
    goes on in the middle of a frame; then the audit log has that frames were read, and the page tells when it shows
    them. Per process; of what several record, and of a long look, `record_view` makes one view."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[tuple[int, int, Reading], float] = OrderedDict()

    async def note(
        self,
        db: asyncpg.Pool,
        view_tracker: ViewTracker,
        image_id: int,
        actor: Actor,
        principal: Principal,
        reading: Reading,
        *,
        seconds: float,
    ) -> None:
        """Record what is to be recorded. A view holds for reads that follow, a read for no view."""
        kinds: tuple[Reading, ...] = ("view",) if reading == "view" else ("view", "read")
        now = self._clock()
        if any(now - self._seen.get((principal.user_id, image_id, kind), float("-inf")) < seconds for kind in kinds):
            return
        key = (principal.user_id, image_id, reading)
        self._seen[key] = now  # at once, for the next request comes while this one is recorded
        self._seen.move_to_end(key)
        while len(self._seen) > _MOST_REMEMBERED:
            self._seen.popitem(last=False)
        try:
            if reading == "view":
                await record_view(db, view_tracker, image_id, actor)
            else:
                async with db.acquire() as connection, connection.transaction():
                    await record_audit(connection, actor, FRAMES_READ, "image", image_id)
        except BaseException:
            self._seen.pop(key, None)
            raise


def reading_of(request: AnyRequest, purpose: str | None) -> Reading | None:
    """What this request is: None for one that brings no bytes of its own (HEAD; a check of a cached copy is seen by the
    caller)."""
    if request.method == "HEAD":
        return None
    ahead = purpose == "prefetch" or "prefetch" in request.headers.get("sec-purpose", "").lower()
    begins = request.headers.get("range", "bytes=0-").replace(" ", "").startswith("bytes=0-")
    return "view" if begins and not ahead else "read"
