"""A part that starts before its database waits for it, and says so when it waits in vain."""

from __future__ import annotations

import asyncio
import socket

import asyncpg
import pytest

from mammogram_viewer.adapters.database import pool as pool_module
from mammogram_viewer.adapters.database.pool import open_pool
from mammogram_viewer.foundation.errors import Unavailable


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(pool_module, "_QUESTION_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_never_answers_ends_in_a_sentence_that_names_the_mend() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # bound and not listening: refused
        port = probe.getsockname()[1]
        with pytest.raises(Unavailable, match="doctor"):
            await open_pool(f"postgresql://nobody@127.0.0.1:{port}/none", size=2, application_name="tests")


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_is_starting_is_waited_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    really = pool_module._new_pool
    answers = [asyncpg.CannotConnectNowError("the database system is starting up"), ConnectionRefusedError()]

    async def starting(*args: object) -> asyncpg.Pool:
        await asyncio.sleep(0)
        if answers:
            raise answers.pop(0)
        return await really(*args)  # type: ignore[arg-type] - the same arguments

    monkeypatch.setattr(pool_module, "_new_pool", starting)
    db = await open_pool(database_url, size=2, application_name="tests")
    assert await db.fetchval("SELECT 1") == 1
    await db.close()
    assert caplog.messages == ["waits_for_database"], "told once, however often it asks"
