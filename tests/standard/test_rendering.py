"""Windows, lookup tables, polarity and padding of grey images equal a plain reading of the standard, to the last
grey level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mammogram_viewer.dicom.header import VoiCandidate
from mammogram_viewer.imaging.render import Rejected
from standard.building import NATIVE, describe, lut_item, native, new_image, sign
from standard.reading import (
    exactly,
    greys,
    is_padding,
    modality,
    modality_values,
    multiple,
    native_cells,
    stored_values,
    vois,
)
from standard.rendering import outcome_of, png8, render

SIZE = 16
few = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def decimals(least: int, most: int, places: int = 3) -> st.SearchStrategy[str]:
    """Decimal strings of at most `places` digits behind the point."""
    whole = st.integers(least * 10**places, most * 10**places)
    return st.tuples(whole, st.integers(0, places)).map(lambda pair: _decimal(*pair, places))


def _decimal(number: int, kept: int, places: int) -> str:
    number = number // 10 ** (places - kept)
    sign, digits = "-" if number < 0 else "", f"{abs(number):0{kept + 1}d}"
    return f"{sign}{digits[: len(digits) - kept]}.{digits[len(digits) - kept :]}" if kept else f"{sign}{digits}"


@st.composite
def grey_images(draw: st.DrawFn) -> Dataset:
    """Native pixels of every depth, sign and place of the high bit, without any grey scale yet. What lies in the bits
    that hold no value is noise in one image of two."""
    ds = new_image(draw(st.sampled_from(NATIVE)))
    allocated = draw(st.sampled_from((8, 16, 16)))
    stored = draw(st.integers(2, allocated))
    high = draw(st.sampled_from((stored - 1, stored - 1, draw(st.integers(stored - 1, allocated - 1)))))
    describe(ds, SIZE, SIZE + 1, allocated=allocated, stored=stored, high=high)
    ds.PixelRepresentation = draw(st.sampled_from((0, 1)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = random.integers(0, 1 << stored, (ds.Rows, ds.Columns))
    values[0, :4] = 0, (1 << stored) - 1, 1 << (stored - 1), (1 << (stored - 1)) - 1
    unused = draw(st.sampled_from(("zeros", "sign", "noise")))
    if unused == "sign" and ds.PixelRepresentation == 1:  # as many writers do
        values = np.where(values >> (stored - 1), values - (1 << stored), values)
    if unused == "noise":
        values += random.integers(0, 1 << allocated, values.shape) << stored
    values = values << (high + 1 - stored) & ((1 << allocated) - 1)
    if unused == "noise":
        values |= random.integers(0, 1 << (high + 1 - stored), values.shape)
    native(ds, [values])
    return ds


def stored_range(ds: Dataset) -> tuple[int, int]:
    least = -(1 << (ds.BitsStored - 1)) if ds.PixelRepresentation else 0
    return least, least + (1 << ds.BitsStored) - 1


def add_presentation(draw: st.DrawFn, ds: Dataset) -> None:
    """Polarity and padding."""
    ds.PhotometricInterpretation = draw(st.sampled_from(("MONOCHROME1", "MONOCHROME2")))
    shape = draw(st.sampled_from((None, "IDENTITY", "INVERSE")))
    if shape:
        ds.PresentationLUTShape = shape
    padding = draw(st.sampled_from(("none", "value", "range")))
    if padding != "none":
        # The end of the scale at which air lies; a range goes on from there (PS3.3 C.7.5.1.1.2).
        least, most = stored_range(ds)
        from_top = ds.PhotometricInterpretation == "MONOCHROME1"
        extent = draw(st.integers(0, (most - least) // 4))
        sign(ds, "PixelPaddingValue", most if from_top else least, ds.PixelRepresentation == 1)
        if padding == "range":
            limit = most - extent if from_top else least + extent
            sign(ds, "PixelPaddingRangeLimit", limit, ds.PixelRepresentation == 1)


def add_rescale(draw: st.DrawFn, ds: Dataset, *, whole: bool) -> None:
    kind = draw(st.sampled_from(("none", "identity", "rescale")))
    if kind == "identity":
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "0", "US"
    if kind == "rescale":
        slope = st.integers(-3, 3).filter(bool).map(str) if whole else decimals(-4, 4).filter(lambda s: exactly(s) != 0)
        ds.RescaleSlope, ds.RescaleType = draw(slope), "US"
        ds.RescaleIntercept = draw(st.integers(-2000, 2000).map(str) if whole else decimals(-2000, 2000))


def assert_all_as_read(ds: Dataset) -> None:
    """The default and every alternative by its id."""
    (cells,) = native_cells(ds)
    outcome = render(ds, "png8")
    assert_same(outcome.picture(), greys(ds, cells), ds)
    offered = [voi for voi, _ in vois(ds, 0)]
    assert {candidate.id for candidate in outcome.header.voi_candidates} == set(offered)
    assert [candidate.id for candidate in outcome.header.voi_candidates if candidate.is_default] == offered[:1]
    assert_windows_are_told(ds, outcome.header.voi_candidates)
    assert outcome.header.voi_source == ("voi_lut_sequence" if offered[0].startswith("lut") else "window")
    for voi in offered:
        assert_same(png8(ds, voi=voi), greys(ds, cells, voi), ds)


def assert_windows_are_told(ds: Dataset, candidates: tuple[VoiCandidate, ...]) -> None:
    centers, widths = multiple(ds.get("WindowCenter")), multiple(ds.get("WindowWidth"))
    for candidate in candidates:
        kind, number = candidate.id.split("-")
        told = (candidate.function, candidate.center, candidate.width)
        if kind == "lut":
            assert told == (None, None, None)
        else:
            at = int(number) - 1
            assert told == (ds.get("VOILUTFunction") or "LINEAR", float(centers[at]), float(widths[at]))


def assert_same(found: Any, expected: Any, ds: Dataset) -> None:
    assert found.shape == expected.shape
    if not np.array_equal(found, expected):
        at = tuple(np.argwhere(found != expected)[0])
        stored = int(stored_values(ds, native_cells(ds)[0])[at])
        value = modality(ds)(stored)
        wrong = int(np.sum(found != expected))
        message = f"{wrong} pixels differ, e.g. stored {stored}, modality {value}: {found[at]}, not {expected[at]}"
        raise AssertionError(message)


@st.composite
def windowed_images(draw: st.DrawFn) -> Dataset:
    ds = draw(grey_images())
    add_rescale(draw, ds, whole=False)
    add_presentation(draw, ds)
    function = draw(st.sampled_from((None, "LINEAR", "LINEAR_EXACT", "SIGMOID")))
    if function:
        ds.VOILUTFunction = function
    least, most = stored_range(ds)
    ends = sorted(int(modality(ds)(stored)) for stored in (least, most))
    narrowest = 1 if function in (None, "LINEAR") else 0
    count = draw(st.integers(1, 3))
    width = decimals(narrowest, ends[1] - ends[0] + 300).filter(lambda width: exactly(width) > 0)
    ds.WindowCenter = [draw(decimals(ends[0] - 100, ends[1] + 100)) for _ in range(count)]
    ds.WindowWidth = [draw(width) for _ in range(count)]
    return ds


@few
@given(windowed_images())
def test_every_window_over_every_depth_and_rescale_gives_the_greys_of_the_standard(ds: Dataset) -> None:
    assert_all_as_read(ds)


@st.composite
def lookup_images(draw: st.DrawFn) -> Dataset:
    """VOI LUTs of every form, sometimes with windows beside them; inputs are whole numbers."""
    ds = draw(grey_images())
    add_rescale(draw, ds, whole=True)
    add_presentation(draw, ds)
    ends = [int(modality(ds)(stored)) for stored in stored_range(ds)]
    # C.11.2.1.1: as Pixel Representation without rescale; else SS where the output may be negative.
    signed = min(ends) < 0 if "RescaleSlope" in ds else ds.PixelRepresentation == 1
    most_first = min(max(ends), 32767 if signed else 65535)
    least_first = max(min(ends) - 50, -32768 if signed else 0)
    items = []
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(least_first, max(most_first, least_first)))
        items.append(draw(lut_items(ds, first, signed)))
    ds.VOILUTSequence = Sequence(items)
    if draw(st.booleans()):
        ds.WindowCenter, ds.WindowWidth = ["100", "90.5"], ["50", "3"]
    return ds


@st.composite
def lut_items(draw: st.DrawFn, ds: Dataset, first: int, signed: bool) -> Dataset:
    bits = draw(st.sampled_from((8, 10, 12, 16)))
    form = draw(st.sampled_from(("OW", "US") if ds.file_meta.TransferSyntaxUID != ImplicitVRLittleEndian else ("OW",)))
    # In explicit VR, a US element holds less than 64 KiB.
    counts = (1, 2, 3, 255, 256, 4096, 30000, *((40000, 65536) if form == "OW" else ()))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    entries = random.integers(0, 1 << bits, draw(st.sampled_from(counts))).tolist()
    packed = bits != 8 or draw(st.booleans())
    return lut_item(ds, entries, first, bits, signed=signed, form=form, packed=packed)


@few
@given(lookup_images())
def test_every_voi_lut_gives_the_greys_of_the_standard(ds: Dataset) -> None:
    assert_all_as_read(ds)


@st.composite
def modality_lut_images(draw: st.DrawFn) -> Dataset:
    ds = draw(grey_images())
    add_presentation(draw, ds)
    least, most = stored_range(ds)
    item = draw(lut_items(ds, draw(st.integers(least, most)), ds.PixelRepresentation == 1))
    item.ModalityLUTType = "US"
    ds.ModalityLUTSequence = Sequence([item])
    if draw(st.booleans()):
        ds.VOILUTSequence = Sequence([draw(lut_items(ds, draw(st.integers(0, 3000)), False))])
    else:
        ds.WindowCenter, ds.WindowWidth = draw(decimals(0, 70000)), draw(decimals(1, 70000))
        ds.VOILUTFunction = draw(st.sampled_from(("LINEAR", "LINEAR_EXACT", "SIGMOID")))
    return ds


@few
@given(modality_lut_images())
def test_a_modality_lut_before_window_or_voi_lut_gives_the_greys_of_the_standard(ds: Dataset) -> None:
    assert_all_as_read(ds)


@st.composite
def images_without_voi(draw: st.DrawFn) -> Dataset:
    ds = draw(grey_images())
    add_rescale(draw, ds, whole=False)
    add_presentation(draw, ds)
    return ds


@few
@given(images_without_voi())
def test_without_voi_greys_follow_the_modality_values_and_padding_is_black(ds: Dataset) -> None:
    (cells,) = native_cells(ds)
    outcome = render(ds, "png8")
    assert outcome.header.voi_source == "none_percentile"
    stored, shown = stored_values(ds, cells).ravel(), outcome.picture().ravel()
    padding = np.array([is_padding(ds, int(value)) for value in stored])
    assert not np.any(shown[padding])
    values = np.array([float(value) for value in modality_values(ds, cells)])[~padding]
    inverted = (ds.PhotometricInterpretation == "MONOCHROME1") or ds.get("PresentationLUTShape") == "INVERSE"
    steps = np.diff(shown[~padding][np.argsort(values)].astype(int))
    assert np.all(steps <= 0) if inverted else np.all(steps >= 0)


def small(**attributes: Any) -> Dataset:
    """Twelve bits, a ramp of all their values."""
    ds = new_image(attributes.pop("syntax", ExplicitVRLittleEndian))
    describe(ds, 64, 64, allocated=16, stored=12)
    native(ds, [np.arange(4096).reshape(64, 64)])
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def test_windows_that_their_function_forbids_are_passed_over_and_the_next_is_the_default() -> None:
    assert_all_as_read(small(WindowCenter=["100", "2000", "1000"], WindowWidth=["0.5", "0", "800"]))
    assert_all_as_read(small(WindowCenter=["100", "900"], WindowWidth=["0", "0.5"], VOILUTFunction="SIGMOID"))
    assert_all_as_read(small(WindowCenter=["100", "900"], WindowWidth=["-3", "0.5"], VOILUTFunction="LINEAR_EXACT"))


def test_a_linear_window_of_width_one_is_a_threshold() -> None:
    ds = small(WindowCenter="2000", WindowWidth="1")
    found = png8(ds).ravel()
    assert (found[1999], found[2000]) == (0, 255)
    assert_all_as_read(ds)


def test_a_voi_that_the_file_does_not_offer_is_refused() -> None:
    ds = small(WindowCenter=["100", "2000"], WindowWidth=["0.5", "100"])
    for voi in ("window-1", "window-3", "lut-1"):
        outcome = outcome_of(ds, "png8", voi=voi)
        assert getattr(outcome, "code", None) == "no_such_voi", voi


def test_a_high_bit_above_the_lowest_place_is_read_or_refused_but_never_read_wrongly() -> None:
    for signed in (0, 1):
        ds = new_image()
        describe(ds, 64, 64, allocated=16, stored=12, high=15)
        ds.PixelRepresentation = signed
        ds.WindowCenter, ds.WindowWidth = "300", "1500"
        native(ds, [(np.arange(4096) << 4).reshape(64, 64)])
        outcome = outcome_of(ds, "png8")
        if isinstance(outcome, Rejected):
            assert outcome.code == "unsupported_bit_depth"
        else:
            assert_all_as_read(ds)


def test_bits_that_hold_no_value_do_not_disturb_the_greys() -> None:
    """Old files keep overlays there (PS3.5-2004 8.1.1)."""
    for signed in (0, 1):
        ds = small(WindowCenter="300", WindowWidth="1500", PixelRepresentation=signed)
        random = np.random.default_rng(5)
        native(ds, [(np.arange(4096) | random.integers(0, 16, 4096) << 12).reshape(64, 64)])
        assert_all_as_read(ds)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
@pytest.mark.parametrize("slope", ["0.1", "0.3", "-0.7", "0.015", "1.7"])
def test_an_output_of_exactly_one_half_is_rounded_up_however_binary_fractions_fall(slope: str, function: str) -> None:
    """The width makes every other stored value a tie: 255 * slope / width is an odd number of halves."""
    for halves in (1, 3):
        width = float(abs(exactly(slope)) * 510 / halves) + (function == "LINEAR")
        for center in ("20.3", "25", "0.15"):
            ds = small(WindowCenter=center, WindowWidth=f"{width:g}", VOILUTFunction=function)
            ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = slope, "-10.7", "US"
            assert_same(png8(ds), greys(ds, native_cells(ds)[0]), ds)
