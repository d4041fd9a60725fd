"""The display chain against an independent reading of the standard, through whole files."""

from __future__ import annotations

import shutil
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammogram_viewer.imaging.render import Rendered, RenderLimits, render_original
from unit.dicom.builders import BIG_ENDIAN, EXPLICIT, IMPLICIT, image_dataset, item, lut_item, sequence, write
from unit.imaging import standard
from unit.imaging.rendering import rendered

settings.register_profile("display", max_examples=60, deadline=None, derandomize=True)


def shown(words: np.ndarray, **attributes: Any) -> tuple[np.ndarray, Rendered]:
    """The png8 of a file around `words`, and what came with it."""
    folder = Path(tempfile.mkdtemp())
    try:
        source = write(folder / "image.dcm", image_dataset(words, **attributes))
        rendered = render_original(source, str(folder), "dicom", RenderLimits())
        assert isinstance(rendered, Rendered), rendered
        return cv2.imread(str(folder / "png8.png"), cv2.IMREAD_UNCHANGED), rendered
    finally:
        shutil.rmtree(folder)


@st.composite
def depths(draw: st.DrawFn) -> dict[str, Any]:
    """BitsAllocated, BitsStored, HighBit and sign that a file may carry; few bits, so that all values fit a picture."""
    allocated = draw(st.sampled_from([8, 16]))
    stored = draw(st.integers(2, min(allocated, 10)))
    return {
        "allocated": allocated,
        "stored": stored,
        "high_bit": draw(st.integers(stored - 1, allocated - 1)),
        "signed": draw(st.booleans()),
    }


def every_word(depth: dict[str, Any]) -> np.ndarray:
    """A picture with every stored value, and noise in the bits around it that must not matter."""
    shift = depth["high_bit"] + 1 - depth["stored"]
    values = np.arange(1 << depth["stored"], dtype=np.int64) << shift
    noise = np.random.default_rng(1).integers(0, 1 << depth["allocated"], len(values))
    mask = ((1 << depth["stored"]) - 1) << shift
    words = values | (noise & ~mask)
    side = 1 << (depth["stored"] // 2)
    return words.astype(np.uint8 if depth["allocated"] == 8 else np.uint16).reshape(side, -1)


def described(depth: dict[str, Any]) -> dict[str, Any]:
    return {
        "BitsStored": depth["stored"],
        "HighBit": depth["high_bit"],
        "PixelRepresentation": int(depth["signed"]),
    }


def stored_values(words: np.ndarray, depth: dict[str, Any]) -> list[int]:
    return [
        standard.stored_value(
            int(word), bits_stored=depth["stored"], high_bit=depth["high_bit"], signed=depth["signed"]
        )
        for word in words.reshape(-1)
    ]


# Decimal strings that binary fractions hold exactly, so that the reading in fractions is the whole truth.
quarters = st.integers(-8000, 8000).map(lambda n: n / 4)
slopes = st.sampled_from([1, 2, 0.5, 0.25, -1, -0.5, 3])


@settings(settings.get_profile("display"))
@given(
    depth=depths(),
    slope=slopes,
    intercept=quarters,
    center=quarters,
    width=st.integers(1, 6000).map(lambda n: n / 4),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN]),
)
def test_windows_are_shown_as_the_standard_says_to_the_last_grey_level(
    depth, slope, intercept, center, width, function, photometric, syntax
):
    if function == "LINEAR":
        width = max(width, 1)
    words = every_word(depth)
    picture, rendered = shown(
        words,
        transfer_syntax_uid=syntax,
        RescaleSlope=slope,
        RescaleIntercept=intercept,
        WindowCenter=[center, 1],
        WindowWidth=[width, 1],
        VOILUTFunction=function,
        PhotometricInterpretation=photometric,
        **described(depth),
    )
    expected = []
    for value in stored_values(words, depth):
        x = value * Fraction(slope) + Fraction(intercept)
        y = standard.nearest(standard.window(x, Fraction(center), Fraction(width), function))
        expected.append(255 - y if photometric == "MONOCHROME1" else y)
    difference = np.abs(picture.reshape(-1).astype(int) - expected).max()
    assert difference == 0
    assert rendered.header.voi_source == "window"


@settings(settings.get_profile("display"))
@given(
    depth=depths(),
    count=st.integers(2, 700),
    first=st.integers(-600, 600),
    bits=st.sampled_from([8, 10, 12, 14, 16]),
    data_vr=st.sampled_from(["US", "OW", "OW8"]),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    intercept=st.integers(-300, 300),
    seed=st.integers(0, 9),
)
def test_voi_luts_are_shown_as_the_standard_says_to_the_last_grey_level(
    depth, count, first, bits, data_vr, photometric, intercept, seed
):
    bits = 8 if data_vr == "OW8" else bits
    entries = np.random.default_rng(seed).integers(0, 1 << bits, count).tolist()
    words = every_word(depth)
    lut = lut_item(entries, first, bits, data_vr=data_vr, first_vr="SS" if first < 0 else "US")
    picture, rendered = shown(
        words,
        RescaleSlope=1,
        RescaleIntercept=intercept,
        VOILUTSequence=sequence(lut),
        PhotometricInterpretation=photometric,
        **described(depth),
    )
    expected = []
    for value in stored_values(words, depth):
        entry = standard.lookup(Fraction(value + intercept), entries, first)
        y = standard.nearest(Fraction(entry * 255, (1 << bits) - 1))
        expected.append(255 - y if photometric == "MONOCHROME1" else y)
    assert picture.reshape(-1).tolist() == expected
    assert rendered.header.voi_source == "voi_lut_sequence"


@settings(settings.get_profile("display"))
@given(
    depth=depths(),
    ends=st.tuples(st.integers(0, 1023), st.integers(0, 1023)),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    has_limit=st.booleans(),
)
def test_padding_is_black_whatever_the_window_and_the_photometric_interpretation(depth, ends, photometric, has_limit):
    words = every_word(depth)
    values = stored_values(words, depth)
    least = min(values)
    padding, limit = (least + end % len(values) for end in ends)
    ds = image_dataset(
        words,
        WindowCenter=0,
        WindowWidth=100_000,
        VOILUTFunction="SIGMOID",
        PhotometricInterpretation=photometric,
        **described(depth),
    )
    vr = "SS" if depth["signed"] else "US"
    ds.add_new(0x00280120, vr, padding)
    if has_limit:
        ds.add_new(0x00280121, vr, limit)
    low, high = sorted((padding, limit if has_limit else padding))
    if high - low + 1 == len(values):
        low = high = padding
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder) / "image.dcm", ds)
        assert isinstance(render_original(source, folder, "dicom", RenderLimits()), Rendered)
        picture = cv2.imread(folder + "/png8.png", cv2.IMREAD_UNCHANGED).reshape(-1)
    for value, grey in zip(values, picture.tolist(), strict=True):
        assert (grey == 0) == (low <= value <= high)


@pytest.mark.parametrize(
    ("attributes", "warning"),
    [
        ({"PixelPaddingRangeLimit": 255}, "padding_covers_all_values"),
        ({"VOILUTFunction": ["LINEAR", "SIGMOID"]}, "unknown_voi_lut_function"),
    ],
)
def test_padding_and_functions_that_cannot_be_meant_leave_a_warning_and_the_picture(attributes, warning):
    words = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture, rendered = shown(words, PixelPaddingValue=0, WindowCenter=128, WindowWidth=256, **attributes)
    assert picture.reshape(-1).tolist() == list(range(256))
    assert warning in rendered.header.warnings


def test_padding_that_is_no_number_leaves_a_warning():
    words = np.arange(256, dtype=np.uint8).reshape(16, 16)
    ds = image_dataset(words, WindowCenter=128, WindowWidth=256)
    ds.add_new(0x00280120, "LO", "none")
    with rendered(ds) as found:
        assert "unreadable_PixelPaddingValue" in found.header.warnings


def test_a_lut_of_65536_entries_says_zero_and_covers_all_16_bits():
    words = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    entries = list(range(65_535, -1, -1))
    picture, _ = shown(words, VOILUTSequence=sequence(lut_item(entries, 0, 16, data_vr="OW")))
    expected = [standard.nearest(Fraction(entry * 255, 65_535)) for entry in entries]
    assert picture.reshape(-1).tolist() == expected


def test_a_first_mapped_value_in_us_is_negative_when_inputs_are():
    words = np.arange(16, dtype=np.uint16).reshape(4, 4)
    entries = list(range(0, 256, 16))
    lut = lut_item(entries, 0x10000 - 8, 8, data_vr="US")
    picture, _ = shown(words, RescaleSlope=1, RescaleIntercept=-8, VOILUTSequence=sequence(lut))
    assert picture.reshape(-1).tolist() == entries


def test_lut_in_big_endian_words_is_read_in_its_order():
    words = np.arange(16, dtype=np.uint16).reshape(4, 4)
    entries = [index * 4000 for index in range(16)]
    lut = lut_item(entries, 0, 16, data_vr="US")
    picture, _ = shown(words, transfer_syntax_uid=BIG_ENDIAN, VOILUTSequence=sequence(lut))
    assert picture.reshape(-1).tolist() == [standard.nearest(Fraction(entry * 255, 65_535)) for entry in entries]


def test_modality_lut_comes_before_the_window():
    words = np.arange(16, dtype=np.uint8).reshape(4, 4)
    modality = [1000 - 60 * index for index in range(16)]
    picture, _ = shown(
        words, ModalityLUTSequence=sequence(lut_item(modality, 0, 16)), WindowCenter=500, WindowWidth=900
    )
    expected = [
        standard.nearest(standard.window(Fraction(x), Fraction(500), Fraction(900), "LINEAR")) for x in modality
    ]
    assert picture.reshape(-1).tolist() == expected


def test_a_file_with_lut_and_window_shows_the_lut():
    words = np.arange(16, dtype=np.uint8).reshape(4, 4)
    lut = lut_item(list(range(0, 240, 15)), 0, 8)
    picture, rendered = shown(words, VOILUTSequence=sequence(lut), WindowCenter=8, WindowWidth=2)
    assert picture.reshape(-1).tolist() == list(range(0, 240, 15))
    assert rendered.header.voi_source == "voi_lut_sequence"


@pytest.mark.parametrize(
    ("attributes", "warning"),
    [
        ({"WindowCenter": [100, 128], "WindowWidth": [0, 256]}, "window_width_not_allowed"),
        ({"WindowCenter": 128, "WindowWidth": 256, "VOILUTFunction": "CUBIC"}, "unknown_voi_lut_function"),
        ({"WindowCenter": 128, "WindowWidth": 256, "RescaleSlope": 0, "RescaleIntercept": 0}, "rescale_slope_zero"),
        (
            {"WindowCenter": 128, "WindowWidth": 256, "VOILUTSequence": sequence(item(LUTExplanation="empty"))},
            "broken_lookup_table",
        ),
    ],
)
def test_broken_grey_scale_values_fall_back_to_the_next_usable_and_leave_a_warning(attributes, warning):
    words = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture, rendered = shown(words, **attributes)
    assert picture.reshape(-1).tolist() == list(range(256))
    assert warning in rendered.header.warnings


def test_inverse_presentation_shape_inverts_once_even_with_monochrome1():
    words = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        picture, _ = shown(
            words,
            WindowCenter=128,
            WindowWidth=256,
            PresentationLUTShape="INVERSE",
            PhotometricInterpretation=photometric,
        )
        assert picture.reshape(-1).tolist() == list(range(255, -1, -1))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_without_voi_the_breast_fills_the_greys_air_is_black_and_the_record_says_so(photometric):
    random = np.random.default_rng(5)
    values = random.integers(0, 30, (200, 160))  # air with scatter
    values[50:150, :80] = random.normal(9000, 1500, (100, 80)).astype(int)
    values[0:8, 140:150] = 60_000  # a lead marker
    words = (65_535 - values if photometric == "MONOCHROME1" else values).astype(np.uint16)
    picture, rendered = shown(words, PhotometricInterpretation=photometric)
    assert rendered.header.voi_source == "none_percentile"
    assert picture[50:150, 100:].max() == 0
    breast = picture[50:150, :80]
    assert breast.std() > 35
    assert np.percentile(breast, 99) > 200


def test_windows_of_functional_groups_apply_to_the_frame_that_is_shown():
    words = np.arange(256, dtype=np.uint8).reshape(16, 16)
    ds = image_dataset(words)
    ds.NumberOfFrames = 3
    ds.PixelData = words.tobytes() * 3
    transformation = sequence(item(RescaleSlope=1, RescaleIntercept=100))
    ds.SharedFunctionalGroupsSequence = sequence(item(PixelValueTransformationSequence=transformation))
    ds.PerFrameFunctionalGroupsSequence = sequence(
        *(item(FrameVOILUTSequence=sequence(item(WindowCenter=center, WindowWidth=256))) for center in (1, 228, 1))
    )
    with tempfile.TemporaryDirectory() as folder:
        source = write(Path(folder) / "image.dcm", ds)
        rendered = render_original(source, folder, "dicom", RenderLimits())
        assert isinstance(rendered, Rendered)
        picture = cv2.imread(folder + "/png8.png", cv2.IMREAD_UNCHANGED)
    assert picture.reshape(-1).tolist() == list(range(256))
    assert rendered.header.number_of_frames == 3


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
def test_the_narrowest_window_is_a_step(function):
    words = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for center, first_white in ((100, 100), (100.5, 101)):
        width = 1 if function == "LINEAR" else 2**-8
        picture, _ = shown(words, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
        expected = [
            standard.nearest(standard.window(Fraction(x), Fraction(center), Fraction(width), function))
            if width != 1
            else (0 if x <= center - 0.5 else 255)
            for x in range(256)
        ]
        assert picture.reshape(-1).tolist() == expected
        assert expected[first_white] > 0
        assert expected[first_white - 1] == 0
