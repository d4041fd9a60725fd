"""Lies about grey and colour: windows, VOI and Modality LUTs, rescale, padding, palettes.

A broken table must not quietly become another grey scale: the file is refused, or the record says what was done."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from pydicom.dataset import Dataset

from hostile.clean import PLAIN
from hostile.files import CLEAN, MUST_FAIL, SAID_OR_REFUSED, VALID_NONSENSE, Allowed, HostileFile
from hostile.parts import PIXEL_DATA, element, item, parts, setting

_PALETTE = "clean/palette"
_VOI, _MODALITY = 0x00283010, 0x00283000
_DESCRIPTOR, _DATA = 0x00283002, 0x00283006
# Nonsense, but valid: the standard says exactly what to make of it, and the picture follows.
_ODD_BUT_SAID: dict[str, Allowed] = dict.fromkeys(
    ("one_entry", "first_beyond", "data_as_text", "intercept_huge", "slope_tiny", "slope_huge"), VALID_NONSENSE
)
_ENTRIES = struct.pack("<4096H", *range(4096))


def grey_files(seed: int) -> Iterator[HostileFile]:
    del seed
    for sequence, name in ((_VOI, "voi_lut"), (_MODALITY, "modality_lut")):
        for lie, made in _tables().items():
            yield _file(
                f"{name}/{lie}", _ODD_BUT_SAID.get(lie, SAID_OR_REFUSED), sequence, element(sequence, "SQ", made)
            )
    for lie, (tag, value) in _values().items():
        yield _file(f"value/{lie}", _ODD_BUT_SAID.get(lie, SAID_OR_REFUSED), tag, value)
    for lie, change in _combinations().items():
        yield HostileFile(
            name=f"grey_lie/{lie}",
            allowed=SAID_OR_REFUSED,
            make=lambda change=change: parts(change=change).to_bytes(),
            twin=PLAIN,
        )
    palettes = _palettes()
    yield HostileFile(name=_PALETTE, allowed=CLEAN, make=palettes.pop("right"))
    for lie, make in palettes.items():
        # The number of bits may be told from the entries; a table that is not there may not be guessed.
        allowed = SAID_OR_REFUSED if lie.startswith("bits_") else MUST_FAIL
        yield HostileFile(name=f"palette_lie/{lie}", allowed=allowed, make=make, twin=_PALETTE)


def _file(name: str, allowed: Allowed, tag: int, encoded: bytes) -> HostileFile:
    return HostileFile(
        name=f"grey_lie/{name}",
        allowed=allowed,
        make=lambda: parts(change=_without_voi if tag == _VOI else None).with_element(tag, encoded).to_bytes(),
        twin=PLAIN,
    )


def _without_voi(ds: Dataset) -> None:
    """Windows away, so that a broken VOI LUT has nothing to hide behind but a guess."""
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction", "WindowCenterWidthExplanation"):
        if keyword in ds:
            delattr(ds, keyword)


def _lut(descriptor: bytes, entries: bytes, *, vr: str = "US", length: int | None = None) -> bytes:
    return element(_DESCRIPTOR, "US", descriptor) + element(_DATA, vr, entries, length=length)


def _tables() -> dict[str, bytes]:
    def described(count: int, first: int, bits: int) -> bytes:
        return struct.pack("<3H", count, first, bits)

    return {
        "no_item": b"",
        "empty_item": item(b""),
        "no_data": item(element(_DESCRIPTOR, "US", described(4096, 0, 12))),
        "no_descriptor": item(element(_DATA, "US", _ENTRIES)),
        "empty_data": item(_lut(described(4096, 0, 12), b"")),
        "fewer_entries": item(_lut(described(4096, 0, 12), _ENTRIES[:4000])),
        "more_entries": item(_lut(described(100, 0, 12), _ENTRIES)),
        "65536_entries_claimed": item(_lut(described(0, 0, 12), _ENTRIES)),
        "one_entry": item(_lut(described(1, 0, 12), b"\x20\1")),
        "first_beyond": item(_lut(described(4096, 60_000, 12), _ENTRIES)),
        "bits_0": item(_lut(described(4096, 0, 0), _ENTRIES)),
        "bits_200": item(_lut(described(4096, 0, 200), _ENTRIES)),
        "bits_8_with_12": item(_lut(described(4096, 0, 8), _ENTRIES)),
        "bits_16_with_12": item(_lut(described(4096, 0, 16), _ENTRIES)),
        "two_numbers": item(_lut(described(4096, 0, 12)[:4], _ENTRIES)),
        "four_numbers": item(_lut(described(4096, 0, 12) + b"\1\0", _ENTRIES)),
        "odd_words": item(_lut(described(4096, 0, 12), _ENTRIES[:-1], vr="OW")),
        "data_as_text": item(_lut(described(4, 0, 12), b"0\\10\\200\\4000", vr="DS")),
        "descriptor_as_text": item(element(_DESCRIPTOR, "LO", b"4096\\0\\12 ") + element(_DATA, "US", _ENTRIES)),
    }


def _values() -> dict[str, tuple[int, bytes]]:
    found: dict[str, tuple[int, bytes]] = {}
    odd = {
        "text": b"abc ", "nan": b"NaN ", "infinite": b"inf ", "minus_infinite": b"-inf", "huge": b"1e308 ",
        "tiny": b"1e-308", "empty": b"", "hexadecimal": b"0x10", "comma": b"1,5 ", "backslashes": b"\\\\\\\\",
        "overflowing": b"1e9999", "control": b"1\0\0002",
    }  # fmt: skip
    for keyword, tag in (
        ("center", 0x00281050), ("width", 0x00281051), ("intercept", 0x00281052), ("slope", 0x00281053),
    ):  # fmt: skip
        for name, value in odd.items():
            found[f"{keyword}_{name}"] = (tag, element(tag, "DS", value))
    found |= {
        "width_0": (0x00281051, element(0x00281051, "DS", b"0 ")),
        "width_minus": (0x00281051, element(0x00281051, "DS", b"-500")),
        "slope_0": (0x00281053, element(0x00281053, "DS", b"0 ")),
        "function_unknown": (0x00281056, element(0x00281056, "CS", b"COSINE")),
        "function_two": (0x00281056, element(0x00281056, "CS", b"LINEAR\\SIGMOID ")),
        "shape_unknown": (0x20500020, element(0x20500020, "CS", b"UPSIDE_DOWN ")),
        "padding_text": (0x00280120, element(0x00280120, "LO", b"none")),
        "padding_two": (0x00280120, element(0x00280120, "US", b"\0\0\1\0")),
        "padding_all": (0x00280121, element(0x00280121, "US", b"\xff\xff")),
    }
    return found


def _combinations() -> dict[str, Callable[[Dataset], None]]:
    # No shape_contradicts (MONOCHROME2 with INVERSE): such files exist, and the standard says what is meant.
    return {
        "more_centers_than_widths": setting(WindowCenter=[1556] * 3, WindowWidth=[2252]),
        "no_widths": setting(WindowWidth=None),
        "no_centers": setting(WindowCenter=None),
        "no_slope": setting(RescaleSlope=None),
        "no_intercept": setting(RescaleIntercept=None),
    }


def _palettes() -> dict[str, Callable[[], bytes]]:
    red, green, blue = 0x00281101, 0x00281102, 0x00281103

    def palette(descriptors: list[tuple[int, int, int]], data: list[bytes], **more: Any) -> Callable[[], bytes]:
        def make() -> bytes:
            change = setting(
                PhotometricInterpretation="PALETTE COLOR", BitsAllocated=8, BitsStored=8, HighBit=7,
                PixelPaddingValue=None, **more,
            )  # fmt: skip
            made = parts(change=change, pixels=element(PIXEL_DATA, "OB", bytes(range(256)) * 48))
            for tag, numbers in zip((red, green, blue), descriptors, strict=False):
                made = made.with_element(tag, element(tag, "US", struct.pack("<3H", *numbers)))
            for tag, value in zip((red + 0x100, green + 0x100, blue + 0x100), data, strict=False):
                made = made.with_element(tag, element(tag, "OW", value))
            return made.to_bytes()

        return make

    ramp = struct.pack("<256H", *range(0, 65_536, 256))
    right = (256, 0, 16)
    return {
        "right": palette([right] * 3, [ramp] * 3),
        "no_tables": palette([], []),
        "no_data": palette([right] * 3, []),
        "no_descriptors": palette([], [ramp] * 3),
        "only_red": palette([right], [ramp]),
        "no_blue_data": palette([right] * 3, [ramp] * 2),
        "fewer_entries": palette([right] * 3, [ramp[:100]] * 3),
        "more_entries": palette([(10, 0, 16)] * 3, [ramp] * 3),
        "empty": palette([right] * 3, [b""] * 3),
        "bits_0": palette([(256, 0, 0)] * 3, [ramp] * 3),
        "bits_7": palette([(256, 0, 7)] * 3, [ramp] * 3),
        "bits_99": palette([(256, 0, 99)] * 3, [ramp] * 3),
        "65536_entries_claimed": palette([(0, 0, 16)] * 3, [ramp] * 3),
        "uneven": palette([right, (128, 0, 16), (64, 0, 16)], [ramp, ramp[:256], ramp[:128]]),
        "uneven_data": palette([right] * 3, [ramp, ramp[:256], ramp[:128]]),
        "over_native_16_bits": lambda: parts(
            change=setting(PhotometricInterpretation="PALETTE COLOR", PixelPaddingValue=None)
        ).to_bytes(),
    }
