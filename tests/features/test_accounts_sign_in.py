"""Signing in, and what may go wrong there."""

from __future__ import annotations

import statistics
import time

import asyncpg
import pytest

from accounts_client import ADDRESS, PASSWORD, acts, add_user, browser, build_app, sign_in
from mammogram_viewer.accounts.cookies import LOOPBACK_NAME, SECURE_NAME
from mammogram_viewer.foundation.settings import Settings

ADA = "ada@clinic.example"
LIMITS = {"login_attempts_per_minute": 1000, "address_login_failures_per_minute": 1000}


async def test_sign_in_gives_a_session_that_the_next_request_is_known_by(db: asyncpg.Pool, settings: Settings) -> None:
    user_id = await add_user(db, settings, ADA, role="radiologist")
    async with browser(build_app(db, settings)) as client:
        answer = await sign_in(client, "ADA@clinic.example ")
        assert answer.status_code == 200
        assert answer.json()["user"]["id"] == user_id
        me = (await client.get("/api/auth/me")).json()
    assert me["user"]["email"] == ADA
    assert me["user"]["lastLoginAt"].endswith("Z")
    assert me["authentication"] == "session"
    assert me["capabilities"] == {"upload": False, "correct": False, "administer": False, "seesEveryImage": True}


async def test_cookie_is_host_bound_and_secure_over_https(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings), address="https://viewer.clinic.example") as client:
        cookie = (await sign_in(client, ADA)).headers["set-cookie"]
        assert (await client.get("/api/auth/me")).status_code == 200
    assert cookie.startswith(f"{SECURE_NAME}=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)


async def test_plain_cookie_name_is_for_http_on_loopback_alone(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    app = build_app(db, settings)
    async with browser(app, address=ADDRESS) as client:
        cookie = (await sign_in(client, ADA)).headers["set-cookie"]
    assert cookie.startswith(f"{LOOPBACK_NAME}=")
    assert "httponly" in cookie.lower() and "secure" not in cookie.lower()
    secret = cookie.partition(";")[0].partition("=")[2]

    async with browser(app, address="http://192.168.1.20:3000") as client:
        refused = await sign_in(client, ADA)
        assert (refused.status_code, refused.json()["code"]) == (403, "https_required")
        replayed = await client.get("/api/auth/me", headers={"cookie": f"{LOOPBACK_NAME}={secret}"})
        assert replayed.status_code == 401
    async with browser(app, address="https://viewer.clinic.example") as client:
        planted = await client.get("/api/auth/me", headers={"cookie": f"{LOOPBACK_NAME}={secret}"})
        assert planted.status_code == 401  # a plain cookie can be planted over http; __Host- cannot


async def test_proxy_that_ends_tls_gets_the_secure_cookie(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    behind = Settings(**{**vars(settings), "public_url": "https://viewer.clinic.example"})
    async with browser(build_app(db, behind)) as client:
        assert (await sign_in(client, ADA)).headers["set-cookie"].startswith(f"{SECURE_NAME}=")


async def test_unknown_account_and_wrong_password_read_the_same(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        wrong = await sign_in(client, ADA, "not her password")
        unknown = await sign_in(client, "nobody@clinic.example", "not her password")
        nonsense = await sign_in(client, "no address\x00", "\x00")
    assert wrong.status_code == unknown.status_code == nonsense.status_code == 401
    assert wrong.json() == unknown.json() == nonsense.json()
    assert wrong.json()["code"] == "invalid_credentials"


async def test_unknown_account_and_wrong_password_take_the_same_time(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    generous = Settings(**{**vars(settings), **LIMITS})
    times: dict[str, list[float]] = {ADA: [], "nobody@clinic.example": []}
    async with browser(build_app(db, generous)) as client:
        for _ in range(9):  # alternating, so that a busy machine slows both alike
            for email, taken in times.items():
                started = time.perf_counter()
                await sign_in(client, email, "not her password")
                taken.append(time.perf_counter() - started)
    known, unknown = (statistics.median(taken) for taken in times.values())
    # A missing hash would make it ten times faster; the bounds leave room for a busy machine.
    assert 0.5 < unknown / known < 2


@pytest.mark.parametrize(("status", "code"), [("pending", "account_pending"), ("disabled", "account_disabled")])
async def test_account_that_is_not_active_is_told_so_only_after_the_right_password(
    db: asyncpg.Pool, settings: Settings, status: str, code: str
) -> None:
    user_id = await add_user(db, settings, ADA)
    await db.execute("UPDATE users SET status = $2 WHERE id = $1", user_id, status)
    async with browser(build_app(db, settings)) as client:
        assert (await sign_in(client, ADA, "not her password")).json()["code"] == "invalid_credentials"
        refused = await sign_in(client, ADA)
        assert (refused.status_code, refused.json()["code"]) == (403, code)
        assert "set-cookie" not in refused.headers
        assert (await client.get("/api/auth/me")).status_code == 401
    assert (await acts(db))[-2:] == ["login_failed", "login_refused"]
    assert await db.fetchval("SELECT count(*) FROM sessions") == 0


async def test_account_without_password_cannot_sign_in(db: asyncpg.Pool, settings: Settings) -> None:
    user_id = await add_user(db, settings, ADA)
    await db.execute("UPDATE users SET password_hash = NULL WHERE id = $1", user_id)
    async with browser(build_app(db, settings)) as client:
        for password in ("", PASSWORD):
            assert (await sign_in(client, ADA, password)).status_code == 401


async def test_guessing_is_throttled_for_the_guesser_alone(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    app = build_app(db, settings)
    async with browser(app, ip="198.51.100.9") as stranger, browser(app, ip="203.0.113.7") as owner:
        answers = [await sign_in(stranger, ADA, f"guess number {n}") for n in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert answers[-1].json()["code"] == "too_many_requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        # The right password does not get the stranger's network in either; the owner's is untouched.
        assert (await sign_in(stranger, ADA)).status_code == 429
        assert (await sign_in(owner, ADA)).status_code == 200


async def test_owner_gets_in_while_the_account_is_attacked_from_everywhere(
    db: asyncpg.Pool, settings: Settings
) -> None:
    await add_user(db, settings, ADA)
    tight = Settings(**{**vars(settings), "login_failures_per_hour": 6})
    app = build_app(db, tight)
    async with browser(app, ip="203.0.113.7") as owner:
        assert (await sign_in(owner, ADA)).status_code == 200
    for network in range(3):
        async with browser(app, ip=f"10.0.{network}.1") as stranger:
            assert [(await sign_in(stranger, ADA, "a wrong guess")).status_code for _ in range(2)] == [401, 401]
    async with browser(app, ip="10.9.9.9") as stranger:
        statuses = [(await sign_in(stranger, ADA, "a wrong guess")).status_code for _ in range(3)]
        assert statuses == [401, 401, 429]
    async with browser(app, ip="203.0.113.99") as owner:  # her own network
        for _ in range(5):
            await sign_in(owner, ADA, "her own typing error")
        assert (await sign_in(owner, ADA)).status_code == 200
    async with browser(app, ip="192.0.2.1") as owner:  # on a journey
        assert (await sign_in(owner, ADA)).status_code == 200


async def test_failed_sign_ins_are_audited_without_what_was_typed(db: asyncpg.Pool, settings: Settings) -> None:
    user_id = await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        await sign_in(client, ADA, "tippfehler-kanarienvogel")
        await sign_in(client, "passwort-im-falschen-feld@x", "tippfehler-kanarienvogel")
        await sign_in(client, ADA)
    rows = await db.fetch("SELECT * FROM audit_log WHERE act LIKE 'login%' ORDER BY id")
    assert [(row["act"], row["actor_user_id"], row["resource_id"]) for row in rows] == [
        ("login_failed", None, user_id),
        ("login_failed", None, None),
        ("login", user_id, user_id),
    ]
    assert str(rows[0]["ip"]).startswith("203.0.113.7")
    assert "kanarienvogel" not in str(rows) and "falschen" not in str(rows)
    activity = await db.fetchrow("SELECT * FROM user_activity WHERE activity_type = 'login'")
    assert activity is not None
    assert (activity["user_id"], str(activity["ip_truncated"])) == (user_id, "203.0.113.0/24")
    assert activity["user_agent_family"] == "Python"


async def test_hash_of_older_parameters_is_renewed_at_sign_in(db: asyncpg.Pool, settings: Settings) -> None:
    from argon2 import PasswordHasher

    user_id = await add_user(db, settings, ADA)
    weak = PasswordHasher(memory_cost=8192, time_cost=1, parallelism=1).hash(PASSWORD)
    await db.execute("UPDATE users SET password_hash = $2 WHERE id = $1", user_id, weak)
    async with browser(build_app(db, settings)) as client:
        assert (await sign_in(client, ADA)).status_code == 200
        assert "m=47104" in await db.fetchval("SELECT password_hash FROM users WHERE id = $1", user_id)
        assert (await sign_in(client, ADA)).status_code == 200


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b'{"email":"a@b","password":"x"}', "text/plain", 415, "json_expected"),
        (b'{"email":"a@b","password":"x"}', "", 415, "json_expected"),
        (b"email=a%40b&password=x", "application/x-www-form-urlencoded", 415, "json_expected"),
        (b'{"email":', "application/json", 400, "malformed"),
        (b'{"email":"a@b","password":"x","passwrod":"y"}', "application/json", 422, "invalid"),
        (b'{"email":"a@b"}', "application/json", 422, "invalid"),
    ],
)
async def test_body_that_is_no_json_of_ours_is_refused(
    db: asyncpg.Pool, settings: Settings, content: bytes, content_type: str, status: int, code: str
) -> None:
    async with browser(build_app(db, settings)) as client:
        answer = await client.post("/api/auth/login", content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
