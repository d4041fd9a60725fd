"""Uploads that may break off and go on: what `resumable_routes.py` speaks in tus, done.

    create -> receive, again and again from where it stopped -> the last byte -> the same way as any upload

The answer is kept until the upload expires, so that one that was lost can be asked again. **Invariant:** an image is
made once: until the row says that it is finished the bytes stay, and finishing again finds the same bytes of the same
person in the archive."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
from litestar.exceptions import HTTPException

from mammogram_viewer.accounts.models import Principal
from mammogram_viewer.activity.models import Actor
from mammogram_viewer.activity.service import record_audit
from mammogram_viewer.foundation.errors import (
    ChecksumMismatch,
    Conflict,
    Gone,
    Malformed,
    NotFound,
    TooLarge,
    Unsupported,
)
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.intake import resumable_queries as queries
from mammogram_viewer.intake.receive import TakenUpload
from mammogram_viewer.intake.resumable_finish import Finisher
from mammogram_viewer.intake.resumable_folder import UploadFolder, Writer, append, fsync, read_head, run
from mammogram_viewer.intake.resumable_models import NewUpload, ResumableUpload
from mammogram_viewer.intake.resumable_protocol import Checksum
from mammogram_viewer.intake.sniff import HEAD_BYTES, sniff
from mammogram_viewer.intake.spool import demand_space, file_too_large

_ABANDONED_SECONDS = 3600.0  # a file is older than its row by moments
_SWEEP_ROWS = 1000
_SWEEP_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True)
class Progress:
    """After a request: how much is safe, and, where this request finished it, what it became."""

    upload: ResumableUpload
    offset: int
    taken: list[TakenUpload]


class ResumableUploads:
    """One instance a process. Errors beside those that are named: StorageFull, Unavailable."""

    def __init__(self, db: asyncpg.Pool, finisher: Finisher, settings: Settings) -> None:
        self._db = db
        self._finisher = finisher
        self._settings = settings
        self._folder = UploadFolder(settings.resumable_dir)
        self._swept_at = time.monotonic()

    async def create(
        self, *, byte_count: int, name: str, metadata: str, sha256: bytes | None, priority: int, principal: Principal
    ) -> ResumableUpload:
        """A new one, empty. TooLarge, StorageFull, or Conflict when this person has too many under way."""
        if byte_count > self._settings.max_upload_bytes:
            raise file_too_large(self._settings.max_upload_bytes)
        if byte_count == 0:
            sniff(b"", 0)  # refuses an empty file in the words of any upload
        folder_id = await run(lambda: self._folder.id)
        demand_space(self._folder.path, self._settings.min_free_bytes + byte_count)
        upload = NewUpload(
            id=secrets.token_urlsafe(24),
            user_id=principal.user_id,
            folder_id=folder_id,
            byte_count=byte_count,
            original_name=name,
            metadata=metadata,
            sha256=sha256,
            priority=priority,
        )
        await run(self._folder.create, upload.id)
        try:
            async with self._db.acquire() as connection, connection.transaction():
                await queries.lock_owner(connection, principal.user_id)
                self._demand_room(*await queries.sum_unfinished(connection, principal.user_id), byte_count)
                return await queries.insert_upload(
                    connection, upload, expiry_seconds=self._settings.resumable_expiry_seconds
                )
        except BaseException:  # a caller who has gone included: no row speaks of the file
            self._folder.remove(upload.id)
            raise

    def _demand_room(self, uploads: int, announced_bytes: int, byte_count: int) -> None:
        most, most_bytes = self._settings.resumable_uploads_per_user, self._settings.resumable_bytes_per_user
        if uploads >= most or announced_bytes + byte_count > most_bytes:
            raise Conflict(
                f"At most {most} uploads, of {most_bytes} bytes in all, may be unfinished. Finish or discard one of "
                "them first; nothing was kept of this one.",
                code="too_many_unfinished_uploads",
            )

    async def get(self, upload_id: str, principal: Principal) -> ResumableUpload:
        """The caller's own upload, whatever its state; else NotFound."""
        upload = await queries.find_upload(self._db, upload_id, principal.user_id)
        if upload is None:
            raise NotFound("There is no such upload.")
        return upload

    async def list_unfinished(self, principal: Principal) -> list[ResumableUpload]:
        return await queries.list_unfinished(
            self._db, principal.user_id, limit=self._settings.resumable_uploads_per_user
        )

    async def length_so_far(self, upload: ResumableUpload) -> int | None:
        """For people to read. None when another machine has the bytes, or nobody."""
        if upload.status != "receiving":
            return upload.byte_count if upload.status == "finished" else None
        if upload.folder_id != await run(lambda: self._folder.id):
            return None
        return self._folder.length(upload.id)

    def is_busy(self, upload: ResumableUpload) -> bool:
        """Whether a request sends or finishes it right now."""
        return self._folder.is_busy(upload.id)

    async def offset(self, upload: ResumableUpload, principal: Principal, actor: Actor) -> Progress:
        """How much has come and is on disk. A whole file whose finishing was interrupted is finished first, so that
        who hears that all has come may rely on it. Locked, Gone, Conflict (`upload_elsewhere`)."""
        if upload.status == "finished":
            return Progress(upload, upload.byte_count, [])
        await self._demand_usable(upload)
        with self._folder.locked(upload.id) as descriptor:
            await run(fsync, descriptor)
            return await self._go_on(upload, principal, actor)

    async def receive(
        self,
        upload: ResumableUpload,
        offset: int,
        body: AsyncIterator[bytes],
        *,
        announced: int | None,
        checksum: Checksum | None,
        principal: Principal,
        actor: Actor,
    ) -> Progress:
        """Append a body at `offset`, and finish with the last byte. What came before a break stays; of a body with a
        checksum nothing does. Conflict (`wrong_offset`), Locked, ChecksumMismatch, TooLarge, Unsupported, Gone."""
        if upload.status == "finished":
            _demand_offset(upload.byte_count, offset)
            return Progress(upload, upload.byte_count, [])
        await self._demand_usable(upload)
        with self._folder.locked(upload.id) as descriptor:
            # Only now, when nobody else can end it.
            alive = await queries.keep_alive(
                self._db, upload.id, expiry_seconds=self._settings.resumable_expiry_seconds
            )
            if alive is None or alive.status != "receiving":
                raise Gone("This upload has ended meanwhile.", code="upload_ended")
            _demand_offset(self._folder.length(upload.id) or 0, offset)
            if announced is not None and offset + announced > upload.byte_count:
                raise _more_than_announced(upload)
            if offset < upload.byte_count:
                appending = _Appending(self._settings, self._folder, alive, descriptor, offset)
                try:
                    await (appending.proved(body, checksum) if checksum else appending.directly(body))
                except Unsupported as refusal:
                    await self._finisher.note_refusal(alive, refusal, self._folder)
                    raise
            return await self._go_on(alive, principal, actor)

    async def _go_on(self, upload: ResumableUpload, principal: Principal, actor: Actor) -> Progress:
        """With the lock held, and what has come on disk: finish it when that is all."""
        length = self._folder.length(upload.id) or 0
        taken = []
        if length == upload.byte_count:
            taken = await self._finisher.finish(upload, self._folder, principal, actor)
        return Progress(upload, length, taken)

    async def discard(self, upload: ResumableUpload, actor: Actor) -> None:
        """Let it go, with what has come. An image that it has become stays."""
        here = upload.folder_id == await run(lambda: self._folder.id)
        if here and self._folder.length(upload.id) is not None:
            with self._folder.locked(upload.id):
                await self._forget(upload, actor)
                await run(self._folder.remove, upload.id)
        else:
            await self._forget(upload, actor)

    async def _forget(self, upload: ResumableUpload, actor: Actor) -> None:
        async with self._db.acquire() as connection, connection.transaction():
            await queries.delete_upload(connection, upload.id)
            metadata = {"byteCount": upload.byte_count}
            await record_audit(connection, actor, "upload_discarded", "upload", None, metadata)

    async def _demand_usable(self, upload: ResumableUpload) -> None:
        if upload.status == "refused":
            answer = upload.answer or {}
            raise Gone(answer.get("detail", "This upload was refused."), code=answer.get("code", "refused"))
        if upload.expired:
            raise Gone(
                "This upload was left alone for too long. Send the file from its beginning.", code="upload_expired"
            )
        if upload.folder_id != await run(lambda: self._folder.id):
            raise Conflict(
                "Another machine has what was sent of this upload. Send the file from its beginning, or let all "
                "machines share MAMMOGRAM_VIEWER_RESUMABLE_FOLDER.",
                code="upload_elsewhere",
            )

    async def sweep_sometimes(self) -> None:
        """Once in a while, on the machine that takes uploads; the workers may stand elsewhere."""
        if time.monotonic() - self._swept_at > _SWEEP_PAUSE_SECONDS:
            self._swept_at = time.monotonic()
            await sweep_resumable(self._db, self._settings)


class _Appending:
    """One request's body on its way to the end of the file, whose lock the caller holds."""

    def __init__(
        self, settings: Settings, folder: UploadFolder, upload: ResumableUpload, descriptor: int, start: int
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._upload = upload
        self._descriptor = descriptor
        self._start = start

    def _writer(self, descriptor: int, start: int, algorithm: str = "") -> Writer:
        space = self._settings.min_free_bytes
        return Writer(descriptor, start, self._folder.path, min_free_bytes=space, algorithm=algorithm)

    async def directly(self, body: AsyncIterator[bytes]) -> None:
        """Each byte counts as soon as it is there, whatever happens to the rest."""
        writer = self._writer(self._descriptor, self._start)
        judged = self._start >= HEAD_BYTES
        try:
            async for chunk in self._chunks(body, writer):
                writer.gather(chunk)
                if not judged and self._start + writer.byte_count >= HEAD_BYTES:
                    judged = True
                    await writer.settle()
                    self._judge()
                await writer.drain()
        finally:
            await writer.settle_durably()

    async def proved(self, body: AsyncIterator[bytes], checksum: Checksum) -> None:
        """Nothing counts until all of it has proved right."""
        piece = self._folder.open_piece(self._upload.id)
        try:
            writer = self._writer(piece, 0, checksum.algorithm)
            async for chunk in self._chunks(body, writer):
                writer.gather(chunk)
                await writer.drain()
            await writer.settle()
            if not secrets.compare_digest(writer.digest, checksum.digest):
                raise ChecksumMismatch(
                    "The bytes of this request arrived changed and were not kept; what came before them is. "
                    "Send them again."
                )
            await run(append, piece, self._descriptor, self._start, writer.byte_count)
            if self._start < HEAD_BYTES <= self._start + writer.byte_count:
                self._judge()
        finally:
            self._folder.drop_piece(self._upload.id)
            os.close(piece)

    async def _chunks(self, body: AsyncIterator[bytes], writer: Writer) -> AsyncIterator[bytes]:
        """The body; Malformed when it breaks off or falls silent, TooLarge when it goes beyond the file's end."""
        chunks = aiter(body)
        try:
            while True:
                async with asyncio.timeout(self._settings.resumable_idle_seconds):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                if self._start + writer.byte_count + len(chunk) > self._upload.byte_count:
                    raise _more_than_announced(self._upload)
                yield chunk
        except (TimeoutError, HTTPException):  # the framework's word for a caller who has gone
            raise Malformed(
                "The request broke off; what came before is kept. Ask for the offset and go on from there.",
                code="incomplete_upload",
            ) from None

    def _judge(self) -> None:
        """As soon as enough is there to tell: what is no image need not be sent to its end."""
        sniff(read_head(self._descriptor, HEAD_BYTES), self._upload.byte_count)


async def sweep_resumable(db: asyncpg.Pool, settings: Settings) -> int:
    """Expired uploads, and files of this machine's folder that no row wants; answers how many files went."""
    while await queries.delete_expired(db, limit=_SWEEP_ROWS) == _SWEEP_ROWS:
        pass
    folder = UploadFolder(settings.resumable_dir)
    idle = await run(lambda: folder.idle_ids(older_than_seconds=_ABANDONED_SECONDS))
    swept = 0
    for start in range(0, len(idle), _SWEEP_ROWS):
        some = idle[start : start + _SWEEP_ROWS]
        wanted = await queries.list_receiving(db, some)
        for upload_id in some:
            if upload_id not in wanted and not folder.is_busy(upload_id):
                await run(folder.remove, upload_id)
                swept += 1
    return swept


def _demand_offset(length: int, offset: int) -> None:
    if offset != length:
        error = Conflict(
            f"{length} bytes have come so far; send on from there. Nothing was changed.", code="wrong_offset"
        )
        error.extra = {"offset": length}
        raise error


def _more_than_announced(upload: ResumableUpload) -> TooLarge:
    return TooLarge(
        f"The file was announced with {upload.byte_count} bytes; no more are taken. What came before is kept.",
        code="more_than_announced",
    )
