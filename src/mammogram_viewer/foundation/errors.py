"""The one tree of expected errors, by kind. Each surface maps kinds once: HTTP in `web/problems.py`, the
shell in `cli/main.py`. `code` is stable and part of the contract; `detail` is for people and never carries a
patient identifier; what is not in this tree is a fault of ours and answers 500."""

from __future__ import annotations

from typing import Any, ClassVar


class MammogramViewerError(Exception):
    """Expected trouble. `detail` says what happened and what to do next, in one or two sentences."""

    default_code: ClassVar[str] = "error"

    def __init__(self, detail: str, *, code: str | None = None, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.retry_after_seconds = retry_after_seconds
        self.extra: dict[str, Any] = {}  # further members of the problem document (RFC 9457, 3.2)


class Malformed(MammogramViewerError):
    """The request itself cannot be read: a broken body, a malformed cursor."""

    default_code = "malformed"


class Invalid(MammogramViewerError):
    """Readable, but a value is not allowed."""

    default_code = "invalid"


class Unauthenticated(MammogramViewerError):
    """Nobody is signed in, or the session has ended."""

    default_code = "unauthenticated"


class Forbidden(MammogramViewerError):
    """Signed in, but the role or the token's scope does not allow it."""

    default_code = "forbidden"


class NotFound(MammogramViewerError):
    """It does not exist, or the caller may not know that it does."""

    default_code = "not_found"


class Conflict(MammogramViewerError):
    """The present state does not allow it."""

    default_code = "conflict"


class NotAcceptable(MammogramViewerError):
    """The caller takes none of the forms that we can give."""

    default_code = "not_acceptable"


class NotReady(MammogramViewerError):
    """It is being made; ask again."""

    default_code = "not_ready"


class Gone(MammogramViewerError):
    """It will never be there; `detail` carries the reason."""

    default_code = "gone"


class Locked(MammogramViewerError):
    """Somebody is at it right now; ask again in a moment."""

    default_code = "locked"


class PreconditionFailed(MammogramViewerError):
    """The caller speaks another version of the protocol."""

    default_code = "precondition_failed"


class ChecksumMismatch(MammogramViewerError):
    """The bytes that arrived are not those that were sent; they were not kept."""

    default_code = "checksum_mismatch"


class TooLarge(MammogramViewerError):
    """Over a limit; `detail` names the limit and its setting."""

    default_code = "too_large"


class Unsupported(MammogramViewerError):
    """Not an image that we take."""

    default_code = "not_an_image"


class RangeNotSatisfiable(MammogramViewerError):
    """The byte range lies outside the file, which has `byte_count` bytes."""

    default_code = "range_not_satisfiable"

    def __init__(self, detail: str, *, byte_count: int) -> None:
        super().__init__(detail)
        self.byte_count = byte_count


class TooManyRequests(MammogramViewerError):
    """Throttled; wait."""

    default_code = "too_many_requests"


class Unavailable(MammogramViewerError):
    """A server that we need is away; nothing was lost."""

    default_code = "unavailable"


class StorageFull(MammogramViewerError):
    """No space is left for the bytes; nothing was kept."""

    default_code = "storage_full"


class StartupProblem(MammogramViewerError):
    """The program cannot start; `detail` is one line that names the mend. Shell only."""

    default_code = "cannot_start"
