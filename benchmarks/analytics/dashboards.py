"""The whole dashboard over HTTP, from the request to the last byte: standard windows, a year, and ranges of one's own,
in four time zones, two of which begin their days within an hour of UTC."""

from __future__ import annotations

import itertools
import random
from datetime import date, timedelta
from typing import Any

from benchmarks.analytics.timed import at_most, get
from benchmarks.gallery.answers import Client

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns")
WINDOWS = (7, 14, 30, 60, 90)
WINDOW_MS, LONG_MS = 20.0, 50.0
# What a range of one's own may take the first time: its most viewed images are counted for it alone.
FIRST_MS = 600.0 + LONG_MS
_CUSTOM_DAYS = (5, 21, 45, 100)
_EVERY = 4  # one in so many rounds for long ranges: where it goes wrong, their first time is a matter of seconds


def measure(client: Client, today: date, rounds: int) -> dict[str, Any]:
    """Windows in turn, so that a slow second befalls them alike; each range of one's own is asked for twice."""
    windows = {(zone, days): list[float]() for zone, days in itertools.product(ZONES, WINDOWS)}
    year: list[float] = []
    first: list[float] = []
    again: list[float] = []
    choose = random.Random(7)
    for number in range(-1, rounds):
        for (zone, days), times in windows.items():
            milliseconds = get(client, f"/api/analytics/dashboard?days={days}&tz={zone}")[1]
            if number >= 0:
                times.append(milliseconds)
    # Afterwards: what they leave to be done takes the other core.
    for number in range(max(rounds // _EVERY, 1)):
        for zone in ZONES:
            # Another last day each time, so that nothing is remembered from the time before.
            last = today - timedelta(days=1 + number % 30)
            begun = get(client, _path(last - timedelta(days=364), last, zone))[1]
            year.append(get(client, _path(last - timedelta(days=364), last, zone))[1])
            first.append(begun)
            days = choose.choice(_CUSTOM_DAYS)
            last = today - timedelta(days=choose.randrange(2, 250))
            first.append(get(client, _path(last - timedelta(days=days), last, zone))[1])
            again.append(get(client, _path(last - timedelta(days=days), last, zone))[1])
    return {
        "rounds": rounds,
        "windows": {f"{days} days, {zone}": at_most(times, WINDOW_MS) for (zone, days), times in windows.items()},
        "365_days": at_most(year, LONG_MS),
        "custom": at_most(again, LONG_MS),
        "first_time": at_most(first, FIRST_MS),
    }


def _path(first: date, last: date, zone: str) -> str:
    return f"/api/analytics/dashboard?from={first}&to={last}&tz={zone}"
