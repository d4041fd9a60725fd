"""Sessions while they last: judged anew at each request, listed, ended."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import urlsafe_b64decode

import asyncpg
import httpx
import pytest

from accounts_client import PASSWORD, acts, add_user, browser, build_app, sign_in
from mammogram_viewer.accounts.cookies import LOOPBACK_NAME
from mammogram_viewer.foundation.settings import Settings

ADA = "ada@clinic.example"
NEW_PASSWORD = "eight restless harbours"


async def status_of(client: httpx.AsyncClient) -> int:
    return (await client.get("/api/auth/me")).status_code


async def wait_until_true(db: asyncpg.Pool, sql: str, *values: object) -> None:
    async with asyncio.timeout(5):
        while not await db.fetchval(sql, *values):
            await asyncio.sleep(0.01)


async def test_only_the_digest_of_the_cookie_is_stored(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        secret = urlsafe_b64decode(client.cookies[LOOPBACK_NAME] + "=")
    assert len(secret) == 32
    row = await db.fetchrow("SELECT * FROM sessions")
    assert row is not None and row["token_hash"] == hashlib.sha256(secret).digest()


async def test_session_id_changes_at_sign_in_and_the_one_before_ends(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as attacker:
        await sign_in(client, ADA)
        before = client.cookies[LOOPBACK_NAME]
        attacker.cookies.set(LOOPBACK_NAME, before)
        assert await status_of(attacker) == 200
        await sign_in(client, ADA)
        assert client.cookies[LOOPBACK_NAME] != before
        assert await status_of(client) == 200
        assert await status_of(attacker) == 401
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1


async def test_session_id_that_an_attacker_chose_is_never_taken_over(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    chosen = "A" * 43
    app = build_app(db, settings)
    async with browser(app) as victim, browser(app) as attacker:
        await victim.post(
            "/api/auth/login",
            json={"email": ADA, "password": PASSWORD},
            headers={"cookie": f"{LOOPBACK_NAME}={chosen}"},
        )
        attacker.cookies.set(LOOPBACK_NAME, chosen)
        assert await status_of(attacker) == 401


async def test_logout_ends_the_session_on_the_server(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as thief:
        await sign_in(client, ADA)
        thief.cookies.set(LOOPBACK_NAME, client.cookies[LOOPBACK_NAME])
        answer = await client.post("/api/auth/logout")
        assert answer.status_code == 204
        assert "max-age=0" in answer.headers["set-cookie"].lower()
        assert await status_of(thief) == 401
        assert (await client.post("/api/auth/logout")).status_code == 204  # safe to repeat
    assert (await acts(db))[-1] == "logout"


@pytest.mark.parametrize(
    "ageing",
    [
        "UPDATE sessions SET last_seen_at = now() - interval '8 hours 1 second'",
        "UPDATE sessions SET expires_at = now() - interval '1 second'",
        "UPDATE sessions SET expires_at = now()",
    ],
)
async def test_session_past_its_idle_or_absolute_limit_is_over(
    db: asyncpg.Pool, settings: Settings, ageing: str
) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        assert await status_of(client) == 200
        await db.execute(ageing)
        assert await status_of(client) == 401
        assert await db.fetchval("SELECT last_seen_at < now() FROM sessions")  # and is not revived by it


async def test_use_keeps_a_session_alive_and_is_noted_at_most_once_a_minute(
    db: asyncpg.Pool, settings: Settings
) -> None:
    user_id = await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        before = await db.fetchval("SELECT last_seen_at FROM sessions")
        await status_of(client)
        assert await db.fetchval("SELECT last_seen_at FROM sessions") == before
        await db.execute("UPDATE sessions SET last_seen_at = now() - interval '2 minutes'")
        await db.execute("UPDATE users SET last_activity_at = NULL")
        assert await asyncio.gather(*(status_of(client) for _ in range(5))) == [200] * 5
        await wait_until_true(db, "SELECT last_seen_at > now() - interval '30 seconds' FROM sessions")
        await wait_until_true(db, "SELECT last_activity_at IS NOT NULL FROM users WHERE id = $1", user_id)


async def test_absolute_limit_does_not_move_with_use(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        before = await db.fetchval("SELECT expires_at FROM sessions")
        await db.execute("UPDATE sessions SET last_seen_at = now() - interval '2 minutes'")
        await status_of(client)
        await wait_until_true(db, "SELECT last_seen_at > now() - interval '30 seconds' FROM sessions")
        assert await db.fetchval("SELECT expires_at FROM sessions") == before


async def test_disabling_a_user_acts_on_the_next_request(db: asyncpg.Pool, settings: Settings) -> None:
    user_id = await add_user(db, settings, ADA)
    await add_user(db, settings, "admin@clinic.example", role="admin")
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as admin:
        await sign_in(client, ADA)
        await sign_in(admin, "admin@clinic.example")
        change = f"/api/admin/users/{user_id}"
        assert (await admin.patch(change, json={"status": "disabled"})).status_code == 200
        assert await status_of(client) == 401
        # Enabling again does not bring the old session back.
        assert (await admin.patch(change, json={"status": "active"})).status_code == 200
        assert await status_of(client) == 401
        assert (await sign_in(client, ADA)).status_code == 200


async def test_disabling_behind_our_back_acts_too(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        await db.execute("UPDATE users SET status = 'disabled'")  # by hand, in psql
        assert await status_of(client) == 401


async def test_changing_a_role_acts_on_the_next_request(db: asyncpg.Pool, settings: Settings) -> None:
    user_id = await add_user(db, settings, ADA)
    await add_user(db, settings, "admin@clinic.example", role="admin")
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as admin:
        await sign_in(client, ADA)
        await sign_in(admin, "admin@clinic.example")
        assert (await client.get("/api/admin/users")).status_code == 403
        await admin.patch(f"/api/admin/users/{user_id}", json={"role": "admin"})
        assert (await client.get("/api/admin/users")).status_code == 200
        await admin.patch(f"/api/admin/users/{user_id}", json={"role": "user"})
        assert (await client.get("/api/admin/users")).status_code == 403


async def test_own_sessions_are_listed_and_ended_one_by_one(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    await add_user(db, settings, "eve@clinic.example")
    app = build_app(db, settings)
    async with browser(app) as here, browser(app, ip="2001:db8::5") as there, browser(app) as eve:
        for client, who in ((here, ADA), (there, ADA), (eve, "eve@clinic.example")):
            await sign_in(client, who)
        listed = (await here.get("/api/auth/sessions")).json()["sessions"]
        assert [(s["ip"], s["current"]) for s in sorted(listed, key=lambda s: s["id"])] == [
            ("203.0.113.7", True),
            ("2001:db8::5", False),
        ]
        other = next(s["id"] for s in listed if not s["current"])
        assert (await eve.delete(f"/api/auth/sessions/{other}")).status_code == 404
        assert await status_of(there) == 200
        assert (await here.delete(f"/api/auth/sessions/{other}")).status_code == 204
        assert (await here.delete(f"/api/auth/sessions/{other}")).status_code == 404
        assert (await here.delete("/api/auth/sessions/99999999999999999999")).status_code == 404
        assert (await status_of(there), await status_of(here)) == (401, 200)


async def test_oldest_session_ends_when_a_user_has_too_many(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    app = build_app(db, Settings(**{**vars(settings), "sessions_per_user": 2}))
    async with browser(app) as first, browser(app) as second, browser(app) as third:
        for client in (first, second, third):
            await sign_in(client, ADA)
        assert [await status_of(client) for client in (first, second, third)] == [401, 200, 200]


async def test_expired_sessions_are_swept_at_the_next_sign_in(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    await add_user(db, settings, "eve@clinic.example")
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as other:
        await sign_in(client, ADA)
        await db.execute("UPDATE sessions SET expires_at = now() - interval '1 day'")
        await sign_in(other, "eve@clinic.example")
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1


async def test_changing_the_password_ends_the_other_sessions(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    app = build_app(db, settings)
    body = {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    async with browser(app) as here, browser(app) as there:
        await sign_in(here, ADA)
        await sign_in(there, ADA)
        assert (await here.post("/api/auth/password", json=body)).status_code == 204
        assert (await status_of(here), await status_of(there)) == (200, 401)
        assert (await sign_in(there, ADA)).status_code == 401
        assert (await sign_in(there, ADA, NEW_PASSWORD)).status_code == 200
    assert "password_changed" in await acts(db)


async def test_password_change_demands_the_current_one_and_is_throttled(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        body = {"currentPassword": "a wrong guess", "newPassword": NEW_PASSWORD}
        answers = [await client.post("/api/auth/password", json=body) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert answers[0].json()["code"] == "invalid_credentials"
        assert (await sign_in(client, ADA, NEW_PASSWORD)).status_code == 429


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("too short", "password_too_short"),
        ("qwertyuiop12", "password_common"),
        ("ada@clinic.example", "password_common"),
        ("x9#" * 400, "password_too_long"),
    ],
)
async def test_new_password_must_be_worth_its_name(
    db: asyncpg.Pool, settings: Settings, password: str, code: str
) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA)
        body = {"currentPassword": PASSWORD, "newPassword": password}
        answer = await client.post("/api/auth/password", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert (await sign_in(client, ADA)).status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 5000, "' OR 1=1 --", "é" * 43])
async def test_forged_cookies_are_nobody(db: asyncpg.Pool, settings: Settings, cookie: str) -> None:
    async with browser(build_app(db, settings)) as client:
        header = f"{LOOPBACK_NAME}={cookie}".encode()
        answer = await client.get("/api/auth/me", headers=[(b"cookie", header)])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
