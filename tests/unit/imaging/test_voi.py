"""Every grey scale that a file offers, by its id."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.dicom.builders import image_dataset, item, lut_item, sequence
from unit.imaging import standard
from unit.imaging.rendering import rejection, rendered

settings.register_profile("voi", max_examples=40, deadline=None, derandomize=True)
WORDS = np.arange(1024, dtype=np.uint16).reshape(32, 32)


def lut(entries: list[int], bits: int, explanation: str, first: int = 0):
    found = lut_item(entries, first, bits)
    found.LUTExplanation = explanation
    return found


def ge_like(photometric: str = "MONOCHROME2", **attributes):
    """SIGMOID windows with explanations beside three LUTs, as some makers write."""
    random = np.random.default_rng(3)
    luts = [lut(random.integers(0, 1024, 1024).tolist(), 10, name) for name in ("NORMAL", "HARDER", "SOFTER")]
    return image_dataset(
        WORDS,
        BitsStored=10,
        PhotometricInterpretation=photometric,
        WindowCenter=[500, 520.5, 480],
        WindowWidth=[600, 300, 900],
        WindowCenterWidthExplanation=["NORMAL", "HARDER"],
        VOILUTFunction="SIGMOID",
        VOILUTSequence=sequence(*luts),
        PixelPaddingValue=0,
        **attributes,
    )


def expected_greys(ds, voi: str, values: np.ndarray) -> list[int]:
    """The standard's answer for one candidate of `ge_like`."""
    kind, _, number = voi.partition("-")
    inverted = ds.PhotometricInterpretation == "MONOCHROME1"
    greys = []
    for value in values.reshape(-1).tolist():
        if kind == "lut":
            found = ds.VOILUTSequence[int(number) - 1]
            entry = standard.lookup(Fraction(value), list(found.LUTData), found.LUTDescriptor[1])
            grey = standard.nearest(Fraction(entry * 255, (1 << found.LUTDescriptor[2]) - 1))
        else:
            center = Fraction(float(ds.WindowCenter[int(number) - 1]))
            width = Fraction(float(ds.WindowWidth[int(number) - 1]))
            grey = standard.nearest(standard.window(Fraction(value), center, width, ds.VOILUTFunction))
        greys.append(0 if standard.is_padding(value, 0, None) else 255 - grey if inverted else grey)
    return greys


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_sigmoid_file_with_luts_shows_its_default_and_each_alternative(photometric):
    ds = ge_like(photometric)
    with rendered(ds) as found:
        offered = found.header.voi_candidates
        assert [one.id for one in offered] == ["lut-1", "lut-2", "lut-3", "window-1", "window-2", "window-3"]
        assert [one.explanation for one in offered] == ["NORMAL", "HARDER", "SOFTER", "NORMAL", "HARDER", None]
        assert [one.is_default for one in offered] == [True, False, False, False, False, False]
        assert [(one.function, one.center, one.width) for one in offered[2:5]] == [
            (None, None, None),
            ("SIGMOID", 500, 600),
            ("SIGMOID", 520.5, 300),
        ]
        assert found.picture().reshape(-1).tolist() == expected_greys(ds, "lut-1", WORDS)
    for one in offered:
        with rendered(ds, voi=one.id) as found:
            kind = f"png8.voi-{one.id}"
            assert found.picture(kind).reshape(-1).tolist() == expected_greys(ds, one.id, WORDS)
            source = "voi_lut_sequence" if one.id.startswith("lut") else "window"
            assert (found.header.voi_source, found.header.voi_candidates) == (source, offered)


@settings(settings.get_profile("voi"))
@given(
    windows=st.lists(
        st.tuples(st.integers(-4000, 8000).map(lambda n: n / 4), st.integers(4, 8000).map(lambda n: n / 4)),
        min_size=1,
        max_size=4,
    ),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
    chosen=st.integers(0, 3),
)
def test_any_window_of_several_is_shown_as_the_standard_says(windows, function, chosen):
    chosen %= len(windows)
    ds = image_dataset(
        WORDS,
        BitsStored=10,
        WindowCenter=[center for center, _ in windows],
        WindowWidth=[width for _, width in windows],
        VOILUTFunction=function,
    )
    center, width = map(Fraction, windows[chosen])
    expected = [
        standard.nearest(standard.window(Fraction(value), center, width, function))
        for value in WORDS.reshape(-1).tolist()
    ]
    with rendered(ds, voi=f"window-{chosen + 1}") as found:
        assert found.picture(f"png8.voi-window-{chosen + 1}").reshape(-1).tolist() == expected


@settings(settings.get_profile("voi"), max_examples=60)
@given(
    slope=st.sampled_from(["0.1", "0.3", "0.7", "1.1", "0.01", "2.4", "0.0244"]),
    intercept=st.sampled_from(["0", "-0.1", "10.7", "-1024", "0.05"]),
    center=st.integers(-10_000, 40_000).map(lambda n: f"{n / 100:.2f}"),
    width=st.integers(100, 50_000).map(lambda n: f"{n / 100:.2f}"),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT"]),
)
def test_decimals_that_binary_fractions_cannot_hold_cost_no_level(slope, intercept, center, width, function):
    ds = image_dataset(
        WORDS, BitsStored=10, RescaleSlope=slope, RescaleIntercept=intercept, WindowCenter=center, WindowWidth=width,
        VOILUTFunction=function,
    )  # fmt: skip
    expected = []
    for value in WORDS.reshape(-1).tolist():
        x = value * Fraction(slope) + Fraction(intercept)
        expected.append(standard.nearest(standard.window(x, Fraction(center), Fraction(width), function)))
    with rendered(ds) as found:
        assert found.picture().reshape(-1).tolist() == expected


def test_a_broken_candidate_is_left_out_and_the_others_keep_their_ids():
    ds = image_dataset(
        WORDS,
        WindowCenter=[100, 200, 300],
        WindowWidth=[50, 0, 60],
        VOILUTSequence=sequence(item(LUTExplanation="empty"), lut([0, 255], 8, "step", 512)),
    )
    with rendered(ds) as found:
        assert [one.id for one in found.header.voi_candidates] == ["lut-2", "window-1", "window-3"]
        assert [one.id for one in found.header.voi_candidates if one.is_default] == ["lut-2"]
        assert {"broken_lookup_table", "window_width_not_allowed"} <= set(found.header.warnings)
    for broken in ("lut-1", "window-2"):
        assert rejection(ds, voi=broken).code == "no_such_voi"


def test_one_unreadable_number_spoils_one_window_only():
    ds = image_dataset(WORDS)
    ds.WindowCenter, ds.WindowWidth = ["11", "22", "33"], ["100", "200", "300"]
    path_bytes = {b"22": b"x2"}
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from unit.dicom.builders import write

    with TemporaryDirectory() as folder:
        path = Path(write(Path(folder) / "a.dcm", ds))
        content = path.read_bytes()
        for old, new in path_bytes.items():
            content = content.replace(b"11\\" + old, b"11\\" + new)
        path.write_bytes(content)
        with rendered(str(path)) as found:
            assert [one.id for one in found.header.voi_candidates] == ["window-1", "window-3"]
            assert "window_width_not_allowed" in found.header.warnings


@pytest.mark.parametrize("voi", ["lut-1", "window-9", "window-0", "window", "", "../etc", "LUT-1"])
def test_an_unknown_id_is_rejected_as_such_and_the_header_comes_along(voi):
    ds = image_dataset(WORDS, WindowCenter=512, WindowWidth=1024)
    found = rejection(ds, voi=voi)
    assert found.code == "no_such_voi"
    assert found.header is not None and found.header.rows == 32


def test_a_file_without_voi_offers_none():
    with rendered(image_dataset(WORDS)) as found:
        assert found.header.voi_candidates == ()
        assert found.header.voi_source == "none_percentile"


def test_each_frame_offers_the_windows_and_luts_of_its_own_functional_group():
    ds = image_dataset(WORDS)
    ds.NumberOfFrames = 2
    ds.PixelData = WORDS.tobytes() * 2
    first = item(WindowCenter=[100, 300], WindowWidth=[200, 400], WindowCenterWidthExplanation=["A", "B"])
    second = item(
        WindowCenter=700, WindowWidth=100, VOILUTFunction="SIGMOID", VOILUTSequence=sequence(lut([0, 255], 8, "C", 9))
    )
    ds.PerFrameFunctionalGroupsSequence = sequence(
        item(FrameVOILUTSequence=sequence(first)), item(FrameVOILUTSequence=sequence(second))
    )
    with rendered(ds, frame=1) as found:
        assert [(one.id, one.explanation) for one in found.header.voi_candidates] == [
            ("window-1", "A"),
            ("window-2", "B"),
        ]
    with rendered(ds, frame=2) as found:
        assert [(one.id, one.is_default) for one in found.header.voi_candidates] == [
            ("lut-1", True),
            ("window-1", False),
        ]
    with rendered(ds, frame=2, voi="window-1") as found:
        greys = [
            standard.nearest(standard.window(Fraction(value), Fraction(700), Fraction(100), "SIGMOID"))
            for value in WORDS.reshape(-1).tolist()
        ]
        assert found.picture("png8.voi-window-1.frame-2").reshape(-1).tolist() == greys


def test_thumbnails_follow_the_chosen_window():
    ds = image_dataset(WORDS, WindowCenter=[2000, -2000], WindowWidth=[100, 100])
    for number, grey in ((1, 0), (2, 255)):
        with rendered(ds, "thumbnail512", voi=f"window-{number}") as found:
            small = found.picture(f"thumbnail512.voi-window-{number}")
            assert np.abs(small.astype(int) - grey).max() <= 2


@pytest.mark.parametrize(("keyword", "value"), [("RescaleSlope", "x"), ("RescaleIntercept", "1e999")])
def test_a_rescale_that_cannot_be_read_is_refused_because_windows_are_in_its_units(keyword, value, tmp_path):
    from unit.dicom.builders import write

    ds = image_dataset(WORDS, WindowCenter=512, WindowWidth=1024, RescaleSlope=1, RescaleIntercept=0)
    ds[keyword].value = "7777777"
    path = tmp_path / "a.dcm"
    write(path, ds)
    path.write_bytes(path.read_bytes().replace(b"7777777", value.encode().ljust(7)))
    assert rejection(str(path)).code == "bad_header"


def test_a_modality_lut_that_cannot_be_read_is_refused():
    ds = image_dataset(
        WORDS, WindowCenter=512, WindowWidth=1024, ModalityLUTSequence=sequence(item(LUTExplanation="x"))
    )
    assert rejection(ds).code == "bad_header"
