"""Codestreams that lie about themselves are refused by their headers, before any decoder sees them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from mammogram_viewer.dicom.codestreams import read_codestream, read_jpeg, read_jpeg_2000, read_jpeg_xl
from mammogram_viewer.dicom.frames import check_every_frame, read_frame
from mammogram_viewer.dicom.limits import RenderLimits
from mammogram_viewer.dicom.pixels import describe_pixels
from mammogram_viewer.dicom.reader import open_object
from mammogram_viewer.dicom.syntaxes import (
    DEFLATED_IMAGE_FRAME,
    HTJ2K_LOSSLESS,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_FIRST_ORDER,
    JPEG_LS_LOSSLESS,
    JPEG_XL_LOSSLESS,
    RLE_LOSSLESS,
    transfer_syntax,
)
from mammogram_viewer.foundation.reasons import Refused
from mammogram_viewer.imaging.decode import decode_frame
from mammogram_viewer.synthetic.encode import encapsulated, encode_frame
from unit.dicom.builders import image_dataset, write

WORDS = (np.arange(40 * 30).reshape(40, 30) % 4096).astype(np.uint16)
BYTES = (WORDS >> 3).astype(np.uint8)
WITH_HEADER = [
    JPEG_BASELINE, JPEG_LOSSLESS_FIRST_ORDER, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, JPEG_XL_LOSSLESS,
]  # fmt: skip


def refusal(read: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(Refused) as refused:
        read(*arguments, **options)
    return refused.value.code


def opened(folder: Path, uid: str, value: bytes, frames: int = 1, **attributes: Any) -> tuple[list[str], list[bytes]]:
    """Doubts and frames of an 8-bit file around the encapsulated `value`."""
    ds = image_dataset(BYTES, transfer_syntax_uid=uid, frames=[b"\0\0"], NumberOfFrames=frames, **attributes)
    ds.PixelData = value
    doubts: list[str] = []
    with open_object(write(folder / "a.dcm", ds), str(folder), RenderLimits()) as found:
        pixels = describe_pixels(found, RenderLimits())
        check_every_frame(found, pixels, doubts)
        return doubts, [bytes(read_frame(found, pixels, index, [])) for index in range(frames)]


@pytest.mark.parametrize("uid", WITH_HEADER)
@pytest.mark.parametrize("shape", [(1, 1), (40, 30), (256, 8), (300, 200), (9000, 3)])
def test_size_depth_and_components_are_read_from_the_header(uid, shape):
    codec = transfer_syntax(uid).codec
    random = np.random.default_rng(1)
    depths = {JPEG_BASELINE: (8,), JPEG_LS_LOSSLESS: (8, 16)}.get(uid, (8, 12, 16))
    for bits in depths:
        words = random.integers(0, 1 << bits, shape).astype(np.uint8 if bits == 8 else np.uint16)
        header = read_codestream(encode_frame(words, bits, uid), codec, most_tile_parts=100)
        assert (header.rows, header.columns, header.components, header.bits) == (*shape, 1, bits)
    colour = random.integers(0, 256, (*shape, 3), np.uint8)
    assert read_codestream(encode_frame(colour, 8, uid), codec, most_tile_parts=100).components == 3


@pytest.mark.parametrize("uid", WITH_HEADER)
def test_mutated_and_cut_headers_never_raise_anything_else(uid):
    frame = encode_frame(BYTES, 8, uid)
    random = np.random.default_rng(3)
    for _ in range(300):
        mutant = bytearray(frame[: random.integers(1, len(frame))] if random.random() < 0.3 else frame)
        for position in random.integers(0, min(len(mutant), 150), 3):
            mutant[position] = random.integers(256)
        try:
            read_codestream(bytes(mutant), transfer_syntax(uid).codec, most_tile_parts=100)
        except Refused as refused:
            assert refused.code.startswith(("codestream", "over_tiles"))


def test_jpeg_lines_put_off_to_the_end_are_refused():
    frame = encode_frame(BYTES, 8, JPEG_BASELINE)
    size = frame.index(b"\xff\xc0") + 5
    without = frame[:size] + b"\0\0" + frame[size + 2 : -2] + b"\xff\xdc\x00\x04\x00\x28\xff\xd9"
    assert refusal(read_jpeg, without) == "codestream_mismatch"


def test_a_component_that_is_coded_in_many_scans_is_refused():
    frame = encode_frame(BYTES, 8, JPEG_BASELINE)
    scan = frame[frame.index(b"\xff\xda") : -2]
    assert refusal(read_jpeg, frame[:-2] + scan * 1000 + b"\xff\xd9") == "codestream_mismatch"
    colour = encode_frame(np.dstack([BYTES] * 3), 8, JPEG_BASELINE)
    start = colour.index(b"\xff\xda")
    one = b"\xff\xda\x00\x08\x01" + colour[start + 5 : start + 7] + b"\x00\x3f\x00" + b"\x12"
    assert refusal(read_jpeg, colour[:start] + one + b"\xff\xd9") == "codestream_mismatch"  # two are never coded


def test_missing_and_misplaced_restart_markers_are_refused():
    frame = encode_frame(BYTES, 8, JPEG_BASELINE)
    scan = frame.index(b"\xff\xda")
    promised = frame[:scan] + b"\xff\xdd\x00\x04\x00\x04" + frame[scan:]  # 20 blocks, every 4: 4 markers
    assert refusal(read_jpeg, promised) == "codestream_truncated"
    bits = scan + 2 + int.from_bytes(frame[scan + 2 : scan + 4], "big")
    markers = b"".join(b"\x12\xff" + bytes([0xD0 + number]) for number in range(4))
    kept = promised[: bits + 6] + markers + promised[bits + 6 :]
    assert read_jpeg(kept).rows == 40
    assert refusal(read_jpeg, kept.replace(b"\xff\xd1", b"\xff\xd5")) == "codestream_mismatch"
    assert refusal(read_jpeg, frame[:bits] + markers + frame[bits:]) == "codestream_mismatch"


def test_jpeg_ls_mapping_tables_are_refused():
    frame = bytearray(encode_frame(BYTES, 8, JPEG_LS_LOSSLESS))
    scan = frame.index(b"\xff\xda")
    frame[scan + 6] = 1
    assert refusal(read_jpeg, bytes(frame)) == "codestream_mismatch"


def test_bits_that_end_before_the_samples_do_are_noticed_in_every_jpeg():
    random = np.random.default_rng(4)
    for words in (random.integers(0, 4096, (64, 48)), np.pad(random.integers(0, 4096, (40, 48)), ((0, 24), (0, 0)))):
        for uid in (JPEG_BASELINE, JPEG_LOSSLESS_FIRST_ORDER, "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57"):
            stored = (words >> 4).astype(np.uint8) if uid == JPEG_BASELINE else words.astype(np.uint16)
            bits = 8 if uid == JPEG_BASELINE else 12
            frame = encode_frame(stored, bits, uid)
            ds = image_dataset(stored, transfer_syntax_uid=uid, frames=[frame], BitsStored=bits)
            pixels = describe_pixels_of(ds)
            assert decode_frame(frame, pixels, transfer_syntax(uid)).shape == words.shape
            scan = frame.index(b"\xff\xda")
            for share in (0.2, 0.5, 0.9, 0.98):
                cut = frame[: scan + int((len(frame) - scan) * share)].rstrip(b"\xff") + b"\xff\xd9"
                code = refusal(decode_frame, cut, pixels, transfer_syntax(uid))
                assert code in ("codestream_truncated", "decoder_error"), (uid, share)


def describe_pixels_of(ds: Any) -> Any:
    import tempfile

    with (
        tempfile.TemporaryDirectory() as folder,
        open_object(write(Path(folder, "a.dcm"), ds), folder, RenderLimits()) as found,
    ):
        return describe_pixels(found, RenderLimits())


def _with_size(frame: bytes, *numbers: int) -> bytes:
    """A JPEG 2000 frame whose size segment says (X1, Y1, X0, Y0, tile width, tile height, tile X0, tile Y0)."""
    return frame[:8] + struct.pack(">8L", *numbers) + frame[40:]


def test_jpeg_2000_tiles_and_packets_have_a_budget(tmp_path):
    frame = encode_frame(BYTES, 8, JPEG_2000_LOSSLESS)
    many = _with_size(frame, 30, 40, 0, 0, 1, 1, 0, 0)
    assert refusal(read_jpeg_2000, many) == "codestream_truncated"  # one tile of 1200 is there
    empty = b"".join(b"\xff\x90\0\x0a" + struct.pack(">HLBB", tile, 14, 0, 1) + b"\xff\x93" for tile in range(1, 1200))
    assert read_jpeg_2000(many[:-2] + empty + many[-2:]).tiles == 1200
    code = refusal(read_jpeg_2000, _with_size(frame, 30_000, 40_000, 0, 0, 1, 1, 0, 0))
    assert code == "codestream_mismatch"  # more than the format has
    assert refusal(read_jpeg_2000, _with_size(frame, 30, 40, 0, 0, 30, 40, 31, 0)) == "codestream_mismatch"
    coding = frame.index(b"\xff\x52")
    layered = frame[: coding + 6] + b"\xff\xff" + frame[coding + 8 :]
    assert read_jpeg_2000(layered).packets >= 65_535
    tiled = _with_size(layered, 30, 40, 0, 0, 4, 4, 0, 0)
    value = encapsulated([tiled[:-2] + empty[: 79 * 14] + tiled[-2:]])
    assert refusal(opened, tmp_path, JPEG_2000_LOSSLESS, value) == "over_tiles"
    part = b"\xff\x90\x00\x0a\x00\x00" + struct.pack(">LBB", 14, 0, 1) + b"\xff\x93"
    head = frame[: frame.index(b"\xff\x90")]
    assert refusal(read_jpeg_2000, head + part * 200 + b"\xff\xd9", most_tile_parts=100) == "over_tiles"


def test_a_shifted_image_is_read_by_its_own_size():
    frame = _with_size(encode_frame(BYTES, 8, JPEG_2000_LOSSLESS), 35, 47, 5, 7, 35, 47, 0, 0)
    header = read_jpeg_2000(frame)
    assert (header.rows, header.columns, header.shifted_origin, header.tiles) == (40, 30, True, 1)


def test_jpeg_xl_that_is_animated_turned_or_has_more_channels_is_refused():
    grey = np.stack([BYTES, BYTES])
    assert refusal(read_jpeg_xl, imagecodecs.jpegxl_encode(grey[..., None], lossless=True)) == "codestream_mismatch"
    alpha = np.dstack([BYTES] * 4)
    assert refusal(read_jpeg_xl, imagecodecs.jpegxl_encode(alpha, lossless=True)) == "codestream_mismatch"
    real = imagecodecs.jpegxl_encode(BYTES.astype(np.float32) / 255, lossless=True)
    assert refusal(read_jpeg_xl, real) == "codestream_mismatch"
    # 40 rows in the small form, ratio 0, 32 columns; not all default, extra fields, turned by 90 degrees.
    bits = "1" + f"{4:05b}"[::-1] + "000" + f"{3:05b}"[::-1] + "0" + "1" + f"{5:03b}"[::-1]
    turned = b"\xff\x0a" + int(bits[::-1], 2).to_bytes(40, "little")
    assert refusal(read_jpeg_xl, turned) == "codestream_mismatch"


def test_jpeg_xl_containers_must_add_up():
    frame = bytes(imagecodecs.jpegxl_encode(WORDS, lossless=True, usecontainer=True))
    assert read_jpeg_xl(frame).rows == 40
    assert read_jpeg_xl(frame + b"\0").rows == 40
    assert refusal(read_jpeg_xl, frame[:-20]) == "codestream_truncated"
    kind = max(frame.find(b"jxlc"), frame.find(b"jxlp"))
    assert refusal(read_jpeg_xl, frame.replace(frame[kind : kind + 4], b"free")) == "codestream_mismatch"
    assert refusal(read_jpeg_xl, frame + frame[kind - 4 :]) == "codestream_mismatch"


@pytest.mark.parametrize("uid", [*WITH_HEADER, RLE_LOSSLESS])
def test_more_frames_than_the_header_says_are_not_passed_over(uid, tmp_path):
    frame = encode_frame(BYTES, 8, uid)
    for value in (encapsulated([frame, frame]), encapsulated([frame, frame], offset_table=False)):
        assert refusal(opened, tmp_path, uid, value) in ("pixel_length_mismatch", "codestream_mismatch")
    assert refusal(opened, tmp_path, uid, encapsulated([frame, frame]), 3) == "pixel_length_mismatch"


@pytest.mark.parametrize("uid", [JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS])
def test_offset_tables_that_lie_are_passed_over_where_frames_tell_themselves_apart(uid, tmp_path):
    streams = [encode_frame(np.roll(BYTES, shift), 8, uid) for shift in range(3)]
    honest = encapsulated(streams, fragments_per_frame=2)
    wanted = [stream.rstrip(b"\0") for stream in streams]
    doubts, frames = opened(tmp_path, uid, honest, 3)
    assert ([frame.rstrip(b"\0") for frame in frames], doubts) == (wanted, [])
    for entries in ((0, 2, 4), (0, 0, 0), (8, 16, 24), (0, 2**32 - 2, 7)):
        lying = honest[:8] + struct.pack("<3L", *entries) + honest[20:]
        doubts, frames = opened(tmp_path, uid, lying, 3)
        assert ([frame.rstrip(b"\0") for frame in frames], doubts) == (wanted, ["offset_table_ignored"])
    offsets = struct.pack("<3Q", 0, 2**63, 5)
    bare = encapsulated(streams, offset_table=False)
    doubts, frames = opened(tmp_path, uid, bare, 3, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=offsets)
    assert ([frame.rstrip(b"\0") for frame in frames], doubts) == (wanted, ["offset_table_ignored"])


@pytest.mark.parametrize("uid", [*WITH_HEADER, RLE_LOSSLESS])
@pytest.mark.parametrize("broken", [0, 2])
def test_every_frame_is_checked_and_not_the_middle_one_alone(uid, broken, tmp_path):
    streams = [encode_frame(BYTES, 8, uid)] * 3
    streams[broken] = encode_frame(BYTES[:, :29], 8, uid) if uid != RLE_LOSSLESS else streams[0][:40]
    assert refusal(opened, tmp_path, uid, encapsulated(streams), 3).startswith("codestream")


def test_a_deflated_frame_with_more_behind_it_is_refused():
    frame = encode_frame(BYTES, 8, DEFLATED_IMAGE_FRAME)
    syntax = transfer_syntax(DEFLATED_IMAGE_FRAME)
    pixels = describe_pixels_of(image_dataset(BYTES, transfer_syntax_uid=DEFLATED_IMAGE_FRAME, frames=[frame]))
    assert np.array_equal(decode_frame(frame + b"\0", pixels, syntax), BYTES)
    assert refusal(decode_frame, frame + frame, pixels, syntax) == "codestream_mismatch"
