"""Lengths, areas and angles of annotations, out of their points and the image's spacing. Pure.

Numbers of geometry are computed here alone, so that neither lists nor exports trust a browser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from mammogram_viewer.annotations.models import Kind, Point
from mammogram_viewer.dicom.geometry import Spacing

Name = Literal["length", "area", "perimeter", "mean", "standardDeviation", "minimum", "maximum", "angle"]
Unit = Literal["mm", "px", "mm2", "px2", "deg", "1"]
MEASURED: frozenset[Kind] = frozenset({"length", "ellipse", "angle", "freehand"})


class Measurement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`unit`: `mm` and `mm2` where the image's spacing is known, else `px` and `px2`; `1` for grey values."""

    name: Name
    value: float
    unit: Unit


def measure(kind: Kind, points: Sequence[Point], spacing: Spacing) -> list[Measurement]:
    """What an annotation of this kind measures. In pixels where the spacing is not known; angles are then those of
    square pixels."""
    in_mm = spacing.row_mm is not None and spacing.column_mm is not None
    across, down = (spacing.column_mm or 1.0, spacing.row_mm or 1.0) if in_mm else (1.0, 1.0)
    length: Unit = "mm" if in_mm else "px"
    area: Unit = "mm2" if in_mm else "px2"
    scaled = [(x * across, y * down) for x, y in points]
    if kind == "length":
        return [Measurement(name="length", value=math.dist(*scaled), unit=length)]
    if kind == "angle":
        return [Measurement(name="angle", value=_angle(scaled), unit="deg")]
    if kind == "ellipse":
        return [Measurement(name="area", value=_ellipse_area(scaled), unit=area)]
    if kind == "freehand":
        return [
            Measurement(name="area", value=_polygon_area(scaled), unit=area),
            Measurement(name="perimeter", value=_perimeter(scaled), unit=length),
        ]
    return []


def _angle(points: Sequence[Point]) -> float:
    """At the middle point, degrees, 0 to 180; 0 where an arm has no length."""
    (ax, ay), (bx, by), (cx, cy) = points
    ux, uy, vx, vy = ax - bx, ay - by, cx - bx, cy - by
    return math.degrees(math.atan2(abs(ux * vy - uy * vx), ux * vx + uy * vy)) if (ux or uy) and (vx or vy) else 0.0


def _ellipse_area(points: Sequence[Point]) -> float:
    """Ends of the major, then of the minor axis (PS3.3 C.18.6.1.2). Where rows and columns are spaced differently the
    axes are conjugate diameters of the real ellipse; the formula holds for these."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    return math.pi / 4 * abs((bx - ax) * (dy - cy) - (by - ay) * (dx - cx))


def _polygon_area(points: Sequence[Point]) -> float:
    """Of the closed polygon, by the shoelace formula; from the first point, so that large coordinates lose nothing."""
    ox, oy = points[0]
    moved = [(x - ox, y - oy) for x, y in points]
    pairs = zip(moved, moved[1:] + moved[:1], strict=True)
    return abs(math.fsum(ax * by - ay * bx for (ax, ay), (bx, by) in pairs)) / 2


def _perimeter(points: Sequence[Point]) -> float:
    return math.fsum(math.dist(a, b) for a, b in zip(points, [*points[1:], points[0]], strict=True))
