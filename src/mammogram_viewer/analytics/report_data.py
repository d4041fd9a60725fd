"""What a report says, made from the dashboard: words, numbers in their units, and charts in fractions of their axes.
Pure; `report.typ` only sets it.

No image is named but by its id, and no person at all: a report is printed and sent on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mammogram_viewer.analytics import schemas

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_TICKS = 4
_LABELS = 6
_MINUS = "\u2212"
_TYPES = {"dicom": "DICOM", "png": "PNG", "jpeg": "JPEG", "tiff": "TIFF"}
# Told apart in print without colours, too: the second is the dash.
_BLUE, _GREEN, _AMBER = ("#1d4ed8", "solid"), ("#047857", "dashed"), ("#b45309", "dotted")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """An axis that starts at 0: its top, its ticks, and what a value is divided by to be in the axis' unit."""

    top: float
    step: float
    unit: str
    divisor: float

    @property
    def ticks(self) -> list[dict[str, Any]]:
        count = round(self.top / self.step)
        return [{"at": n / count, "label": f"{n * self.step:,.10g}"} for n in range(count + 1)]

    def place(self, value: float) -> float:
        """0 at the bottom, 1 at the top."""
        return value / self.divisor / self.top


def scale_of(highest: float, unit: str) -> Scale:
    """Round steps of 1, 2 or 5; bytes in the unit that suits the highest."""
    divisor = 1.0
    if unit == "bytes":
        divisor, unit = _byte_unit(highest)
    wanted = max(highest / divisor, 1.0) / _TICKS
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= wanted)
    if divisor == 1.0:
        step = max(step, 1.0)  # there are no halves of an image
    return Scale(top=step * max(math.ceil(highest / divisor / step), 1), step=step, unit=unit, divisor=divisor)


def _byte_unit(count: float) -> tuple[float, str]:
    power = 0
    while count >= 1000 ** (power + 1) and power < len(_BYTE_UNITS) - 1:
        power += 1
    return float(1000**power), _BYTE_UNITS[power]


def number_text(count: int | None) -> str:
    """With commas; a dash for what is unknown."""
    return "–" if count is None else f"{count:,}".replace("-", _MINUS)


def bytes_text(count: int | None) -> str:
    """As in `1.25 GB`; decimal units, as on the page."""
    if count is None:
        return "–"
    divisor, unit = _byte_unit(abs(count))
    number = f"{count / divisor:.0f}" if divisor == 1 else f"{count / divisor:.3g}"
    if "e" in number:  # 999.6 rounded to three places
        number = f"{count / divisor:.0f}"
    return f"{number} {unit}".replace("-", _MINUS)


def change_text(value: schemas.Value, text: Callable[[int], str]) -> dict[str, str]:
    """The previous period in words, and which way it went."""
    if value.previous is None or value.value is None:
        return {"way": "none", "text": "nothing to compare with"}
    difference = value.value - value.previous
    if difference == 0:
        return {"way": "same", "text": f"unchanged from {text(value.previous)}"}
    sign = "+" if difference > 0 else _MINUS
    share = f", {sign}{abs(difference) / value.previous * 100:,.0f} %" if value.previous else ""
    word = "up" if difference > 0 else "down"
    return {"way": word, "text": f"{word} from {text(value.previous)} ({sign}{text(abs(difference))}{share})"}


# --- charts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Line:
    """One series: its name, colour and dash, and a value a day."""

    name: str
    style: tuple[str, str]
    values: Sequence[int]


def day_chart(
    title: str, unit: str, days: Sequence[date], lines: Sequence[Line], *, partial: bool, unknown_days: int
) -> dict[str, Any]:
    """A chart of days. `partial`: the last day is not over. `unknown_days` at the beginning are left out: nothing was
    recorded then."""
    scale = scale_of(max((value for line in lines for value in line.values[unknown_days:]), default=0), unit)
    count = len(days)
    places = [(n + 0.5) / count for n in range(count)]
    series = [
        {
            "name": line.name,
            "colour": line.style[0],
            "dash": line.style[1],
            "points": [[places[n], scale.place(line.values[n])] for n in range(unknown_days, count)],
        }
        for line in lines
    ]
    return {
        "title": title,
        "unit": scale.unit,
        "ticks": scale.ticks,
        "labels": _day_labels(days, places),
        "series": series,
        "partial": partial,
        "unknown": unknown_days / count,
        "dayWidth": 1 / count,
        "alt": _alt(title, unit, days, lines),
    }


def _day_labels(days: Sequence[date], places: Sequence[float]) -> list[dict[str, Any]]:
    """A few days of the axis, evenly apart, the year where it matters."""
    step = max(1, math.ceil(len(days) / _LABELS))
    wanted = range(0, len(days), step)
    years = len({day.year for day in days}) > 1
    return [{"at": places[n], "label": _day_text(days[n], year=years)} for n in wanted]


def _alt(title: str, unit: str, days: Sequence[date], lines: Sequence[Line]) -> str:
    """What the chart shows, for those who hear it."""
    text = bytes_text if unit == "bytes" else number_text
    told = [f"{line.name}: lowest {text(min(line.values))}, highest {text(max(line.values))}" for line in lines]
    return f"{title}, {days[0]} to {days[-1]}. {'; '.join(told)}."


def _day_text(day: date, *, year: bool = True) -> str:
    return f"{day.day} {day:%b %Y}" if year else f"{day.day} {day:%b}"


def _instant_text(at: datetime, tz: str) -> str:
    """On the clock of the zone where Python knows it, else UTC."""
    try:
        zone, name = ZoneInfo(tz), tz
    except (ZoneInfoNotFoundError, ValueError):
        zone, name = ZoneInfo("UTC"), "UTC"
    return f"{_day_text(at.astimezone(zone).date())}, {at.astimezone(zone):%H:%M} ({name})"


# --- the whole ----------------------------------------------------------------------------------------------------


def report_data(dashboard: schemas.Dashboard, *, installation: str) -> dict[str, Any]:
    """Everything that `report.typ` sets, ready for JSON."""
    range_ = dashboard.range
    previous = dashboard.previous
    name = harmless(installation)
    return {
        "title": "Analytics report",
        "installation": name,
        "range": _range_text(range_.from_, range_.to),
        "days": "1 day" if range_.days == 1 else f"{range_.days} days",
        "tz": range_.tz,
        "computed": _instant_text(range_.as_of, range_.tz),
        "computedOn": [range_.as_of.year, range_.as_of.month, range_.as_of.day],
        "compared": None if previous is None else _range_text(previous.from_, previous.to),
        "partial": _partial_text(dashboard),
        "knownFrom": _known_text(dashboard),
        "cards": _cards(dashboard.summary),
        "charts": _charts(dashboard),
        "fileTypes": _file_types(dashboard.tables.file_types),
        "mostViewed": [_viewed(one, range_.tz) for one in dashboard.tables.most_viewed],
    }


def harmless(text: str) -> str:
    """One line, without control characters. Markup needs no care: it is set as text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:120]


def _range_text(first: date, last: date) -> str:
    return _day_text(first) if first == last else f"{_day_text(first)} to {_day_text(last)}"


def _partial_text(dashboard: schemas.Dashboard) -> str | None:
    if not dashboard.range.partial:
        return None
    text = f"The range is not over: its numbers end at {_instant_text(dashboard.range.as_of, dashboard.range.tz)}."
    if dashboard.previous is not None:
        text += " The days before are counted up to the same time."
    return text


def _known_text(dashboard: schemas.Dashboard) -> str | None:
    if dashboard.known_from is None:
        return "Nothing has been recorded yet."
    if dashboard.known_from <= dashboard.range.from_at:
        return None
    return f"Nothing was recorded before {_instant_text(dashboard.known_from, dashboard.range.tz)}."


def _cards(summary: schemas.Summary) -> list[dict[str, Any]]:
    counted = [
        ("Images", "at the end", summary.images),
        ("New uploads", "images in the range", summary.new_uploads),
        ("Views", "images opened", summary.views),
        ("Users", "accounts at the end", summary.users),
        ("Active users", "people who acted", summary.active_users),
    ]
    cards = [
        {"name": name, "note": note, "value": number_text(v.value), "change": change_text(v, number_text)}
        for name, note, v in counted
    ]
    storage = summary.storage_bytes
    cards.append(
        {
            "name": "Storage",
            "note": "originals at the end",
            "value": bytes_text(storage.value),
            "change": change_text(storage, bytes_text),
        }
    )
    return cards


def _charts(dashboard: schemas.Dashboard) -> list[dict[str, Any]]:
    charts = dashboard.charts
    days = [one.day for one in charts.uploads]
    partial = charts.uploads[-1].partial
    unknown = _unknown_days(dashboard)  # left out of the charts, and so is what stands for null here
    shared: dict[str, Any] = {"partial": partial, "unknown_days": unknown}
    activity = [
        Line(name="Views", style=_BLUE, values=[one.views or 0 for one in charts.activity]),
        Line(name="Uploads", style=_GREEN, values=[one.uploads or 0 for one in charts.activity]),
        Line(name="Downloads", style=_AMBER, values=[one.downloads or 0 for one in charts.activity]),
    ]
    uploads = Line(name="Uploads", style=_BLUE, values=[one.uploads or 0 for one in charts.uploads])
    storage = Line(name="Storage", style=_BLUE, values=[one.bytes or 0 for one in charts.storage])
    return [
        day_chart("Uploads a day", "images", days, [uploads], **shared),
        day_chart("Activity a day", "activities", days, activity, **shared),
        day_chart("Storage at the end of each day", "bytes", days, [storage], **shared),
    ]


def _unknown_days(dashboard: schemas.Dashboard) -> int:
    """How many days at the beginning lie before anything was recorded, by the zone's dates."""
    days = len(dashboard.charts.uploads)
    known_from = dashboard.known_from
    if known_from is None:
        return 0  # the note says so; an empty axis would say less
    try:
        first_known = known_from.astimezone(ZoneInfo(dashboard.range.tz)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    return max(0, min((first_known - dashboard.range.from_).days, days - 1))


def _file_types(types: Sequence[schemas.FileTypeStatistics]) -> list[dict[str, Any]]:
    images = sum(one.images for one in types)
    return [
        {
            "name": _TYPES.get(one.file_type, one.file_type),
            "images": number_text(one.images),
            "share": one.images / images if images else 0.0,
            "shareText": f"{one.images / images * 100:.1f} %" if images else "–",
            "total": bytes_text(one.total_bytes),
            "average": bytes_text(one.average_bytes),
            "smallest": bytes_text(one.min_bytes),
            "largest": bytes_text(one.max_bytes),
        }
        for one in types
    ]


def _viewed(image: schemas.MostViewedImage, tz: str) -> dict[str, str]:
    return {
        "id": str(image.image_id),
        "view": harmless(" ".join(part for part in (image.laterality, image.view_position) if part)) or "–",
        "type": _TYPES.get(image.file_type, image.file_type),
        "views": number_text(image.views),
        "viewers": number_text(image.viewers),
        "last": "–" if image.last_viewed_at is None else _instant_text(image.last_viewed_at, tz).partition(" (")[0],
    }
