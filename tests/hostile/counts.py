"""Lying numbers of the Image Pixel module (PS3.3 C.7.6.3), native and compressed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hostile.clean import PLAIN, twin
from hostile.files import MUST_FAIL, NO_REDUNDANCY, SAID_OR_REFUSED, SAME_OR_REFUSED, Allowed, HostileFile
from hostile.parts import COLUMNS, ROWS, element, parts, setting, short
from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_IMAGE_FRAME,
    EXPLICIT_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
    JPEG_XL_LOSSLESS,
    RLE_LOSSLESS,
)

_SYNTAXES = (
    EXPLICIT_LITTLE_ENDIAN, RLE_LOSSLESS, DEFLATED_IMAGE_FRAME, JPEG_BASELINE, JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, JPEG_XL_LOSSLESS,
)  # fmt: skip
# Without a size of their own: other numbers with the same product are another valid picture.
_SIZELESS = (EXPLICIT_LITTLE_ENDIAN, RLE_LOSSLESS, DEFLATED_IMAGE_FRAME)

_EVERYWHERE: dict[str, dict[str, Any]] = {
    "one_row_more": {"Rows": ROWS + 1},
    "one_row_less": {"Rows": ROWS - 1},
    "one_column_more": {"Columns": COLUMNS + 1},
    "no_rows": {"Rows": 0},
    "no_columns": {"Columns": 0},
    "rows_missing": {"Rows": None},
    "most_rows_and_columns": {"Rows": 65_535, "Columns": 65_535},
    "two_frames": {"NumberOfFrames": "2"},
    "most_frames": {"NumberOfFrames": "2147483647"},
    "over_frames": {"NumberOfFrames": "513"},
    "minus_frames": {"NumberOfFrames": "-1"},
    "three_samples": {"SamplesPerPixel": 3},
    "no_samples": {"SamplesPerPixel": 0},
    "two_samples": {"SamplesPerPixel": 2},
    "32_bits_allocated": {"BitsAllocated": 32},
    "1_bit_allocated": {"BitsAllocated": 1},
    "no_bits_allocated": {"BitsAllocated": 0},
    "more_stored_than_allocated": {"BitsStored": 17, "HighBit": 16},
    "no_bits_stored": {"BitsStored": 0},
    "colour": {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3, "PlanarConfiguration": 0},
    "unknown_photometric": {"PhotometricInterpretation": "MONOCHROME3"},
    "photometric_missing": {"PhotometricInterpretation": None},
}
_ONCE: dict[str, tuple[Allowed, dict[str, Any]]] = {
    "12_bits_allocated": (MUST_FAIL, {"BitsAllocated": 12}),
    "64_bits_allocated": (MUST_FAIL, {"BitsAllocated": 64, "BitsStored": 64, "HighBit": 63}),
    "8_bits_allocated": (MUST_FAIL, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}),
    "high_bit_below": (MUST_FAIL, {"HighBit": 5}),
    "high_bit_above": (MUST_FAIL, {"HighBit": 16}),
    "high_bit_most": (MUST_FAIL, {"HighBit": 65_535}),
    "representation_2": (SAID_OR_REFUSED, {"PixelRepresentation": 2}),
    "frames_0": (SAME_OR_REFUSED, {"NumberOfFrames": "0"}),
    "frames_text": (MUST_FAIL, {"NumberOfFrames": "1.5"}),
    "samples_missing": (SAME_OR_REFUSED, {"SamplesPerPixel": None}),
    # Stored values have bits beyond BitsStored: masking them would turn white into black.
    "10_bits_stored": (SAID_OR_REFUSED, {"BitsStored": 10, "HighBit": 9}),
    "8_bits_stored": (SAID_OR_REFUSED, {"BitsStored": 8, "HighBit": 7}),
    # Another sign or another bit position is another valid picture.
    "signed": (NO_REDUNDANCY, {"PixelRepresentation": 1}),
    "high_bit_15": (NO_REDUNDANCY, {"HighBit": 15}),
    "palette": (MUST_FAIL, {"PhotometricInterpretation": "PALETTE COLOR"}),
    "ybr_ict": (MUST_FAIL, {"PhotometricInterpretation": "YBR_ICT", "SamplesPerPixel": 3}),
    "ybr_422_odd": (
        MUST_FAIL,
        {"PhotometricInterpretation": "YBR_FULL_422", "SamplesPerPixel": 3, "Columns": 95, "PlanarConfiguration": 0},
    ),
}


def count_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for uid in _SYNTAXES:
        for name, lies in _EVERYWHERE.items():
            yield _lying(uid, name, MUST_FAIL, lies)
        turned = NO_REDUNDANCY if uid in _SIZELESS else MUST_FAIL
        yield _lying(uid, "rows_and_columns_swapped", turned, {"Rows": COLUMNS, "Columns": ROWS})
        yield _lying(uid, "one_long_row", turned, {"Rows": 1, "Columns": ROWS * COLUMNS})
    for name, (allowed, lies) in _ONCE.items():
        yield _lying(EXPLICIT_LITTLE_ENDIAN, name, allowed, lies)
    for uid in (JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_LOSSLESS_FIRST_ORDER, HTJ2K_LOSSLESS):
        yield _lying(uid, "10_bits_stored", MUST_FAIL, {"BitsStored": 10, "HighBit": 9})
        yield _lying(uid, "16_bits_stored", SAID_OR_REFUSED, {"BitsStored": 16, "HighBit": 15})
        yield _lying(uid, "8_bits_allocated", MUST_FAIL, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7})
    for name, values in (("two_values", b"\x80\0\x80\0"), ("nothing", b""), ("three_bytes", b"\x80\0\0")):
        yield HostileFile(
            name=f"lying_count/rows_of_{name}",
            allowed=SAME_OR_REFUSED,
            make=lambda values=values: parts().with_element(0x00280010, element(0x00280010, "US", values)).to_bytes(),
            twin=PLAIN,
        )


def _lying(uid: str, name: str, allowed: Allowed, lies: dict[str, Any]) -> HostileFile:
    return HostileFile(
        name=f"lying_count/{short(uid)}/{name}",
        allowed=allowed,
        make=lambda: parts(uid, setting(**lies)).to_bytes(),
        twin=twin(uid),
    )
