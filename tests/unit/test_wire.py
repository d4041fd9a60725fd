"""JSON as clients read it: moments always with microseconds, people's texts as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mammogram_viewer.foundation.wire import Wire, encode_json


class Thing(Wire, frozen=True):
    made_at: datetime
    said: str
    parts: list[Thing]
    local_at: datetime | None = None


WHOLE = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


def test_a_moment_of_a_whole_second_is_written_with_microseconds_and_a_text_like_one_is_not_touched() -> None:
    part = Thing(made_at=WHOLE + timedelta(microseconds=7), said="", parts=[])
    body = Thing(made_at=WHOLE, said="2024-01-15T10:30:00Z", parts=[part], local_at=datetime(2024, 1, 15, 10, 30))
    assert msgspec.json.decode(encode_json(body)) == {
        "madeAt": "2024-01-15T10:30:00.000000Z",
        "said": "2024-01-15T10:30:00Z",
        "parts": [{"madeAt": "2024-01-15T10:30:00.000007Z", "said": "", "parts": [], "localAt": None}],
        "localAt": "2024-01-15T10:30:00",
    }


def test_the_order_of_members_stays() -> None:
    text = encode_json(Thing(made_at=WHOLE, said="", parts=[]))
    assert text == b'{"madeAt":"2024-01-15T10:30:00.000000Z","said":"","parts":[],"localAt":null}'


@given(st.datetimes(timezones=st.just(UTC)), st.text())
def test_every_moment_has_six_digits_and_is_the_same_moment(at: datetime, said: str) -> None:
    body = msgspec.json.decode(encode_json({"at": at, "said": said}))
    assert datetime.fromisoformat(body["at"]) == at
    assert body["at"] == at.strftime("%Y").zfill(4) + at.strftime("-%m-%dT%H:%M:%S.%fZ")
    assert body["said"] == said


def test_another_zone_keeps_its_offset() -> None:
    there = datetime(2024, 1, 15, 10, 30, tzinfo=timezone(timedelta(hours=2)))
    body = msgspec.json.decode(encode_json([WHOLE, there]))
    assert body == ["2024-01-15T10:30:00.000000Z", "2024-01-15T10:30:00.000000+02:00"]
