"""The viewer's codestreams: every frame, every bit, and in the form that is promised."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate

from mammogram_viewer.dicom.syntaxes import JPEG_LS_LOSSLESS
from mammogram_viewer.imaging import htj2k
from mammogram_viewer.synthetic.encode import encode_frame
from unit.dicom.builders import image_dataset
from unit.imaging.rendering import rejection, rendered
from unit.imaging.test_display import depths, described, every_word, stored_values

settings.register_profile("htj2k", max_examples=40, deadline=None, derandomize=True)
SHAPES = [(1, 1), (1, 2), (2, 1), (1, 100), (3, 5), (31, 33), (63, 65), (64, 64), (131, 103), (1, 5000), (4100, 3)]


def decoded(codestream: bytes) -> np.ndarray:
    """OpenJPEG's reading; it shares no code with the encoder."""
    return imagecodecs.jpeg2k_decode(codestream)


def markers(codestream: bytes) -> dict[bytes, bytes]:
    """The segments of the main header."""
    position, found = 2, {}
    while (marker := codestream[position : position + 2]) != b"\xff\x90":
        (length,) = struct.unpack_from(">H", codestream, position + 2)
        found[marker] = codestream[position + 4 : position + 2 + length]
        position += 2 + length
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int16])
def test_every_size_and_type_comes_back_bit_by_bit(shape, kind):
    limits = np.iinfo(kind)
    samples = np.random.default_rng(2).integers(limits.min, limits.max + 1, shape).astype(kind)
    codestream = htj2k.encode_htj2k(samples)
    found = decoded(codestream)
    assert found.dtype == kind
    assert (found.reshape(shape) == samples).all()


def test_it_is_lossless_rpcl_with_tile_part_lengths_and_a_small_picture_inside():
    samples = np.random.default_rng(2).integers(0, 4096, (900, 700)).astype(np.uint16)
    found = markers(htj2k.encode_htj2k(samples))
    style = found[b"\xff\x52"]
    progression, levels, transform = style[1], style[5], style[9]
    assert progression == 2  # RPCL (T.800 table A.16)
    assert transform == 1  # 5-3 reversible (table A.20)
    assert max(samples.shape) >> levels <= 64
    assert b"\xff\x50" in found  # CAP: high throughput
    assert b"\xff\x55" in found  # TLM


def test_a_tall_picture_has_a_small_one_inside_all_the_same():
    codestream = htj2k.encode_htj2k(np.zeros((9000, 2), np.uint8))
    assert -(-9000 // (1 << markers(codestream)[b"\xff\x52"][5])) <= 64


@settings(settings.get_profile("htj2k"))
@given(depth=depths(), photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]))
def test_its_samples_are_the_stored_values_wherever_the_words_hold_them(depth, photometric):
    words = every_word(depth)
    ds = image_dataset(words, PhotometricInterpretation=photometric, WindowCenter=1, WindowWidth=9, **described(depth))
    with rendered(ds, "htj2k") as found:
        (codestream,) = found.frames()
        samples = decoded(codestream)
        assert samples.dtype.kind == ("i" if depth["signed"] else "u")
        assert samples.reshape(-1).tolist() == stored_values(words, depth)
        file = found.files["htj2k"]
        assert (file.content_type, file.height, file.width) == ("image/jphc", *words.shape)


def test_colour_becomes_rgb():
    rgb = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    with rendered(image_dataset(rgb), "htj2k") as found:
        assert (decoded(found.frames()[0]) == rgb).all()


@pytest.mark.parametrize("compressed", [False, True])
def test_all_frames_lie_behind_each_other_in_their_order(compressed):
    stack = np.random.default_rng(1).integers(0, 4096, (7, 50, 40)).astype(np.uint16)
    uid = JPEG_LS_LOSSLESS if compressed else "1.2.840.10008.1.2.1"
    frames = [bytes(encode_frame(frame, 12, uid)) for frame in stack] if compressed else None
    ds = image_dataset(stack[0], transfer_syntax_uid=uid, frames=frames, BitsStored=12, WindowCenter=9, WindowWidth=9)
    ds.NumberOfFrames = 7
    if not compressed:
        ds.PixelData = stack.tobytes()
    with rendered(ds, "htj2k", "png8") as found:
        assert (np.array([decoded(codestream) for codestream in found.frames()]) == stack).all()
        assert found.header.number_of_frames == 7


def test_one_damaged_frame_refuses_the_object_and_is_named():
    stack = np.random.default_rng(1).integers(0, 4096, (4, 50, 40)).astype(np.uint16)
    frames = [bytes(encode_frame(frame, 12, JPEG_LS_LOSSLESS)) for frame in stack]
    frames[2] = frames[2][:30] + bytes(200) + frames[2][230:]
    ds = image_dataset(stack[0], transfer_syntax_uid=JPEG_LS_LOSSLESS, frames=frames, BitsStored=12)
    ds.NumberOfFrames = 4
    ds.PixelData = encapsulate(frames)
    found = rejection(ds, "png8", "htj2k", frame=1)
    assert "frame 3" in found.detail
    assert found.header is not None


@pytest.mark.parametrize("harm", ["cut", "end", "other", "nothing"])
def test_an_encoder_that_fails_without_a_word_is_caught(harm):
    samples = np.random.default_rng(2).integers(0, 4096, (120, 90)).astype(np.uint16)
    codestream = htj2k.encode_htj2k(samples)
    if harm == "cut":
        codestream = codestream[: len(codestream) // 2] + b"\xff\xd9"
    elif harm == "end":
        codestream = codestream[:-2]
    elif harm == "other":
        codestream = htj2k.encode_htj2k(samples ^ np.uint16(np.arange(90) == 44))
    elif harm == "nothing":
        codestream = codestream[:120] + b"\xff\xd9"
    # What a careless check would find in the memory that the decoder leaves as it was.
    scratch = samples.copy()
    with pytest.raises(RuntimeError):
        htj2k.check_lossless(codestream, samples, scratch)
