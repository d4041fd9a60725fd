"""The last byte has come: from here on it is an upload like any other. Safe to repeat after any break."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.foundation.errors import Invalid, MammogramViewerError, TooLarge, Unsupported
from mammogram_viewer.intake import resumable_queries as queries
from mammogram_viewer.intake.answers import everything_refused, upload_answer
from mammogram_viewer.intake.archives import ArchiveOpener
from mammogram_viewer.intake.models import ReceivedFile, RefusedFile
from mammogram_viewer.intake.receive import Intake, TakenUpload
from mammogram_viewer.intake.resumable_folder import UploadFolder, run, sha256_of
from mammogram_viewer.intake.resumable_models import ResumableUpload
from mammogram_viewer.intake.sniff import HEAD_BYTES, SniffedType, sniff


@dataclass(frozen=True)
class _Whole:
    """A whole file, hashed and judged by its beginning, under a name that storage may take away."""

    name: str
    path: Path
    byte_count: int
    sha256: bytes
    file_type: SniffedType

    def received(self) -> ReceivedFile:
        assert self.file_type != "zip"
        return ReceivedFile(self.name, self.path, self.byte_count, self.sha256, self.file_type)


class Finisher:
    """Turns whole files into images, and keeps the answer."""

    def __init__(self, db: asyncpg.Pool, intake: Intake, archives: ArchiveOpener) -> None:
        self._db = db
        self._intake = intake
        self._archives = archives

    async def finish(
        self, upload: ResumableUpload, folder: UploadFolder, principal: Principal, actor: Actor
    ) -> list[TakenUpload]:
        """The caller holds the file's lock. Raises the refusal of what is not taken, which is then its end too."""
        refused: list[RefusedFile] = []
        try:
            whole = await run(_examine, upload, folder)
            async with self._archives.opened([whole], refused) as files:
                if refused and not files:
                    raise everything_refused(refused)
                taken = await self._intake.receive(files, principal, actor, priority=upload.priority)
        except (Unsupported, Invalid, TooLarge) as error:
            await self.note_refusal(upload, error, folder)
            raise
        answer = msgspec.to_builtins(upload_answer(taken, refused))
        await queries.end_upload(self._db, upload.id, "finished", answer)
        await run(folder.remove, upload.id)
        return taken

    async def note_refusal(self, upload: ResumableUpload, error: MammogramViewerError, folder: UploadFolder) -> None:
        """What is no image will not become one: its end, with the reason to be asked again."""
        if "rejected" not in error.extra:
            error = everything_refused([RefusedFile(upload.original_name, error)])
        answer: dict[str, Any] = {"code": error.code, "detail": error.detail, **msgspec.to_builtins(error.extra)}
        await queries.end_upload(self._db, upload.id, "refused", answer)
        await run(folder.remove, upload.id)


def _examine(upload: ResumableUpload, folder: UploadFolder) -> _Whole:
    path = folder.path / upload.id
    with path.open("rb") as file:
        file_type = sniff(os.pread(file.fileno(), HEAD_BYTES, 0), upload.byte_count)
    digest = sha256_of(path)
    if upload.sha256 is not None and digest != upload.sha256:
        raise Invalid(
            "The file that arrived is not the one that was announced: its digest differs. Nothing was kept; send the "
            "file from its beginning.",
            code="digest_mismatch",
        )
    return _Whole(upload.original_name, folder.second_name(upload.id), upload.byte_count, digest, file_type)
