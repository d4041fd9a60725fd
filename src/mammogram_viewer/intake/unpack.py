"""ZIP archives, unpacked in a disposable child before the answer: what is inside is taken as if it had come alone.

An archive's table of contents is a claim: names, sizes and counts are checked against budgets while the bytes come,
never believed. Entries are written under numbers of ours, so that no name can leave the folder (ZIP slip)."""

from __future__ import annotations

import errno
import hashlib
import lzma
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from mammogram_viewer.archive.models import FileType
from mammogram_viewer.foundation.errors import StorageFull, TooLarge, Unsupported
from mammogram_viewer.intake.names import clean_name
from mammogram_viewer.intake.sniff import HEAD_BYTES, sniff
from mammogram_viewer.intake.spool import demand_space, size_text

_CHUNK_BYTES = 1024 * 1024
# A mammogram compresses 2 to 10 times, an empty one 1000 times, which is why the first bytes are free: an exam of
# four empty ones. What follows must be worth its bytes.
_MAX_RATIO = 200
_FREE_RATIO_BYTES = 256 * 1024 * 1024
# Time goes by the archive's size, so that a small one cannot keep its sender and a child waiting.
_FREE_SECONDS = 10.0
_LEAST_BYTES_PER_SECOND = 8 * 1024 * 1024
_LOCAL_HEADER_BYTES = 30
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, ValueError)


@dataclass(frozen=True, kw_only=True)
class UnpackLimits:
    """Budgets of one archive."""

    files: int
    file_bytes: int
    total_bytes: int
    min_free_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class UnpackedFile:
    """One entry: taken (`file_type` set; its bytes lie in the folder as `file_name`) or refused (`code` set)."""

    name: str
    file_name: str = ""
    byte_count: int = 0
    sha256: str = ""
    file_type: FileType | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """The archive's files, or why nothing of it is taken (`code`)."""

    files: tuple[UnpackedFile, ...] = ()
    code: str = ""
    detail: str = ""


class _OverBudget(Exception):
    """The whole archive is refused."""

    def __init__(self, detail: str, code: str = "archive_too_large") -> None:
        super().__init__(code)
        self.detail = detail
        self.code = code


def unpack_zip(source: str, folder: str, limits: UnpackLimits) -> Unpacked:
    """Unpack the archive at `source` into `folder`. Expected trouble is in the answer."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if _is_wanted(entry)]
            if len(entries) > limits.files:
                return _refused(
                    "too_many_files", f"The archive holds more than {limits.files} files; nothing of it was kept."
                )
            _check_places(archive)
            files = _unpack_all(archive, entries, Path(folder), limits)
    except _OverBudget as problem:
        return _refused(problem.code, problem.detail)
    except _BROKEN as problem:
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # no fault of the archive; the nursery tells it as storage_full
        return _refused("archive_broken", "The archive cannot be read; nothing of it was kept. Pack it again.")
    if not files:
        return _refused("archive_empty", "The archive holds no files.")
    return Unpacked(files=tuple(files))


def _refused(code: str, detail: str) -> Unpacked:
    return Unpacked(code=code, detail=detail)


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    """No folders, and nothing that systems add by themselves."""
    path = PurePosixPath(entry.filename)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return not (entry.is_dir() or hidden or path.name in ("DICOMDIR", "Thumbs.db", "desktop.ini"))


def _check_places(archive: zipfile.ZipFile) -> None:
    """Entries lie one behind the other: where they share bytes, a few of them unpack to any number of files."""
    end = 0
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise zipfile.BadZipFile("entries overlap")
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size


@dataclass
class _Budget:
    """What is left of an archive's budgets while it is unpacked. `packed_bytes` is its size."""

    limits: UnpackLimits
    packed_bytes: int
    ends_at: float
    written: int = 0

    def take(self, byte_count: int) -> None:
        """Raises _OverBudget when these bytes are too many."""
        self.written += byte_count
        if self.written > self.limits.total_bytes:
            size = size_text(self.limits.total_bytes)
            raise _OverBudget(f"The archive unpacks to more than {size}; nothing of it was kept.")
        if self.written > _FREE_RATIO_BYTES and self.written > _MAX_RATIO * self.packed_bytes:
            raise _OverBudget("The archive unpacks to far more than it can honestly hold; nothing of it was kept.")
        if time.monotonic() > self.ends_at:
            raise _OverBudget("The archive takes too long to unpack for its size; nothing of it was kept.")


def _budget(archive: zipfile.ZipFile, limits: UnpackLimits) -> _Budget:
    assert archive.filename is not None
    packed_bytes = Path(archive.filename).stat().st_size
    seconds = _FREE_SECONDS + packed_bytes / _LEAST_BYTES_PER_SECOND
    return _Budget(limits, packed_bytes, time.monotonic() + seconds)


def _unpack_all(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, limits: UnpackLimits
) -> list[UnpackedFile]:
    files: list[UnpackedFile] = []
    budget = _budget(archive, limits)
    for number, entry in enumerate(entries):
        name = clean_name(entry.filename)
        if entry.flag_bits & 0x1:
            files.append(_no(name, "archive_encrypted", "This file in the archive is encrypted. Send it unencrypted."))
            continue
        files.append(_unpack_one(archive, entry, folder / f"{number:06d}", name, budget))
    return files


def _no(name: str, code: str, detail: str) -> UnpackedFile:
    return UnpackedFile(name=name, code=code, detail=detail)


def _unpack_one(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, name: str, budget: _Budget
) -> UnpackedFile:
    """Write one entry, judging it by its first bytes; what is refused costs no more than its head."""
    digest, count = hashlib.sha256(), 0
    try:
        with archive.open(entry) as stream:
            head = stream.read(HEAD_BYTES)
            file_type = sniff(head, len(head))
            if file_type == "zip":
                raise Unsupported("Archives inside archives are not taken. Unpack it first.", code="archive_nested")
            with path.open("xb") as target:
                chunk = head
                while chunk:
                    count += len(chunk)
                    budget.take(len(chunk))
                    if count > budget.limits.file_bytes:
                        raise TooLarge("This file in the archive is larger than the limit; it was not kept.")
                    demand_space(path.parent, budget.limits.min_free_bytes)
                    digest.update(chunk)
                    target.write(chunk)
                    chunk = _next(stream)
    except StorageFull as problem:
        raise _OverBudget(problem.detail, problem.code) from None
    except (Unsupported, TooLarge) as refusal:
        path.unlink(missing_ok=True)
        return _no(name, refusal.code, refusal.detail)
    return UnpackedFile(
        name=name, file_name=path.name, byte_count=count, sha256=digest.hexdigest(), file_type=file_type
    )


def _next(stream: IO[bytes]) -> bytes:
    return stream.read(_CHUNK_BYTES)
