"""Lengths, areas and angles against other formulas: complex numbers, samples of the curve, sums of triangles."""

from __future__ import annotations

import cmath
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.annotations.measure import measure
from mammogram_viewer.dicom.geometry import Spacing

coordinate = st.floats(-5000, 5000)
point = st.tuples(coordinate, coordinate)
step = st.floats(0.01, 2)
spacing = st.one_of(
    st.just(Spacing()),
    st.builds(
        lambda row, column, basis: Spacing(row_mm=row, column_mm=column, basis=basis),
        step,
        step,
        st.sampled_from(["detector", "magnification_corrected", "calibrated", "scanned_film"]),
    ),
)


def place(one: tuple[float, float], of: Spacing) -> complex:
    return complex(one[0] * (of.column_mm or 1), one[1] * (of.row_mm or 1))


def near(wanted: float) -> object:
    return pytest.approx(wanted, rel=1e-6, abs=1e-3)


@given(point, point, spacing)
def test_a_length_is_the_modulus_of_the_difference(a, b, of):
    (found,) = measure("length", [a, b], of)
    assert found.value == near(abs(place(a, of) - place(b, of)))
    assert found.unit == ("px" if of.basis == "none" else "mm")


@given(point, st.floats(1, 1000), st.floats(1, 1000), st.floats(0, math.tau), spacing)
def test_a_rotated_ellipse_has_the_area_of_the_polygon_of_its_samples(centre, major, minor, turn, of):
    middle = complex(*centre)
    ends = [middle + side * cmath.rect(1, turn) for side in (-major, major, -1j * minor, 1j * minor)]
    (found,) = measure("ellipse", [(end.real, end.imag) for end in ends], of)
    count = 2000
    curve = [
        middle + complex(major * math.cos(t), minor * math.sin(t)) * cmath.rect(1, turn)
        for t in (math.tau * k / count for k in range(count))
    ]
    polygon = measure("freehand", [(one.real, one.imag) for one in curve], of)[0]
    assert found.value == pytest.approx(polygon.value, rel=1e-4)
    assert found.value == pytest.approx(math.pi * major * minor * (of.row_mm or 1) * (of.column_mm or 1), rel=1e-6)


@given(point, st.lists(st.floats(1, 1000), min_size=3, max_size=40), spacing)
def test_a_star_shaped_polygon_is_the_sum_of_its_triangles(centre, radii, of):
    turns = [cmath.rect(radius, math.tau * k / len(radii)) for k, radius in enumerate(radii)]
    corners = [(centre[0] + one.real, centre[1] + one.imag) for one in turns]
    area, perimeter = measure("freehand", corners, of)
    places = [place(one, of) for one in corners]
    sides = list(zip(places, places[1:] + places[:1], strict=True))
    scale = (of.row_mm or 1) * (of.column_mm or 1)
    pieces = zip(radii, radii[1:] + radii[:1], strict=True)
    triangles = sum(a * b * math.sin(math.tau / len(radii)) / 2 for a, b in pieces)
    assert area.value == near(triangles * scale)
    assert perimeter.value == near(sum(abs(a - b) for a, b in sides))


@given(point, st.floats(1, 1000), st.floats(1, 1000), st.floats(0, math.pi), st.floats(0, math.tau), step)
def test_an_angle_is_what_was_turned_whatever_the_square_pixels_measure(vertex, one, other, angle, turn, side):
    middle = complex(*vertex)
    arms = middle + cmath.rect(one, turn), middle, middle + cmath.rect(other, turn + angle)
    points = [(arm.real, arm.imag) for arm in arms]
    (found,) = measure("angle", points, Spacing(row_mm=side, column_mm=side, basis="detector"))
    assert found.value == pytest.approx(math.degrees(angle), abs=1e-3)
