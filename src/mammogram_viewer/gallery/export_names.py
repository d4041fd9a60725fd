"""Names inside a ZIP of originals, and its manifest. The names are those under which the files came, made harmless for
whoever unpacks them on whatever system; nothing of a patient is added."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

from mammogram_viewer.archive.standing import Original

MANIFEST = "manifest.csv"
MAX_CHARACTERS = 120
# What Windows refuses in names, or reads as a device.
_REFUSED = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_HOSTILE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_ENDINGS = {"dicom": ".dcm", "png": ".png", "jpeg": ".jpg", "tiff": ".tif"}
_COLUMNS = (
    "file", "imageId", "state", "sha256", "byteCount", "fileType", "modality", "laterality", "viewPosition",
    "studyInstanceUid", "sopInstanceUid",
)  # fmt: skip


def harmless(name: str, *, ending: str, otherwise: str) -> str:
    """One path component: no separators, control or direction characters, no device names, not too long, with an
    ending; `otherwise` when nothing is left."""
    text = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in _HOSTILE)
    text = _REFUSED.sub("_", " ".join(text.split())).strip(". ")  # spaces of every kind are plain ones
    stem, dot, suffix = text.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", suffix):
        stem, suffix = text, ending.removeprefix(".")
    stem = stem[: MAX_CHARACTERS - len(suffix) - 1].rstrip(". ") or otherwise
    text = f"{stem}.{suffix}"
    return f"_{text}" if _DEVICES.fullmatch(text) else text


def names_of(originals: list[Original]) -> dict[int, str]:
    """A path for each image, by its id: a folder an exam, and no two alike, not even where case does not count."""
    taken: set[str] = {MANIFEST}
    names: dict[int, str] = {}
    for original in originals:
        folder = "no exam" if original.exam_id is None else f"exam {original.exam_id}"
        name = harmless(original.original_name, ending=_ENDINGS[original.file_type], otherwise=f"image {original.id}")
        path = f"{folder}/{name}"
        if path.casefold() in taken:
            stem, _, suffix = name.rpartition(".")
            path = f"{folder}/{stem} ({original.id}).{suffix}"  # ids are never given twice
        while path.casefold() in taken:
            stem, _, suffix = path.rpartition(".")
            path = f"{stem}_.{suffix}"
        taken.add(path.casefold())
        names[original.id] = path
    return names


def manifest(originals: list[Original], names: dict[int, str], left_out: list[int]) -> bytes:
    """CSV in UTF-8: each file with its digest; last, the images that were deleted since the export was asked for."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for one in originals:
        row = (
            names[one.id], one.id, "included", one.sha256.hex(), one.byte_count, one.file_type, one.modality,
            one.laterality, one.view_position, one.study_instance_uid, one.sop_instance_uid,
        )  # fmt: skip
        writer.writerow([_cell(value) for value in row])
    for image_id in left_out:
        writer.writerow(["", image_id, "left out: deleted", *[""] * (len(_COLUMNS) - 3)])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """A spreadsheet must not take a name for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
