"""What a demonstration's past consists of: people, exams, pictures, and what everybody did with them. Nothing here
reads a clock or a database; the same first day and length give the same past."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mammogram_viewer.accounts.models import Role
from mammogram_viewer.synthetic.exposure import NEWER_UNIT, OLDER_UNIT, Breast, Operator, Unit, exposure
from mammogram_viewer.synthetic.mammogram import SCREENING_VIEWS, SyntheticMammogram

DOMAIN = "mammogram-viewer.example"
MOST_EXAMS = 90
_FIRST_SEED = 700_000
_ROLES: tuple[tuple[Role, int], ...] = (("admin", 2), ("radiologist", 6), ("technologist", 6), ("user", 18))
_FIRST_NAMES = (
    "Ada", "Ben", "Chloe", "Dana", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kai", "Lea", "Mia", "Noor", "Otto",
    "Pia", "Quin", "Rosa", "Sven", "Tilda", "Ugo", "Vera", "Wim", "Xenia", "Yara", "Zeno", "Arlo", "Bela", "Cleo",
    "Dov", "Edda", "Finn",
)  # fmt: skip
_OPERATORS = (Operator("Demo^Operator A", 92), Operator("Demo^Operator B", 108), Operator("Demo^Operator C", 121))
_FAMILIES = ("Chrome", "Firefox", "Safari", "Edge")
# Rows, columns, and millimetres between pixels: a full-field detector, coarsely.
_MATRIX = (768, 624, 0.373)


@dataclass(frozen=True)
class Person:
    """Somebody of the demonstration; `at_work` is the chance of a weekday on which they sign in."""

    email: str
    name: str
    role: Role
    registered_at: datetime
    at_work: float
    network: str
    family: str


@dataclass(frozen=True)
class PlannedFile:
    """A file to send. `kind` is dicom, png, jpeg, tiff, or broken: cut off near the beginning."""

    name: str
    kind: str
    owner: str
    came_at: datetime
    removed_at: datetime | None
    wanted: SyntheticMammogram


@dataclass(frozen=True)
class Plan:
    """Everything but what people did, which needs the ids of images."""

    people: list[Person]
    files: list[PlannedFile]
    exams: int


@dataclass(frozen=True)
class SentImage:
    """A planned file that has become an image which can be looked at."""

    image_id: int
    owner: str
    came_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True)
class Act:
    """A row of user_activity; of a view also how long it took."""

    person: Person
    activity_type: str
    at: datetime
    image_id: int | None = None
    duration_seconds: int | None = None


@dataclass
class _Clock:
    """Local working days."""

    zone: ZoneInfo
    draw: random.Random

    def at(self, day: date, earliest: float = 7.5, latest: float = 18.5) -> datetime:
        """An instant of that day, in hours of the zone's clock; most of them before noon."""
        hours = self.draw.triangular(earliest, latest, min(10.5, latest))
        local = datetime.combine(day, time(), self.zone) + timedelta(hours=hours)
        return local.replace(microsecond=self.draw.randrange(1_000_000)).astimezone(UTC)


def make_plan(last_day: date, days: int, zone: ZoneInfo) -> Plan:
    """A past of `days` local days that ends with `last_day`; files come up to the day before."""
    draw = _chance(f"{last_day} {days}")
    clock = _Clock(zone, draw)
    first_day = last_day - timedelta(days=days - 1)
    people = list(_people(clock, first_day, days))
    technologists = [person for person in people if person.role == "technologist"]
    users = [person for person in people if person.role == "user"]
    files: list[PlannedFile] = []
    exams = 0
    for day, share in _days(first_day, days - 1):
        for _ in range(_drawn_count(draw, _exams_a_day(days) * share)):
            if exams < MOST_EXAMS:
                files += _exam(clock, day, exams, _of_that_day(draw, technologists, day))
                exams += 1
        if draw.random() < 0.3 * share:
            files.append(_picture(clock, day, len(files), _of_that_day(draw, [*users, *technologists], day)))
    return Plan(people, sorted(files, key=lambda file: file.came_at), exams)


def _chance(of: str) -> random.Random:
    """The same for the same words."""
    return random.Random(of)  # noqa: S311 - nothing here is a secret


def _days(first_day: date, days: int) -> Iterator[tuple[date, float]]:
    """Each day and how much happens on it: little at weekends, three times as much at the end as at the beginning."""
    for number in range(days):
        day = first_day + timedelta(days=number)
        yield day, (0.5 + number / max(days - 1, 1)) * (1 if day.weekday() < 5 else 0.08)


def _exams_a_day(days: int) -> float:
    return min(1.3, MOST_EXAMS / (days * 0.8))


def _drawn_count(draw: random.Random, mean: float) -> int:
    return int(mean) + (draw.random() < mean % 1)


def _people(clock: _Clock, first_day: date, days: int) -> Iterator[Person]:
    """A quarter of them is there from the beginning, the staff among them; the others come over time."""
    draw = clock.draw
    number = 0
    for role, count in _ROLES:
        for nth in range(count):
            first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
            early = nth < (1 if role == "user" else (count + 1) // 2)
            day = (
                first_day - timedelta(days=3) if early else first_day + timedelta(days=draw.randrange(max(days - 3, 1)))
            )
            yield Person(
                email=f"{first.lower()}.{role}@{DOMAIN}",
                name=f"{first} Demo",
                role=role,
                registered_at=clock.at(day),
                at_work={"admin": 0.45, "radiologist": 0.85, "technologist": 0.8, "user": 0.3}[role]
                * draw.uniform(0.6, 1.1),
                network=f"10.20.{number}.0/24",
                family=_FAMILIES[draw.randrange(len(_FAMILIES))],
            )
            number += 1


def _of_that_day(draw: random.Random, people: Sequence[Person], day: date) -> Person:
    there = [person for person in people if person.registered_at.date() < day]
    return draw.choice(there or people)


def _exam(clock: _Clock, day: date, number: int, owner: Person) -> list[PlannedFile]:
    """Four views as a rule; one in twelve lacks one, one in nine has one that was repeated."""
    draw = clock.draw
    unit = NEWER_UNIT if draw.random() < 0.6 else OLDER_UNIT
    operator, breast = draw.choice(_OPERATORS), Breast.drawn(draw)
    taken_at = clock.at(day, 8, 16.5)
    views = [(*view, "") for view in SCREENING_VIEWS]
    if draw.random() < 1 / 12:
        views.pop(draw.randrange(4))
    elif draw.random() < 1 / 9:
        views.append((*draw.choice(SCREENING_VIEWS), "-again"))
    sent_at = taken_at + timedelta(minutes=draw.uniform(12, 60))
    removed_at = sent_at + timedelta(minutes=draw.uniform(5, 50)) if draw.random() < 0.05 else None
    broken = draw.randrange(len(views)) if draw.random() < 0.1 else None
    files = []
    for nth, (laterality, view, again) in enumerate(views):
        local = (taken_at + timedelta(minutes=2 * nth)).astimezone(clock.zone)
        wanted = _mammogram(draw, _FIRST_SEED + number, nth + 1, laterality, view, unit, operator, breast, local)
        name = f"demo-{number + 1:03d}-{laterality}{view}{again}.dcm"
        kind = "broken" if nth == broken else "dicom"
        came_at = sent_at + timedelta(seconds=3 * nth)
        files.append(PlannedFile(name, kind, owner.email, came_at, removed_at, wanted))
    return files


def _mammogram(
    draw: random.Random,
    seed: int,
    number: int,
    laterality: str,
    view: str,
    unit: Unit,
    operator: Operator,
    breast: Breast,
    taken_at: datetime,
) -> SyntheticMammogram:
    rows, columns, spacing_mm = _MATRIX
    on, clock_time = taken_at.strftime("%Y%m%d"), taken_at.strftime("%H%M%S")
    dates = {f"{what}Date": on for what in ("Study", "Content", "Acquisition")}
    times = {f"{what}Time": clock_time for what in ("Content", "Acquisition")}
    return SyntheticMammogram(
        seed=seed,
        laterality=laterality,
        view=view,
        rows=rows,
        columns=columns,
        pixel_spacing_mm=spacing_mm,
        instance_number=number,
        patient_id=f"DEMO-{seed % 1000 + 1:04d}",
        patient_name=f"Synthetic^Patient {seed % 1000 + 1}",
        changes=(*dates.items(), *times.items(), *exposure(draw, unit, operator, breast, view)),
    )


def _picture(clock: _Clock, day: date, number: int, owner: Person) -> PlannedFile:
    """A plain picture, as people without a unit send them."""
    ending = clock.draw.choice(("png", "png", "jpeg", "jpeg", "tiff"))
    kind = "broken" if clock.draw.random() < 0.08 else ending
    wanted = SyntheticMammogram(seed=_FIRST_SEED + 10_000 + number, rows=640, columns=520)
    name = f"demo-picture-{number + 1:03d}.{ending}"
    return PlannedFile(name, kind, owner.email, clock.at(day), None, wanted)


def acts(plan: Plan, images: Sequence[SentImage], last_day: date, days: int, zone: ZoneInfo) -> list[Act]:
    """What people did besides sending and deleting, in the order of time: logins, views and downloads."""
    draw = _chance(f"acts {last_day} {days}")
    clock = _Clock(zone, draw)
    done: list[Act] = []
    by_email = {person.email: person for person in plan.people}
    for came_at, owner in sorted({(file.came_at.replace(second=0, microsecond=0), file.owner) for file in plan.files}):
        if draw.random() < 0.5:  # else they had not gone since the last one
            done.append(Act(by_email[owner], "login", came_at - timedelta(minutes=draw.uniform(1, 6))))
    for day, share in _days(last_day - timedelta(days=days - 1), days):
        for person in plan.people:
            if person.registered_at.date() < day and draw.random() < person.at_work * min(share, 1.2):
                done += _visit(clock, person, day, images)
    return sorted(done, key=lambda act: act.at)


_VIEWS_A_VISIT = {"admin": 2, "radiologist": 14, "technologist": 4, "user": 5}


def _visit(clock: _Clock, person: Person, day: date, images: Sequence[SentImage]) -> Iterator[Act]:
    """A login and what is looked at afterwards: the newest first, and a few images again and again."""
    draw = clock.draw
    at = clock.at(day)
    yield Act(person, "login", at)
    there = [
        image
        for image in images
        if image.came_at < at
        and (image.removed_at is None or image.removed_at > at + timedelta(hours=4))
        and (person.role != "user" or image.owner == person.email)
    ]
    seen: set[int] = set()
    for _ in range(draw.randint(0, 2 * _VIEWS_A_VISIT[person.role]) if there else 0):
        back = int(draw.expovariate(1 / 14))
        image = there[-1 - back % len(there)] if draw.random() < 0.8 else there[7 * back % len(there) // 3]
        if image.image_id in seen:
            continue
        seen.add(image.image_id)
        at += timedelta(seconds=draw.uniform(4, 60))
        looked = round(min(draw.lognormvariate(3.1, 0.8), 600)) if draw.random() < 0.93 else None
        yield Act(person, "view", at, image.image_id, looked)
        at += timedelta(seconds=looked or 2)
        if draw.random() < 0.07:
            yield Act(person, "download", at, image.image_id)
