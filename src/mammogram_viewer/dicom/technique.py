"""How an image was taken and what it cost in dose, as typed values with their units (PS3.3 C.8.7.8, C.8.11)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Technique:
    """None where the file is silent or unreadable. `implausible` names the fields whose value lies outside of what
    mammography units give; such a value is kept as written and never charted."""

    kvp_kv: float | None = None
    exposure_mas: float | None = None
    organ_dose_mgy: float | None = None  # the file says dGy
    entrance_dose_mgy: float | None = None
    compression_force_n: float | None = None
    body_part_thickness_mm: float | None = None
    half_value_layer_mm_al: float | None = None
    anode_target_material: str | None = None
    filter_material: str | None = None
    detector_id: str | None = None
    device_serial_number: str | None = None
    operators_name: str | None = None
    irradiation_event_uid: str | None = None
    implausible: tuple[str, ...] = ()
