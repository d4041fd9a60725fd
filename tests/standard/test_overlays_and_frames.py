"""Overlay planes on request, and the frames of multi-frame images with grey scales of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mammogram_viewer.imaging.render import Rejected
from standard.building import NATIVE, TOMOSYNTHESIS, add_overlay, describe, lut_item, native, new_image
from standard.colour_reading import drawn
from standard.reading import greys, middle_frame, native_cells, vois
from standard.rendering import outcome_of, png8, render
from standard.test_rendering import few


def framed(syntax: str = NATIVE[1], *, count: int = 1, rows: int = 14, columns: int = 17, **attributes: Any) -> Dataset:
    """Dark 12-bit frames with a window, so that what is drawn on them shows."""
    ds = new_image(syntax)
    describe(ds, rows, columns, allocated=16, stored=12)
    random = np.random.default_rng(count)
    native(ds, [random.integers(0, 3000, (rows, columns)) for _ in range(count)])
    ds.WindowCenter, ds.WindowWidth = "2047.5", "4096"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


@st.composite
def overlaid_images(draw: st.DrawFn) -> Dataset:
    count = draw(st.sampled_from((1, 1, 2, 5)))
    ds = framed(draw(st.sampled_from(NATIVE)), count=count)
    ds.PhotometricInterpretation = draw(st.sampled_from(("MONOCHROME1", "MONOCHROME2")))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    for group in draw(st.lists(st.sampled_from(range(0x6000, 0x6020, 2)), unique=True, min_size=1, max_size=3)):
        shape = draw(st.sampled_from(((14, 17), (3, 5), (1, 1), (20, 30))))
        origin = draw(st.tuples(st.integers(-5, 16), st.integers(-5, 19)))
        more: dict[str, Any] = {"kind": draw(st.sampled_from(("G", "R")))}
        if count > 1 and draw(st.booleans()):
            frames = draw(st.integers(1, count))
            shape = (frames, *shape)
            more["image_frame_origin"] = draw(st.integers(1, count - frames + 1))
        add_overlay(ds, group, random.random(shape) < draw(st.sampled_from((0.4, 0.9))), origin, **more)
    return ds


@few
@given(overlaid_images())
def test_overlays_are_drawn_where_the_standard_puts_them_and_only_on_request(ds: Dataset) -> None:
    frames = native_cells(ds)
    assert render(ds, "png8").header.has_overlays
    for number in {1, len(frames), None}:
        index = middle_frame(ds) if number is None else number - 1
        plain = greys(ds, frames[index])
        np.testing.assert_array_equal(png8(ds, frame=number), plain)
        np.testing.assert_array_equal(png8(ds, frame=number, overlays=True), drawn(ds, plain, index))


def test_an_overlay_that_lies_wholly_outside_changes_nothing() -> None:
    ds = framed()
    add_overlay(ds, 0x6000, np.ones((4, 4), bool), (100, 100))
    np.testing.assert_array_equal(png8(ds, overlays=True), greys(ds, native_cells(ds)[0]))


def test_an_overlay_without_image_frame_origin_begins_with_the_first_frame() -> None:
    """PS3.3 C.9.3.1.1."""
    ds = framed(count=3)
    add_overlay(ds, 0x6000, np.eye(5, dtype=bool)[None].repeat(2, axis=0), (2, 2))
    frames = native_cells(ds)
    for index, cells in enumerate(frames):
        found = png8(ds, frame=index + 1, overlays=True)
        np.testing.assert_array_equal(found, drawn(ds, greys(ds, cells), index))
        assert (found[1, 1] == 255) == (index < 2)


def test_overlays_are_drawn_over_padding_and_inversion() -> None:
    ds = framed(PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=3000, PixelPaddingRangeLimit=1000)
    add_overlay(ds, 0x6002, np.ones((14, 17), bool), (1, 1))
    assert np.all(png8(ds, overlays=True) == 255)
    assert not np.all(png8(ds))


# Frames


def window_item(center: str, width: str, function: str | None) -> Dataset:
    macro, item = Dataset(), Dataset()
    macro.WindowCenter, macro.WindowWidth = center, width
    if function:
        macro.VOILUTFunction = function
    item.FrameVOILUTSequence = Sequence([macro])
    return item


def rescale_macro(slope: str, intercept: str) -> Dataset:
    macro = Dataset()
    macro.RescaleSlope, macro.RescaleIntercept, macro.RescaleType = slope, intercept, "US"
    return macro


def tomosynthesis(syntax: str, count: int) -> Dataset:
    ds = new_image(syntax, TOMOSYNTHESIS)
    describe(ds, 12, 16, allocated=16, stored=12)
    random = np.random.default_rng(count)
    native(ds, [random.integers(0, 4096, (12, 16)) for _ in range(count)])
    ds.NumberOfFrames = count
    ds.PresentationLUTShape = "IDENTITY"
    return ds


def assert_every_frame_as_read(ds: Dataset) -> None:
    frames = native_cells(ds)
    middle = middle_frame(ds)
    np.testing.assert_array_equal(png8(ds), greys(ds, frames[middle], frame=middle))
    for index, cells in enumerate(frames):
        for voi, _ in vois(ds, index):
            found = png8(ds, frame=index + 1, voi=voi)
            np.testing.assert_array_equal(found, greys(ds, cells, voi, index), f"frame {index + 1}, {voi}")
        np.testing.assert_array_equal(png8(ds, frame=index + 1), greys(ds, cells, frame=index))


@pytest.mark.parametrize("syntax", NATIVE)
def test_each_frame_has_the_window_and_rescale_of_its_own_functional_groups(syntax: str) -> None:
    ds = tomosynthesis(syntax, 4)
    items = []
    for index, function in enumerate((None, "LINEAR", "LINEAR_EXACT", "SIGMOID")):
        item = window_item(str(900 + 300 * index), str(1500 - 200 * index), function)
        item.PixelValueTransformationSequence = Sequence([rescale_macro(str(1 + index / 4), str(-100 * index))])
        items.append(item)
    ds.SharedFunctionalGroupsSequence = Sequence([Dataset()])
    ds.PerFrameFunctionalGroupsSequence = Sequence(items)
    assert_every_frame_as_read(ds)


@pytest.mark.parametrize("syntax", NATIVE)
def test_shared_functional_groups_hold_for_every_frame(syntax: str) -> None:
    ds = tomosynthesis(syntax, 3)
    shared = window_item("1000", "1500", "SIGMOID")
    shared.FrameVOILUTSequence[0].WindowCenter = ["1000", "2000"]
    shared.FrameVOILUTSequence[0].WindowWidth = ["1500", "700"]
    shared.PixelValueTransformationSequence = Sequence([rescale_macro("0.5", "20")])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence([Dataset() for _ in range(3)])
    assert_every_frame_as_read(ds)


def test_shared_rescale_and_windows_of_frames_go_together() -> None:
    ds = tomosynthesis(NATIVE[1], 3)
    shared = Dataset()
    shared.PixelValueTransformationSequence = Sequence([rescale_macro("2", "-1000")])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence([window_item(str(c), "2500", None) for c in (500, 2000, 4000)])
    assert_every_frame_as_read(ds)


def test_a_voi_lut_in_the_functional_groups_of_a_frame_is_its_default() -> None:
    """Frame VOI LUT With LUT Functional Group (PS3.3 C.7.6.16.2.10b)."""
    ds = tomosynthesis(NATIVE[1], 2)
    items = []
    for index in range(2):
        item = window_item("2000", "1000", None)
        entries = (np.arange(4096) // (16 + 8 * index)).tolist()
        item.FrameVOILUTSequence[0].VOILUTSequence = Sequence([lut_item(ds, entries, 100 * index, 8, signed=False)])
        items.append(item)
    ds.SharedFunctionalGroupsSequence = Sequence([Dataset()])
    ds.PerFrameFunctionalGroupsSequence = Sequence(items)
    assert_every_frame_as_read(ds)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_the_middle_frame_stands_for_the_image_and_others_are_given_on_request(count: int) -> None:
    ds = framed(count=count)
    assert_every_frame_as_read(ds)
    for wrong in (0, count + 1):
        outcome = outcome_of(ds, "png8", frame=wrong)
        if wrong or isinstance(outcome, Rejected):
            assert getattr(outcome, "code", None) == "no_such_frame"


def test_frames_of_one_octet_a_pixel_follow_each_other_without_padding() -> None:
    """PS3.5 8.1.1: only the whole value is padded to an even length."""
    for syntax in NATIVE:
        ds = new_image(syntax)
        describe(ds, 3, 5, allocated=8, stored=8)
        native(ds, [np.arange(15).reshape(3, 5) * 3 + frame * 70 for frame in range(3)])
        ds.WindowCenter, ds.WindowWidth = "100", "150"
        assert_every_frame_as_read(ds)
