"""What is answered to an upload, whichever way it came."""

from __future__ import annotations

from mammogram_viewer.foundation.errors import Invalid, MammogramViewerError
from mammogram_viewer.intake.models import RefusedFile
from mammogram_viewer.intake.receive import TakenUpload
from mammogram_viewer.intake.schemas import RejectedFile, TakenFile, UploadAnswer


def upload_answer(taken: list[TakenUpload], refused: list[RefusedFile]) -> UploadAnswer:
    """What was taken beside what was not."""
    return UploadAnswer(
        images=[
            TakenFile(
                id=t.image.id,
                job_id=t.job_id,
                status=t.image.status,
                sha256=t.image.sha256.hex(),
                duplicate=t.image.duplicate,
                name=t.name,
            )
            for t in taken
        ],
        rejected=[rejected_file(r) for r in refused],
    )


def rejected_file(refused: RefusedFile) -> RejectedFile:
    return RejectedFile(name=refused.name, code=refused.error.code, detail=refused.error.detail)


def everything_refused(refused: list[RefusedFile]) -> MammogramViewerError:
    """The error of a single refused file as it is; for several an Invalid. Both carry the list."""
    error = (
        refused[0].error
        if len(refused) == 1
        else Invalid("None of the files could be taken; nothing was kept.", code="all_files_refused")
    )
    error.extra = {"images": [], "rejected": [rejected_file(r) for r in refused]}
    return error
