"""Whether the files that a child speaks of are its own and what it says they are.

A child that a hostile file has taken over may name a path elsewhere, another patient's original for one: publishing
moves files, so it would be gone. Or it may call a page of scripts a rendition."""

from __future__ import annotations

import stat
from pathlib import Path

from mammogram_viewer.imaging.render import RenderedFile

_CONTENT_TYPES = {
    "png8": "image/png",
    "thumbnail512": "image/webp",
    "thumbnail256": "image/webp",
    "tags": "application/dicom+json",
}
_ALWAYS = {"png8", "thumbnail512", "thumbnail256"}


def is_as_told(files: tuple[RenderedFile, ...], folder: Path) -> bool:
    """Each kind once, under a plain name in the child's own folder, a regular file of the size that was told."""
    kinds = [file.kind for file in files]
    return len(set(kinds)) == len(kinds) and set(kinds) >= _ALWAYS and all(_is_own(file, folder) for file in files)


def _is_own(file: RenderedFile, folder: Path) -> bool:
    if _CONTENT_TYPES.get(file.kind) != file.content_type or file.file_name != Path(file.file_name).name:
        return False
    try:
        found = (folder / file.file_name).lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_size == file.byte_count
