"""Wire shapes of acts on many images at once."""

from __future__ import annotations

from mammogram_viewer.foundation.refusals import Refusal
from mammogram_viewer.foundation.wire import Wire, WireRequest


class NamedImages(WireRequest, frozen=True):
    """The images that are meant; one named twice counts once."""

    image_ids: list[int]


class DeletedImages(Wire, frozen=True):
    """`POST /api/images/restore` brings them back until `undoUntil`."""

    deleted: list[int]
    refused: list[Refusal]
    undo_until: str


class RestoredImages(Wire, frozen=True):
    restored: list[int]
    refused: list[Refusal]


class QueuedImages(Wire, frozen=True):
    queued: list[int]
    refused: list[Refusal]
