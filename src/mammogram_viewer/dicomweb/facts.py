"""What the viewer needs of a header and the database does not hold, read out of the `tags` rendition (DICOM JSON).

Only the named attributes are built; everything else is passed over as it is parsed."""

from __future__ import annotations

import math
from typing import Any

import msgspec


class Values(msgspec.Struct):
    """An attribute whose values are looked at one by one: a file may have anything in them."""

    values: list[Any] = msgspec.field(name="Value", default_factory=list)

    def text(self) -> str | None:
        return self.values[0] if self.values and isinstance(self.values[0], str) else None

    def number(self) -> float | None:
        first = self.values[0] if self.values else None
        if isinstance(first, bool) or not isinstance(first, int | float) or not math.isfinite(first):
            return None
        return float(first)


class _Oriented(msgspec.Struct):
    orientation: Values = msgspec.field(name="00200020", default_factory=Values)


class _OrientationGroup(msgspec.Struct):
    items: list[_Oriented] = msgspec.field(name="Value", default_factory=list)


class _Group(msgspec.Struct):
    oriented: _OrientationGroup = msgspec.field(name="00209450", default_factory=_OrientationGroup)


class _Groups(msgspec.Struct):
    items: list[_Group] = msgspec.field(name="Value", default_factory=list)


class HeaderFacts(msgspec.Struct):
    """Attributes by their tags."""

    orientation: Values = msgspec.field(name="00200020", default_factory=Values)
    shared: _Groups = msgspec.field(name="52009229", default_factory=_Groups)
    birth_date: Values = msgspec.field(name="00100030", default_factory=Values)
    sex: Values = msgspec.field(name="00100040", default_factory=Values)
    frame_time: Values = msgspec.field(name="00181063", default_factory=Values)
    lossy: Values = msgspec.field(name="00282110", default_factory=Values)
    lossy_ratio: Values = msgspec.field(name="00282112", default_factory=Values)

    @property
    def patient_orientation(self) -> list[str] | None:
        """Along a row, then down a column, such as `P` and `FL`; also where all frames share it."""
        shared = [one.orientation for group in self.shared.items for one in group.oriented.items]
        for found in (self.orientation, *shared):
            words = [word for word in found.values if isinstance(word, str) and word]
            if len(words) == 2 and len(found.values) == 2:
                return words
        return None

    @property
    def is_lossy(self) -> bool | None:
        """None where the file is silent."""
        return {"01": True, "00": False}.get(self.lossy.text() or "")

    @property
    def total_lossy_ratio(self) -> float | None:
        """The product of all steps; None where one is unknown."""
        ratios = [Values(values=[value]).number() for value in self.lossy_ratio.values]
        known = [ratio for ratio in ratios if ratio is not None]
        return round(math.prod(known), 2) if known and len(known) == len(ratios) else None


_decoder = msgspec.json.Decoder(HeaderFacts)


def read_facts(tags: bytes) -> HeaderFacts:
    """Of a header that is no such JSON: nothing."""
    try:
        return _decoder.decode(tags)
    except msgspec.MsgspecError:
        return HeaderFacts()
