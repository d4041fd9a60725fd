"""Hostile files through the real product: uploaded by an ordinary user, rendered by the worker, looked at again.

A trial never stops at the first surprise; it gathers what broke a promise, beside the outcomes."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hostile.files import CLEAN, HostileFile
from hostile.judge import Outcome, digest_of_png, judge
from hostile.watch import Most, Watch
from product import Product

ENDED = ("completed", "rejected", "failed", "cancelled")
CHILD_BYTES = 2 * 1024**3
# The wall time of a decoder and of what unpacks an archive, and what a busy machine needs to see them end.
CHILD_SECONDS = {"worker": 15.0, "api": 120.0}
SPARE_SECONDS = 2.0
_JOBS_AT_ONCE = 100
_STALLED_SECONDS = 180.0
_UPLOAD_SECONDS = 180.0
_RENDITION_TYPES = ("image/png", "image/webp", "application/dicom+json", "image/jphc", "application/octet-stream")
_TRACES = ("alert(1)", "DROP TABLE", "etc/passwd", "Synthetic^Exam")  # of what files say, and logs must not


@dataclass
class Report:
    """`violations` are (file, sentence); `troubles` concern the product as a whole."""

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    violations: list[tuple[str, str]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    most: dict[str, Most] = field(default_factory=dict)  # by the part whose children these are
    seconds: float = 0.0

    def table(self, files: Iterable[HostileFile]) -> list[str]:
        """Lines of class × outcome, as text."""
        counted: Counter[tuple[str, str, str]] = Counter()
        for file in files:
            for outcome in self.outcomes.get(file.name, []):
                counted[file.family, file.allowed.name, str(outcome)] += 1
        return [
            f"{family:16} {allowed:16} {end:44} {count:5}" for (family, allowed, end), count in sorted(counted.items())
        ]


class Trial:
    """One run of files through one product. `say` gets lines about the progress."""

    def __init__(self, product: Product, say: Callable[[str], None] = lambda line: None) -> None:
        self._product = product
        self._say = say
        self._report = Report()
        self._jobs: dict[str, str] = {}  # job id to its state
        self._images: dict[str, list[int]] = {}
        self._refused: dict[str, list[Outcome]] = {}

    def run(self, files: list[HostileFile]) -> Report:
        started = time.monotonic()
        pids = {part: process.pid for part, process in self._product.processes.items()}
        with Watch(pids) as watch:
            for number, file in enumerate(files, start=1):
                self._upload(file)
                if number % 50 == 0 or number == len(files):
                    self._ask_for_jobs()
                    self._say(f"{number} of {len(files)} uploaded, {self._unfinished()} jobs to go")
            self._wait()
            twins: dict[str, Outcome] = {}
            for file in files:
                self._look(file, twins)
        self._report.most = watch.most
        self._check_children()
        self._check_product(pids)
        self._report.seconds = time.monotonic() - started
        return self._report

    def _upload(self, file: HostileFile) -> None:
        try:
            # An archive is unpacked before the answer, and a bomb takes all the time it may have.
            answer = self._product.client().post(
                "/api/images", files=[("files", (file.file_name, file.make()))], timeout=_UPLOAD_SECONDS
            )
        except httpx.TransportError as trouble:
            self._report.violations.append((file.name, f"the upload broke: {type(trouble).__name__}"))
            return
        if answer.status_code == 202:
            told = answer.json()
            self._images[file.name] = [image["id"] for image in told["images"]]
            self._jobs |= {image["jobId"]: "" for image in told["images"]}
            self._refused[file.name] = [Outcome(state="refused", code=entry["code"]) for entry in told["rejected"]]
        elif answer.status_code in (413, 415, 422):
            self._refused[file.name] = [Outcome(state="refused", code=answer.json()["code"])]
        else:
            self._report.violations.append((file.name, f"the upload was answered {answer.status_code}"))

    def _unfinished(self) -> int:
        return sum(state not in ENDED for state in self._jobs.values())

    def _ask_for_jobs(self) -> None:
        open_jobs = [job for job, state in self._jobs.items() if state not in ENDED]
        for start in range(0, len(open_jobs), _JOBS_AT_ONCE):
            some = open_jobs[start : start + _JOBS_AT_ONCE]
            answer = self._get("/api/jobs", httpx.QueryParams({"id": some}))
            for job in answer.json()["jobs"]:
                self._jobs[job["id"]] = job["state"]

    def _wait(self) -> None:
        """Until every job has ended; a queue that does not move for minutes is a trouble of the product."""
        left, moved_at = self._unfinished(), time.monotonic()
        while left:
            time.sleep(0.2)
            self._ask_for_jobs()
            now_left = self._unfinished()
            if now_left // 100 != left // 100:
                self._say(f"{now_left} jobs to go")
            if now_left != left:
                left, moved_at = now_left, time.monotonic()
            died = [part for part, process in self._product.processes.items() if process.poll() is not None]
            if died or time.monotonic() - moved_at > _STALLED_SECONDS:
                self._report.troubles.append(f"{left} jobs did not end")
                return

    def _get(self, path: str, params: httpx.QueryParams | None = None) -> httpx.Response:
        answer = self._product.client().get(path, params=params)
        if answer.status_code >= 500:
            self._report.troubles.append(f"{path} was answered {answer.status_code}")
        return answer

    def _look(self, file: HostileFile, twins: dict[str, Outcome]) -> None:
        outcomes = [*self._refused.get(file.name, []), *map(self._outcome, self._images.get(file.name, []))]
        self._report.outcomes[file.name] = outcomes
        if not outcomes:
            self._report.violations.append((file.name, "nothing became of it"))
        if file.allowed is CLEAN and outcomes:
            twins[file.name] = outcomes[0]
        self._report.violations += [(file.name, sentence) for sentence in judge(file, outcomes, twins)]

    def _outcome(self, image_id: int) -> Outcome:
        answer = self._get(f"/api/images/{image_id}")
        troubles = _unsafe(answer, "application/json")
        if answer.status_code != 200:
            return Outcome(state="failed", code=f"http_{answer.status_code}", troubles=tuple(troubles))
        image: dict[str, Any] = answer.json()
        if image["status"] != "ready":
            state = image["status"] if image["status"] in ("rejected", "failed") else "failed"
            return Outcome(state=state, code=image["reasonCode"], troubles=tuple(troubles))
        picture = ""
        for name, link in image["links"].items():
            if link is None or name in ("self", "file") or not isinstance(link, str):
                continue
            rendition = self._get(link)
            kind = rendition.headers.get("content-type", "").split(";")[0]
            if rendition.status_code != 200 or kind not in _RENDITION_TYPES:
                if rendition.status_code not in (200, 202):  # 202: made on demand
                    troubles.append(f"{name} was answered {rendition.status_code} {kind}")
                continue
            troubles += _unsafe(rendition, kind)
            if name == "png":
                picture, broken = digest_of_png(rendition.content, image["rows"], image["columns"])
                troubles += broken
            elif name == "tags":
                json.loads(rendition.content)
        if not picture:
            troubles.append("there is no picture")
        return Outcome(
            state="ready", picture=picture, voi_source=image["voiSource"], warnings=frozenset(image["warnings"]),
            troubles=tuple(troubles),
        )  # fmt: skip

    def _check_children(self) -> None:
        for part, most in self._report.most.items():
            if most.address_space_bytes > CHILD_BYTES:
                self._report.troubles.append(f"a child of {part} had {most.address_space_bytes >> 20} MiB of addresses")
            if most.seconds > CHILD_SECONDS[part] + SPARE_SECONDS:
                self._report.troubles.append(f"a child of {part} lived for {most.seconds:.1f} s")

    def _check_product(self, pids: dict[str, int]) -> None:
        """Everybody is alive, well and discreet, and nothing lies where it should not."""
        troubles = self._report.troubles
        for part, process in self._product.processes.items():
            if process.pid != pids[part] or process.poll() is not None:
                troubles.append(f"{part} has died")
        health = self._get("/health")
        if health.status_code != 200 or health.json()["status"] != "ok":
            troubles.append(f"/health says {health.status_code} {health.text[:200]}")
        for part in self._product.processes:
            log = self._product.log(part)
            troubles += [f"the log of {part} quotes {trace!r}" for trace in _TRACES if trace in log]
            for event in ("fork_server_died", "Traceback"):
                if event in log:
                    troubles.append(f"the log of {part} tells of {event}")
        slipped = [*Path(tempfile.gettempdir()).glob("hostile-drill-slipped*"), *self._slipped()]
        troubles += [f"{path} has slipped out of an archive" for path in slipped]

    def _slipped(self) -> list[Path]:
        return list(self._product.data_dir.rglob("*hostile-drill-slipped*"))


def _unsafe(answer: httpx.Response, wanted_type: str) -> list[str]:
    """What a browser could make more of than it should."""
    found = []
    if not answer.headers.get("content-type", "").startswith(wanted_type):
        found.append(f"served as {answer.headers.get('content-type')}")
    if answer.headers.get("x-content-type-options") != "nosniff":
        found.append("served without nosniff")
    if "json" in wanted_type and any(byte < 32 and byte not in b"\t\r\n" for byte in answer.content):
        found.append("control characters in JSON")
    return found
