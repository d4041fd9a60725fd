"""The header as DICOM JSON (PS3.18 annex F), bounded: bulk values become their byte count, long values are
cut. Lookup tables of grey scales stay whole, as InlineBinary, because a viewer cannot do without.

It is shown to people, so every string is cleaned and every number is one that JSON has."""

from __future__ import annotations

import json
import math
import struct
from base64 import b64encode
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.reader import PYDICOM_TROUBLE, DicomObject
from mammogram_viewer.dicom.values import clean_text

_BULK_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW", "US or OW", "US or SS or OW"})
_NUMBER_VRS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV", "US or SS"})
MAX_VALUE_CHARACTERS = 4096
MAX_VALUES = 256
MAX_ITEMS = 1024
MAX_LUT_BYTES = 4 * 1024 * 1024  # of all tables of an object; real ones hold some hundred thousand
_LUT_DATA = 0x00283006


def tags_json(found: DicomObject, limits: RenderLimits) -> bytes:
    """UTF-8 DICOM JSON of the file meta group and the data set, pixels as {"vr", "byteCount"}."""
    luts = _Luts(little_endian=found.syntax.little_endian)
    model = _dataset_model(found.file_meta, limits.nesting, luts) | _dataset_model(found.dataset, limits.nesting, luts)
    for span in found.left_out:
        # Implicit VR has none written down; what is that long is bulk.
        model[f"{span.tag:08X}"] = {"vr": span.vr or "OW", "byteCount": span.end - span.value_start}
    ordered = dict(sorted(model.items()))
    return json.dumps(ordered, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


class _Luts:
    """What may still be given of lookup tables."""

    def __init__(self, *, little_endian: bool) -> None:
        self._little_endian = little_endian
        self._room_bytes = MAX_LUT_BYTES

    def model(self, element: DataElement) -> dict[str, Any] | None:
        """LUT Data as OW in little endian (PS3.18 F.2.7), whichever of its VRs the file chose; None for a table that
        is short enough to be listed, too long, or none."""
        value = element.value
        if isinstance(value, bytes):
            words = value
            if not self._little_endian:
                words = struct.pack(f"<{len(value) // 2}H", *struct.unpack(f">{len(value) // 2}H", value))
        elif isinstance(value, MultiValue | list | tuple) and len(value) > MAX_VALUES:
            words = struct.pack(f"<{len(value)}H", *(int(one) & 0xFFFF for one in value))
        else:
            return None
        if len(words) > self._room_bytes:
            return None
        self._room_bytes -= len(words)
        return {"vr": "OW", "InlineBinary": b64encode(words).decode()}


def _dataset_model(dataset: Dataset, depth: int, luts: _Luts) -> dict[str, Any]:
    model: dict[str, Any] = {}
    for tag in sorted(dataset.keys()):
        try:
            model[f"{int(tag):08X}"] = _element_model(dataset[tag], depth, luts)
        except PYDICOM_TROUBLE:
            raw = dataset._dict.get(tag)  # what pydicom could not convert is still told apart by its length
            model[f"{int(tag):08X}"] = {"vr": "UN", "byteCount": len(getattr(raw, "value", None) or b"")}
    return model


def _element_model(element: DataElement, depth: int, luts: _Luts) -> dict[str, Any]:
    vr, value = str(element.VR), element.value
    if vr == "SQ":
        if depth <= 0:
            return {"vr": vr, "cut": True}
        return _cut(
            {"vr": vr},
            [_dataset_model(item, depth - 1, luts) for item in list(value or [])[:MAX_ITEMS]],
            len(value or []),
        )
    table = luts.model(element) if int(element.tag) == _LUT_DATA else None
    if table is not None:
        return table
    if isinstance(value, bytes):
        return {
            "vr": vr if vr in _BULK_VRS and " " not in vr else "OW" if " or " in vr else "UN",
            "byteCount": len(value),
        }
    vr = vr.split(" or ")[0]
    if value is None or value == "":
        return {"vr": vr}
    several = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    return _cut({"vr": vr}, [_value_model(vr, one) for one in several[:MAX_VALUES]], len(several))


def _cut(model: dict[str, Any], kept: list[Any], count: int) -> dict[str, Any]:
    if kept:
        model["Value"] = kept
    if len(kept) < count:
        model["valueCount"] = count
    return model


def _value_model(vr: str, value: Any) -> Any:
    if isinstance(value, PersonName):
        groups = {
            "Alphabetic": _text(value.alphabetic),
            "Ideographic": _text(value.ideographic),
            "Phonetic": _text(value.phonetic),
        }
        return {name: text for name, text in groups.items() if text}
    if vr == "AT":
        return f"{int(value):08X}"
    if vr in _NUMBER_VRS:
        number = float(value)
        if not math.isfinite(number):
            return None
        return int(value) if number.is_integer() and abs(number) < 2**53 else number
    return _text(value)


def _text(value: object) -> str:
    text = clean_text(value, max_characters=MAX_VALUE_CHARACTERS + 1)
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[:MAX_VALUE_CHARACTERS] + "…"
