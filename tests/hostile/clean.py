"""The undamaged twins: one file a syntax and a kind of picture. All must be shown."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from hostile.files import CLEAN, HostileFile
from hostile.parts import ENCAPSULATED, NATIVE, parts, short
from mammogram_viewer.dicom.syntaxes import EXPLICIT_LITTLE_ENDIAN

PLAIN = f"clean/{short(EXPLICIT_LITTLE_ENDIAN)}"


def twin(uid: str) -> str:
    return f"clean/{short(uid)}"


def picture(kind: str, side: int = 96, *, grey: bool = True, **options: object) -> bytes:
    """A plain picture with something in it."""
    shades = np.add.outer(np.arange(side) * 2, np.arange(side)) % 256
    values = shades.astype(np.uint8)
    image = Image.fromarray(values if grey else np.dstack([values, values.T, values[::-1]]))
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def clean_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for uid in (*NATIVE, *ENCAPSULATED):
        yield HostileFile(name=twin(uid), allowed=CLEAN, make=lambda uid=uid: parts(uid).to_bytes())
    for kind in ("png", "jpeg", "tiff"):
        yield HostileFile(
            name=f"clean/{kind}", allowed=CLEAN, make=lambda kind=kind: picture(kind), file_name=f"picture.{kind}"
        )
