"""`mammogram-viewer import PATH…`: folders, files and ZIPs through the front door, as any client would send them.

    walk -> skip what the server has (by the digests of an earlier run, then by reading) -> send -> note what it became

Safe to stop anywhere and to run again: the server's images are the truth, and a large file goes on where it stopped."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
from rich.console import Console
from rich.markup import escape

from mammogram_viewer.accounts import users
from mammogram_viewer.accounts.models import User
from mammogram_viewer.adapters.database.locate import database_dsn
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.cli.import_client import Answer, ImportClient, SmallFile
from mammogram_viewer.cli.import_progress import ImportProgress
from mammogram_viewer.cli.import_state import Imported, ImportState
from mammogram_viewer.cli.import_walk import FoundFile, Trouble, shown, walk, why_unreadable
from mammogram_viewer.cli.instance import local_address, short_lived_token
from mammogram_viewer.foundation.errors import Invalid, Unsupported
from mammogram_viewer.foundation.keyset import parse_page_request
from mammogram_viewer.foundation.settings import MIB, Settings
from mammogram_viewer.intake.names import clean_name
from mammogram_viewer.intake.sniff import HEAD_BYTES, sniff

SMALL_BYTES = 8 * MIB
_TOGETHER_BYTES = 8 * MIB
_TOGETHER_FILES = 32
_NAMED_PER_REASON = 20
_ZIP = b"PK"
_UPLOADERS = ("admin", "technologist", "user")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the command line says."""

    paths: list[Path]
    user: str = ""
    url: str = ""
    token: str = ""
    parallel: int = 3
    dry_run: bool = False
    patience_seconds: float = 60.0


@dataclass
class Outcome:
    """What has become of everything."""

    new: int = 0
    known: int = 0
    would_send: int = 0
    not_taken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def refuse(self, path: Path, reason: str, inside: str = "") -> None:
        self.not_taken[reason].append(f"{shown(path)}: {inside}" if inside else shown(path))

    @property
    def not_taken_count(self) -> int:
        return sum(map(len, self.not_taken.values()))


def import_files(settings: Settings, wishes: Wishes, console: Console) -> int:
    """The exit code: 0 when the server has everything, 1 when some files were not taken, 130 when stopped."""
    outcome = Outcome()
    try:
        asyncio.run(_import(settings, wishes, outcome, console))
    except KeyboardInterrupt:
        _report(outcome, console)
        console.print("Stopped. Run the same command again to go on; nothing is sent twice.")
        return 130
    _report(outcome, console)
    return 1 if outcome.not_taken else 0


def read_token(path: Path | None, url: str) -> str:
    """The first line of the file, or of standard input; none without a file."""
    if path is None:
        if url:
            raise Invalid("For another instance say --token-file too: `mammogram-viewer token create` makes one there.")
        return ""
    text = sys.stdin.readline() if str(path) == "-" else path.read_text(encoding="utf-8")
    return text.strip().partition("\n")[0].strip()


async def _import(settings: Settings, wishes: Wishes, outcome: Outcome, console: Console) -> None:
    found: list[FoundFile] = []
    for what in await asyncio.to_thread(lambda: list(walk(wishes.paths))):
        if isinstance(what, Trouble):
            outcome.refuse(what.path, what.reason)
        else:
            found.append(what)
    state = ImportState(settings.data_dir / "import" / "state.sqlite3")
    try:
        async with _signed_in(settings, wishes) as client:
            with ImportProgress(console, len(found), sum(file.byte_count for file in found)) as progress:
                sending = _Import(ImportClient(client, wishes.patience_seconds), state, wishes, outcome, progress)
                await sending.run(found)
    finally:
        state.close()


@asynccontextmanager
async def _signed_in(settings: Settings, wishes: Wishes) -> AsyncIterator[httpx.AsyncClient]:
    address = wishes.url.rstrip("/") or local_address(settings)
    limits = httpx.Timeout(30, read=300)  # the last byte of a large file is answered once all of it is digested

    def client(token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {token}"}, timeout=limits)

    if wishes.token:
        async with client(wishes.token) as signed_in:
            yield signed_in
        return
    db = await open_pool(database_dsn(settings), size=2, application_name="mammogram-viewer import")
    try:
        person = await _person(db, wishes.user)
        async with short_lived_token(db, settings, person, name="import") as token, client(token) as signed_in:
            yield signed_in
    finally:
        await db.close()


async def _person(db: asyncpg.Pool, email: str) -> User:
    """Whose images they become: who was named, or the only one who may upload."""
    if email:
        return await users.get_user_by_email(db, email)
    page = await users.list_users(db, parse_page_request(None, "next", 100), status="active")
    able = [person for person in page.rows if person.role in _UPLOADERS]
    if len(able) != 1 or page.has_more:
        raise Invalid("Say whose images they become: --user EMAIL (`mammogram-viewer user list` shows all).")
    return able[0]


class _Import:
    """One run."""

    def __init__(
        self, client: ImportClient, state: ImportState, wishes: Wishes, outcome: Outcome, progress: ImportProgress
    ) -> None:
        self._client = client
        self._state = state
        self._wishes = wishes
        self._outcome = outcome
        self._progress = progress

    async def run(self, found: list[FoundFile]) -> None:
        await self._client.look_around()
        batches = _together(await self._unknown(found))
        self._progress.begin()
        workers = [asyncio.create_task(self._work(batches)) for _ in range(self._wishes.parallel)]
        try:
            await asyncio.gather(*workers)  # the first trouble as it is, not in a group
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _unknown(self, found: list[FoundFile]) -> list[FoundFile]:
        """All but those whose images, as an earlier run noted them, the server still has."""
        noted = {file: imported for file in found if (imported := self._state.find(file)) is not None}
        known = await self._client.known(sorted({digest for imported in noted.values() for digest in imported.images}))
        rest = []
        for file in found:
            imported = noted.get(file)
            if imported is None or not imported.images or not known.issuperset(imported.images):
                rest.append(file)
                continue
            self._outcome.known += len(imported.images)
            for name, reason in imported.refused:
                self._outcome.refuse(file.path, reason, name)
            self._done(file.byte_count)
        return rest

    async def _work(self, batches: Iterator[list[FoundFile]]) -> None:
        for batch in batches:
            if batch[0].byte_count > SMALL_BYTES:
                await self._large(batch[0])
            else:
                await self._small(batch)

    async def _small(self, batch: list[FoundFile]) -> None:
        """Read, asked for, and sent together."""
        read: dict[str, tuple[FoundFile, SmallFile]] = {}
        for file in batch:
            content = await asyncio.to_thread(self._read, file)
            if isinstance(content, str):
                self._outcome.refuse(file.path, content)
                self._done(file.byte_count)
                continue
            digest = hashlib.sha256(content).hexdigest()
            if digest in read:  # the same bytes twice in one request
                self._outcome.known += 1
                self._done(file.byte_count)
                continue
            read[digest] = (file, SmallFile(_name(file), content))
        for digest in await self._client.known(list(read)):
            file, _ = read.pop(digest)
            self._note(file, Answer([{"sha256": digest, "duplicate": True}]))
        if self._wishes.dry_run:
            self._outcome.would_send += len(read)
            for file, _ in read.values():
                self._done(file.byte_count)
            return
        archives = [digest for digest, (_, small) in read.items() if small.content.startswith(_ZIP)]
        for file, small in [read.pop(digest) for digest in archives]:
            self._note(file, await self._client.send_small([small]))
        if read:
            answer = await self._client.send_small([small for _, small in read.values()])
            for digest, (file, small) in read.items():
                self._note(file, _part_of(answer, digest, small.name))

    async def _large(self, file: FoundFile) -> None:
        """Digested, asked for, and sent by itself, from where an earlier run stopped."""
        digest = await asyncio.to_thread(self._digest, file)
        if isinstance(digest, Trouble):
            self._outcome.refuse(file.path, digest.reason)
            self._done(file.byte_count)
            return
        if await self._client.known([digest]):
            self._note(file, Answer([{"sha256": digest, "duplicate": True}]))
            return
        if self._wishes.dry_run:
            self._outcome.would_send += 1
            self._done(file.byte_count)
            return
        told = 0

        def tell(offset: int) -> None:
            nonlocal told
            self._progress.tally.bytes_done += offset - told
            told = offset
            self._progress.show()

        try:
            answer = await self._client.send_large(file.path, _name(file), digest, file.byte_count, tell)
        except OSError as problem:
            answer = Answer(rejected=[{"name": None, "detail": why_unreadable(problem)}])
        self._note(file, answer, told=told)

    def _read(self, file: FoundFile) -> bytes | str:
        """The content, or why it is not sent."""
        try:
            with file.path.open("rb") as opened:
                content = opened.read(SMALL_BYTES + 1)
            if len(content) > SMALL_BYTES:
                return "It grew while it was looked at; run the command again."
            sniff(content[:HEAD_BYTES], len(content))
        except OSError as problem:
            return why_unreadable(problem)
        except Unsupported as refusal:
            return refusal.detail
        return content

    def _digest(self, file: FoundFile) -> str | Trouble:
        try:
            with file.path.open("rb") as opened:
                sniff(opened.read(HEAD_BYTES), file.byte_count)
                opened.seek(0)
                return hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as problem:
            return Trouble(file.path, why_unreadable(problem))
        except Unsupported as refusal:
            return Trouble(file.path, refusal.detail)

    def _note(self, file: FoundFile, answer: Answer, *, told: int = 0) -> None:
        """What the file became: for this run's report, and for the next run."""
        known = sum(bool(image["duplicate"]) for image in answer.images)
        self._outcome.known += known
        self._outcome.new += len(answer.images) - known
        for rejected in answer.rejected:
            inside = rejected["name"] if answer.images and rejected["name"] else ""
            self._outcome.refuse(file.path, rejected["detail"], inside)
        if answer.images:
            refused = [[r["name"] or "", r["detail"]] for r in answer.rejected]
            self._state.note(file, Imported([image["sha256"] for image in answer.images], refused))
        self._done(file.byte_count - told)

    def _done(self, byte_count: int) -> None:
        self._progress.tally.files_done += 1
        self._progress.tally.bytes_done += byte_count
        self._progress.show()


def _name(file: FoundFile) -> str:
    """As the server will say it, also of a name that is no UTF-8."""
    return clean_name(os.fsencode(file.path.name))


def _together(files: list[FoundFile]) -> Iterator[list[FoundFile]]:
    """Large files by themselves; small ones with others, of other names, so that an answer tells which it means."""
    batch: dict[str, FoundFile] = {}
    for file in files:
        if file.byte_count > SMALL_BYTES:
            yield [file]
            continue
        name = _name(file)
        full = sum(other.byte_count for other in batch.values()) + file.byte_count > _TOGETHER_BYTES
        if batch and (full or name in batch or len(batch) >= _TOGETHER_FILES):
            yield list(batch.values())
            batch = {}
        batch[name] = file
    if batch:
        yield list(batch.values())


def _part_of(answer: Answer, digest: str, name: str) -> Answer:
    """What an answer to several files says about one of them."""
    images = [image for image in answer.images if image["sha256"] == digest]
    return Answer(images, [] if images else [r for r in answer.rejected if r["name"] in (name, None)])


def _report(outcome: Outcome, console: Console) -> None:
    for reason, paths in sorted(outcome.not_taken.items()):
        console.print(f"[yellow]Not taken[/yellow] ({len(paths)}): {escape(reason)}", highlight=False, soft_wrap=True)
        for path in paths[:_NAMED_PER_REASON]:
            console.print(f"    {escape(path)}", highlight=False, soft_wrap=True)
        if len(paths) > _NAMED_PER_REASON:
            console.print(f"    … and {len(paths) - _NAMED_PER_REASON} more")
    words = [f"{outcome.new} new", f"{outcome.known} already there", f"{outcome.not_taken_count} not taken"]
    if outcome.would_send:
        words.insert(0, f"{outcome.would_send} would be sent")
    console.print(", ".join(words) + ".", highlight=False)
