"""Packets that are missing from a JPEG 2000 codestream, or left over in it, are found; whole ones are left in peace."""

from __future__ import annotations

import io
import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.jpeg2000_end import check_packets_fill

NOISE = np.random.default_rng(1).integers(0, 4096, (128, 96)).astype(np.uint16)
ENCODERS = {
    "j2k": lambda: imagecodecs.jpeg2k_encode(NOISE, level=0, codecformat="j2k", reversible=True, bitspersample=12),
    "htj2k": lambda: imagecodecs.htj2k_encode(NOISE, resolutions=3, reversible=True, tlm=True),
}


def code_of(frame: bytes) -> str | None:
    try:
        check_packets_fill(frame)
    except Refused as refused:
        return refused.code
    return None


def put(frame: bytes, marker: bytes, offset: int, value: bytes) -> bytes:
    where = frame.index(marker) + offset
    return frame[:where] + value + frame[where + len(value) :]


@pytest.mark.parametrize("codec", ENCODERS)
def test_a_codestream_under_another_size_layers_or_levels_is_refused(codec):
    frame = bytes(ENCODERS[codec]())
    assert code_of(frame) is None
    for rows, columns in ((8000, 8000), (1, 65_500), (65_500, 1), (200, 300)):
        lie = struct.pack(">LLLLLL", columns, rows, 0, 0, columns, rows)
        assert code_of(put(frame, b"\xff\x51", 6, lie)) is not None, (rows, columns)
    assert code_of(put(frame, b"\xff\x52", 6, b"\xff\xff")) == "codestream_truncated"
    assert code_of(put(frame, b"\xff\x52", 9, b"\x20")) is not None


@st.composite
def pictures(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, Any]]:
    """Flat and noisy, in one tile or many, with layers, precincts and each order of packets."""
    rows, columns = draw(st.integers(20, 200)), draw(st.integers(20, 200))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    noise = random.integers(0, 256, (rows, columns)) * draw(st.sampled_from([0, 1]))
    noise[:, : draw(st.integers(0, columns))] = draw(st.integers(0, 255))
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    options: dict[str, Any] = {
        "progression": draw(st.sampled_from(["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])),
        "num_resolutions": draw(st.integers(1, 6)),
        "quality_layers": sorted(draw(st.lists(st.sampled_from([1, 2, 5, 20, 80]), max_size=4)), reverse=True),
        "plt": draw(st.booleans()),
    }
    if draw(st.booleans()):
        options["tile_size"] = (draw(st.integers(16, 100)),) * 2
    if draw(st.booleans()):
        options["precinct_size"] = (64, 64)
    return noise.astype(dtype), options


@given(pictures())
@settings(max_examples=80, deadline=None)
def test_what_an_encoder_wrote_is_never_refused(drawn):
    array, options = drawn
    target = io.BytesIO()
    try:
        Image.fromarray(array).save(target, "JPEG2000", no_jp2=True, **options)
    except OSError:  # the encoder does not take tiles that are smaller than their resolutions
        reject()
    assert code_of(target.getvalue()) is None


def test_each_tile_that_lacks_packets_is_found():
    target = io.BytesIO()
    Image.fromarray(NOISE).save(target, "JPEG2000", no_jp2=True, tile_size=(48, 64), num_resolutions=3)
    frame = target.getvalue()
    assert code_of(frame) is None
    # Each tile but one keeps its packets; the coding segment of the last one asks for a layer more.
    last = frame.rindex(b"\xff\x90")
    coding = frame[frame.index(b"\xff\x52") :][: 2 + int.from_bytes(frame[frame.index(b"\xff\x52") + 2 :][:2], "big")]
    more = coding[:6] + b"\x00\x09" + coding[8:]
    length = int.from_bytes(frame[last + 6 : last + 10], "big") + len(more)
    lying = frame[: last + 6] + length.to_bytes(4, "big") + frame[last + 10 : last + 12] + more + frame[last + 12 :]
    assert code_of(lying) == "codestream_truncated"
