"""A resumable upload between its creation and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Status = Literal["receiving", "finished", "refused"]


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """What its sender announces. `sha256` is of the whole file, None where nothing is promised."""

    id: str
    user_id: int
    folder_id: UUID
    byte_count: int
    original_name: str
    metadata: str
    sha256: bytes | None
    priority: int


@dataclass(frozen=True, kw_only=True)
class ResumableUpload(NewUpload):
    """One row of `resumable_uploads`. `answer` is null while it is receiving."""

    status: Status
    answer: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime
    expired: bool
