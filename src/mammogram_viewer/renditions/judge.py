"""Whether the files that a child speaks of are its own and what it says they are.

A child that a hostile file has taken over may name a path elsewhere, another patient's original for one: publishing
moves files, so it would be gone. Or it may call a page of scripts a rendition."""

from __future__ import annotations

import stat
from itertools import pairwise
from pathlib import Path

from mammogram_viewer.imaging.order import BaseKind, RenderOrder
from mammogram_viewer.imaging.render import Rendered, RenderedFile

_CONTENT_TYPES: dict[BaseKind, str] = {
    "png8": "image/png",
    "png16": "image/png",
    "thumbnail512": "image/webp",
    "thumbnail256": "image/webp",
    "htj2k": "image/jphc",
    "greyscale": "application/json",
    "tags": "application/dicom+json",
}
# Plain pictures have no header to tell of and no codestream for the viewer; those in colour no scale of greys.
_NOT_OF_PICTURES: frozenset[BaseKind] = frozenset({"tags", "htj2k", "greyscale"})


def is_as_told(rendered: Rendered, order: RenderOrder, folder: Path) -> bool:
    """Each kind of the order once, under a plain name in the child's own folder, a regular file of the size that was
    told; of a report nothing but its tags."""
    allowed = {order.kind(base): content_type for base, content_type in _CONTENT_TYPES.items() if base in order.kinds}
    if rendered.header.object_kind == "image":
        needed = {order.kind(base) for base in order.kinds if base not in _NOT_OF_PICTURES}
    else:
        allowed = {kind: content_type for kind, content_type in allowed.items() if kind == "tags"}
        needed = {"tags"}
    kinds = [file.kind for file in rendered.files]
    return (
        len(set(kinds)) == len(kinds)
        and set(kinds) >= needed
        and all(allowed.get(file.kind) == file.content_type and _is_own(file, folder) for file in rendered.files)
    )


def _is_own(file: RenderedFile, folder: Path) -> bool:
    if file.file_name != Path(file.file_name).name:
        return False
    try:
        found = (folder / file.file_name).lstat()
    except OSError:
        return False
    plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_size == file.byte_count
    return plain and _fills(file.frame_offsets, file.byte_count)


def _fills(frame_offsets: tuple[int, ...] | None, byte_count: int) -> bool:
    """Whether the frames lie one behind the other and fill the file."""
    if frame_offsets is None:
        return True
    if len(frame_offsets) < 2 or frame_offsets[0] != 0 or frame_offsets[-1] != byte_count:
        return False
    return all(start < stop for start, stop in pairwise(frame_offsets))
