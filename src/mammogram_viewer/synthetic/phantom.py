"""A breast phantom with realistic texture: fat, fibroglandular tissue, strands, skin, nipple, pectoral muscle, and in
some a mass or microcalcifications. It is no patient; the same seed gives the same pixels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

AIR = 0  # no pixel of the breast has this value
NOISY_AIR = 24  # nor one up to this
MOST = 4095  # 12 bits
_LEAST_TISSUE = 60
FROM_ABOVE = frozenset({"CC", "XCCL", "XCCM"})
_COARSE_ROWS = 1024  # texture is made at this height at most and enlarged; detail comes from the noise
Field = npt.NDArray[np.float32]


def breast_phantom(
    seed: int,
    laterality: str,
    view: str,
    rows: int,
    columns: int,
    *,
    zoom: float = 1,
    implant: bool = False,
    noisy_air: bool = False,
) -> npt.NDArray[np.uint16]:
    """(rows, columns) uint16, 12 bits, bright is dense, air is 0; the chest wall of a right breast is at the right.

    Oblique and lateral views show the pectoral muscle at the top of the chest wall. `zoom` shows a part of the breast
    as many times enlarged; with `noisy_air` air is 0 to `NOISY_AIR`."""
    person = np.random.default_rng([seed, 1])  # what both breasts share
    image = np.random.default_rng([seed, 2, ord(laterality[0]), len(view)])
    coarse_rows = min(rows, _COARSE_ROWS)
    coarse_columns = max(columns * coarse_rows // rows, 8)
    tissue, radius = _tissue(person, image, view, coarse_rows, coarse_columns)
    if implant:
        _add_implant(tissue, radius)
    if zoom > 1:
        part = _part(coarse_rows, coarse_columns, zoom)
        tissue, radius = tissue[part], radius[part]
    size = (columns, rows)
    tissue = cv2.resize(tissue, size, interpolation=cv2.INTER_CUBIC)
    radius = cv2.resize(radius, size, interpolation=cv2.INTER_LINEAR)
    tissue += image.standard_normal((rows, columns), np.float32) * 14
    _add_findings(image, tissue)
    shown = np.clip(tissue, _LEAST_TISSUE, MOST - 40)
    air = radius >= 1
    shown[air] = image.integers(AIR, NOISY_AIR + 1, int(air.sum())) if noisy_air else AIR
    if laterality.startswith("R"):
        shown = shown[:, ::-1]
    return np.ascontiguousarray(shown.astype(np.uint16))


def _tissue(
    person: np.random.Generator, image: np.random.Generator, view: str, rows: int, columns: int
) -> tuple[Field, Field]:
    """Tissue values, and the distance from the breast's middle where 1 is the skin; chest wall at the left."""
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    depth = columns * person.uniform(0.62, 0.78)
    half_height = rows * person.uniform(0.30, 0.38)
    middle = rows * (0.5 if view in FROM_ABOVE else 0.56)
    ripple = 1 + 0.02 * _smooth_noise(image, rows, columns, 3.5)
    radius = np.sqrt((x / depth) ** 2 + ((y - middle) / half_height) ** 2) * ripple
    if view not in FROM_ABOVE:
        # The tail towards the armpit: above the middle the outline falls off along a line instead of an ellipse.
        slope = x / (columns * (0.40 + 0.24 * y / middle)) + np.maximum(y - middle * 1.05, 0) / half_height
        tail = np.where(y < middle, slope * ripple, np.float32(9))
        radius = np.minimum(radius, tail)
    density = person.uniform(0.25, 0.85)
    texture = _smooth_noise(image, rows, columns, 3.0)
    strands = np.exp(-np.abs(_smooth_noise(image, rows, columns, 2.4)) * 6)
    core = np.exp(-(((x - 0.42 * depth) / (0.36 * depth)) ** 2) - ((y - middle) / (0.55 * half_height)) ** 2)
    gland = core * (0.55 + 0.45 * np.tanh(1.6 * texture + 2 * density - 1))
    thickness = np.clip((1.02 - radius) / 0.22, 0, 1) ** 0.6
    tissue = thickness * (900 + 1700 * density * gland + 170 * texture + 320 * strands * (0.3 + core))
    tissue += 500 * np.exp(-(((radius - 0.985) / 0.008) ** 2))  # the skin, seen edge on
    nipple = ((x - 0.985 * depth) / (0.022 * columns)) ** 2 + ((y - middle) / (0.02 * rows)) ** 2
    tissue += 700 * np.exp(-nipple)
    if view not in FROM_ABOVE:
        tissue += _pectoral(x, y, rows, columns, texture)
    return tissue.astype(np.float32), radius.astype(np.float32)


def _pectoral(x: Field, y: Field, rows: int, columns: int, texture: Field) -> Field:
    """A bright triangle at the top of the chest wall with a soft edge."""
    edge = columns * 0.34 * (1 - y / (rows * 0.62)) - x
    muscle = 1100 / (1 + np.exp(-np.clip(edge / (0.006 * columns), -40, 40))) * (1 + 0.05 * texture)
    return muscle.astype(np.float32)


def _add_implant(tissue: Field, radius: Field) -> None:
    """A bright, even body behind the gland, whose edge is sharp; in place."""
    inside = np.clip((0.55 - radius) / 0.02, 0, 1)
    tissue += inside * (3300 - tissue)


def _part(rows: int, columns: int, zoom: float) -> tuple[slice, slice]:
    """The rectangle of a spot view: the middle of the breast, a little away from the chest wall."""
    height, width = max(int(rows / zoom), 2), max(int(columns / zoom), 2)
    top, left = (rows - height) // 2, min(int(columns * 0.08), columns - width)
    return slice(top, top + height), slice(left, left + width)


def _smooth_noise(random: np.random.Generator, rows: int, columns: int, exponent: float) -> Field:
    """Noise whose power falls as frequency^-exponent (breast texture has about 3), mean 0, deviation 1."""
    spectrum = np.fft.rfft2(random.standard_normal((rows, columns), np.float32))
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    frequency[0, 0] = 1
    noise = np.fft.irfft2(spectrum * frequency ** (-exponent / 2), s=(rows, columns))
    noise -= noise.mean()
    return (noise / noise.std()).astype(np.float32)


def _add_findings(random: np.random.Generator, tissue: Field) -> None:
    """In about a third of the images a mass, in a third a cluster of microcalcifications; in place."""
    rows, columns = tissue.shape
    has_mass, has_cluster = random.random(2) < 1 / 3
    y = rows * random.uniform(0.42, 0.62)
    x = columns * random.uniform(0.15, 0.4)
    if has_mass:
        _add_blob(tissue, y, x, rows * 0.016, 650)
    if has_cluster:
        for _ in range(int(random.integers(6, 15))):
            dy, dx = random.normal(0, rows * 0.009, 2)
            _add_blob(tissue, y + dy, x + dx, max(rows * 0.0007, 0.6), random.uniform(500, 1300))


def _add_blob(tissue: Field, y: float, x: float, deviation: float, height: float) -> None:
    reach = int(deviation * 4) + 1
    top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
    patch = tissue[top : int(y) + reach, left : int(x) + reach]
    if patch.size:
        rows, columns = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]].astype(np.float32)
        patch += height * np.exp(-((rows + top - y) ** 2 + (columns + left - x) ** 2) / (2 * deviation**2))
