"""The first administrator, and people who ask for an account."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from accounts_client import PASSWORD, acts, add_user, browser, build_app, sign_in
from mammogram_viewer.accounts.setup import administrator_exists, create_setup_link
from mammogram_viewer.foundation.settings import Settings

ADA = "ada@clinic.example"


def setup_body(token: str | None, email: str = ADA) -> dict[str, str]:
    assert token is not None
    return {"token": token, "email": email, "name": "Ada", "password": PASSWORD}


async def test_no_account_exists_before_set_up(db: asyncpg.Pool, settings: Settings) -> None:
    assert await db.fetchval("SELECT count(*) FROM users") == 0
    async with browser(build_app(db, settings)) as client:
        assert (await client.get("/api/auth/registration")).json() == {"open": True, "setupNeeded": True}


async def test_set_up_link_makes_the_first_administrator_and_signs_them_in(
    db: asyncpg.Pool, settings: Settings
) -> None:
    token = await create_setup_link(db, settings)
    async with browser(build_app(db, settings)) as client:
        assert (await client.get("/api/setup", params={"token": token or ""})).json() == {"valid": True}
        answer = await client.post("/api/setup", json=setup_body(token))
        assert (answer.status_code, answer.json()["user"]["role"]) == (201, "admin")
        assert (await client.get("/api/admin/users")).status_code == 200
        assert (await client.get("/api/auth/registration")).json()["setupNeeded"] is False
        assert (await client.get("/api/setup", params={"token": token or ""})).json() == {"valid": False}
    assert await administrator_exists(db)
    assert await acts(db) == ["setup_link_created", "administrator_set_up", "login"]
    assert token not in str(await db.fetch("SELECT * FROM setup_links"))


async def test_set_up_link_works_once(db: asyncpg.Pool, settings: Settings) -> None:
    token = await create_setup_link(db, settings)
    async with browser(build_app(db, settings)) as client:
        assert (await client.post("/api/setup", json=setup_body(token))).status_code == 201
        again = await client.post("/api/setup", json=setup_body(token, "eve@clinic.example"))
        assert (again.status_code, again.json()["code"]) == (410, "setup_link_invalid")
        # Not even once the administrator is gone again.
        await db.execute("UPDATE users SET status = 'disabled'")
        assert (await client.post("/api/setup", json=setup_body(token, "eve@clinic.example"))).status_code == 410
    assert await db.fetchval("SELECT count(*) FROM users") == 1


async def test_two_uses_at_once_make_one_administrator(db: asyncpg.Pool, settings: Settings) -> None:
    token = await create_setup_link(db, settings)
    async with browser(build_app(db, settings)) as client:
        answers = await asyncio.gather(
            *(client.post("/api/setup", json=setup_body(token, f"admin{n}@clinic.example")) for n in range(4))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 410, 410, 410]
    assert await db.fetchval("SELECT count(*) FROM users WHERE role = 'admin'") == 1


@pytest.mark.parametrize("ageing", ["expires_at = now()", "used_at = now()"])
async def test_expired_or_used_set_up_link_is_refused(db: asyncpg.Pool, settings: Settings, ageing: str) -> None:
    token = await create_setup_link(db, settings)
    await db.execute(f"UPDATE setup_links SET {ageing}")
    async with browser(build_app(db, settings)) as client:
        answer = await client.post("/api/setup", json=setup_body(token))
    assert (answer.status_code, answer.json()["code"]) == (410, "setup_link_invalid")
    assert await db.fetchval("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize("token", ["", "x", "btt0BiH04AyO88OqePMcpvXMgYdfAdX_39TObokJ7kM", "' OR true --", "\x00"])
async def test_forged_set_up_link_is_refused(db: asyncpg.Pool, settings: Settings, token: str) -> None:
    await create_setup_link(db, settings)
    async with browser(build_app(db, settings)) as client:
        assert (await client.post("/api/setup", json=setup_body(token))).status_code == 410


async def test_newest_set_up_link_is_the_only_good_one(db: asyncpg.Pool, settings: Settings) -> None:
    older, newer = await create_setup_link(db, settings), await create_setup_link(db, settings)
    async with browser(build_app(db, settings)) as client:
        assert (await client.post("/api/setup", json=setup_body(older))).status_code == 410
        assert (await client.post("/api/setup", json=setup_body(newer))).status_code == 201


async def test_no_set_up_link_is_made_while_an_administrator_is_active(db: asyncpg.Pool, settings: Settings) -> None:
    before = await create_setup_link(db, settings)
    await add_user(db, settings, "root@clinic.example", role="admin")
    assert await create_setup_link(db, settings) is None
    async with browser(build_app(db, settings)) as client:
        assert (await client.post("/api/setup", json=setup_body(before))).status_code == 410


async def test_refused_password_leaves_the_set_up_link_good(db: asyncpg.Pool, settings: Settings) -> None:
    token = await create_setup_link(db, settings)
    async with browser(build_app(db, settings)) as client:
        refused = await client.post("/api/setup", json={**setup_body(token), "password": "too short"})
        assert (refused.status_code, refused.json()["code"]) == (422, "password_too_short")
        assert (await client.post("/api/setup", json=setup_body(token))).status_code == 201


async def test_set_up_promotes_an_account_that_has_the_address(db: asyncpg.Pool, settings: Settings) -> None:
    token = await create_setup_link(db, settings)
    async with browser(build_app(db, settings)) as client:
        body = {"email": "ADA@clinic.example", "name": "Eve?", "password": "nine drowsy meadows"}
        assert (await client.post("/api/auth/register", json=body)).status_code == 202
        assert (await client.post("/api/setup", json=setup_body(token))).status_code == 201
        assert (await sign_in(client, ADA, "nine drowsy meadows")).status_code == 401
        assert (await sign_in(client, ADA)).status_code == 200
    assert await db.fetchval("SELECT count(*) FROM users") == 1


# --- registration ---------------------------------------------------------------------------------------------


def registration(email: str = "new@clinic.example") -> dict[str, str]:
    return {"email": email, "name": "New Colleague", "password": "nine drowsy meadows"}


async def test_registration_makes_a_pending_user_who_waits_for_approval(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA, role="admin")
    app = build_app(db, settings)
    async with browser(app) as client, browser(app) as admin:
        answer = await client.post("/api/auth/register", json=registration())
        assert answer.status_code == 202
        assert answer.json()["user"]["status"] == "pending"
        assert (await sign_in(client, "new@clinic.example", "nine drowsy meadows")).status_code == 403
        await sign_in(admin, ADA)
        (pending,) = (await admin.get("/api/admin/users?status=pending")).json()["users"]
        assert (pending["email"], pending["role"]) == ("new@clinic.example", "user")
        await admin.patch(f"/api/admin/users/{pending['id']}", json={"status": "active"})
        assert (await sign_in(client, "new@clinic.example", "nine drowsy meadows")).status_code == 200
    assert {"user_registered", "user_approved"} <= set(await acts(db))


async def test_registration_does_not_tell_who_has_an_account(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        known = await client.post("/api/auth/register", json=registration(ADA))
        unknown = await client.post("/api/auth/register", json=registration("new@clinic.example"))
        assert known.status_code == unknown.status_code == 202
        assert known.json()["user"] | {"email": ""} == unknown.json()["user"] | {"email": ""}
        assert set(known.headers) == set(unknown.headers)
        # And it changed nothing: neither password nor status.
        assert (await sign_in(client, ADA, "nine drowsy meadows")).status_code == 401
        assert (await sign_in(client, ADA)).status_code == 200
    assert "registration_repeated" in await acts(db)


async def test_registration_can_be_switched_off(db: asyncpg.Pool, settings: Settings) -> None:
    async with browser(build_app(db, Settings(**{**vars(settings), "registration": False}))) as client:
        answer = await client.post("/api/auth/register", json=registration())
        assert (answer.status_code, answer.json()["code"]) == (403, "registration_off")
        assert (await client.get("/api/auth/registration")).json()["open"] is False
    assert await db.fetchval("SELECT count(*) FROM users") == 0


async def test_flood_of_registrations_is_throttled(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, Settings(**{**vars(settings), "register_attempts_per_hour": 3}))
    async with browser(app) as client:
        statuses = [
            (await client.post("/api/auth/register", json=registration(f"bot{n}@x.example"))).status_code
            for n in range(5)
        ]
        assert statuses == [202, 202, 202, 429, 429]
        refused = await client.post("/api/auth/register", json=registration())
        assert int(refused.headers["retry-after"]) > 0


async def test_flood_from_many_networks_stops_at_the_bound_of_pending_users(
    db: asyncpg.Pool, settings: Settings
) -> None:
    app = build_app(db, Settings(**{**vars(settings), "max_pending_users": 2}))
    statuses = []
    for n in range(4):
        async with browser(app, ip=f"10.0.{n}.1") as client:
            answer = await client.post("/api/auth/register", json=registration(f"bot{n}@x.example"))
            statuses.append(answer.status_code)
    assert statuses == [202, 202, 429, 429]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "no address"}, "invalid_email"),
        ({"password": "short"}, "password_too_short"),
        ({"password": "newcolleague1"}, "password_common"),
        ({"password": "qwertyuiop12"}, "password_common"),
        ({"name": "a\x00b"}, "invalid_name"),
    ],
)
async def test_registration_with_unusable_values_is_refused(
    db: asyncpg.Pool, settings: Settings, change: dict[str, str], code: str
) -> None:
    async with browser(build_app(db, settings)) as client:
        answer = await client.post("/api/auth/register", json=registration() | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await db.fetchval("SELECT count(*) FROM users") == 0
