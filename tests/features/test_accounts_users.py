"""The administrators' list of users, and the audit log of what they do."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from accounts_client import PASSWORD, acts, add_user, browser, build_app, sign_in
from mammogram_viewer.accounts.users import UserChanges, change_user
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.foundation.errors import Conflict
from mammogram_viewer.foundation.settings import Settings

ROOT = "root@clinic.example"
ADA = "ada@clinic.example"


async def as_root(db: asyncpg.Pool, settings: Settings, client: httpx.AsyncClient) -> int:
    root_id = await add_user(db, settings, ROOT, role="admin")
    await sign_in(client, ROOT)
    return root_id


async def test_administrator_makes_a_user_who_can_sign_in_at_once(db: asyncpg.Pool, settings: Settings) -> None:
    app = build_app(db, settings)
    async with browser(app) as admin, browser(app) as client:
        await as_root(db, settings, admin)
        body = {"email": ADA, "name": "Ada Byron", "role": "radiologist", "password": PASSWORD}
        answer = await admin.post("/api/admin/users", json=body)
        assert answer.status_code == 201
        assert answer.json()["user"] | {"id": 0, "createdAt": ""} == {
            "id": 0,
            "email": ADA,
            "name": "Ada Byron",
            "role": "radiologist",
            "status": "active",
            "createdAt": "",
            "lastLoginAt": None,
            "lastActivityAt": None,
        }
        assert (await sign_in(client, ADA)).status_code == 200
        again = await admin.post("/api/admin/users", json=body | {"email": "ADA@clinic.example"})
        assert (again.status_code, again.json()["code"]) == (409, "email_taken")


async def test_user_without_password_waits_until_an_administrator_sets_one(
    db: asyncpg.Pool, settings: Settings
) -> None:
    app = build_app(db, settings)
    async with browser(app) as admin, browser(app) as client:
        await as_root(db, settings, admin)
        made = await admin.post("/api/admin/users", json={"email": ADA, "name": "", "role": "user"})
        assert (await sign_in(client, ADA)).status_code == 401
        path = f"/api/admin/users/{made.json()['user']['id']}"
        assert (await admin.patch(path, json={"password": "short"})).json()["code"] == "password_too_short"
        assert (await admin.patch(path, json={"password": PASSWORD})).status_code == 200
        assert (await sign_in(client, ADA)).status_code == 200
        # A new password ends the sessions that the old one opened.
        assert (await admin.patch(path, json={"password": "eight restless harbours"})).status_code == 200
        assert (await client.get("/api/auth/me")).status_code == 401
    assert (await acts(db)).count("password_set") == 2


async def test_users_are_found_by_status_role_and_beginning(db: asyncpg.Pool, settings: Settings) -> None:
    async with browser(build_app(db, settings)) as admin:
        await as_root(db, settings, admin)
        for email, name, role in (
            ("per_cent@x.example", "100% Sure", "user"),
            ("percent@x.example", "Ada Byron", "radiologist"),
            ("zoe@x.example", "percy", "user"),
        ):
            await admin.post("/api/admin/users", json={"email": email, "name": name, "role": role})
        await db.execute("UPDATE users SET status = 'disabled' WHERE email = 'zoe@x.example'")

        async def found(query: dict[str, Any]) -> list[str]:
            answer = await admin.get("/api/admin/users", params=query)
            assert answer.status_code == 200, answer.text
            return [user["email"].partition("@")[0] for user in answer.json()["users"]]

        assert await found({}) == ["zoe", "percent", "per_cent", "root"]
        assert await found({"q": "PER"}) == ["zoe", "percent", "per_cent"]
        assert await found({"q": "per_"}) == ["per_cent"]  # no wildcard
        assert await found({"q": "100%"}) == ["per_cent"]
        assert await found({"q": "%"}) == []
        assert await found({"q": "' OR true --"}) == []
        assert await found({"role": "user"}) == ["zoe", "per_cent"]
        assert await found({"role": "user", "status": "active"}) == ["per_cent"]
        assert await found({"q": "ada", "role": "radiologist", "status": "active"}) == ["percent"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=nonsense", 400, "invalid_cursor"),
        ("cursor=", 400, "invalid_cursor"),
        ("limit=0", 422, "invalid_limit"),
        ("limit=101", 422, "invalid_limit"),
        ("direction=sideways", 422, "invalid_direction"),
        ("status=gone", 422, "invalid"),
        ("role=root", 422, "invalid"),
        ("limit=many", 422, "invalid"),
        ("q=%00", 422, "invalid_q"),
        ("q=" + "x" * 300, 422, "invalid_q"),
    ],
)
async def test_list_with_unusable_parameters_is_refused(
    db: asyncpg.Pool, settings: Settings, query: str, status: int, code: str
) -> None:
    async with browser(build_app(db, settings)) as admin:
        await as_root(db, settings, admin)
        answer = await admin.get(f"/api/admin/users?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_last_active_administrator_cannot_vanish(db: asyncpg.Pool, settings: Settings) -> None:
    async with browser(build_app(db, settings)) as admin:
        root_id = await as_root(db, settings, admin)
        disabled = await add_user(db, settings, "former@clinic.example", role="admin")
        await db.execute("UPDATE users SET status = 'disabled' WHERE id = $1", disabled)
        path = f"/api/admin/users/{root_id}"
        for change in ({"role": "user"}, {"status": "disabled"}, {"role": "radiologist", "status": "active"}):
            answer = await admin.patch(path, json=change)
            assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
        assert (await admin.patch(path, json={"name": "Root", "role": "admin"})).status_code == 200
        await add_user(db, settings, "second@clinic.example", role="admin")
        assert (await admin.patch(path, json={"role": "user"})).status_code == 200
        assert (await admin.get("/api/admin/users")).status_code == 403


async def test_two_administrators_demoting_each_other_at_once_leave_one(db: asyncpg.Pool, settings: Settings) -> None:
    for n in range(5):
        await db.execute("UPDATE users SET role = 'user'")
        ids = [await add_user(db, settings, f"admin{n}-{m}@clinic.example", role="admin") for m in range(2)]
        outcomes = await asyncio.gather(
            *(change_user(db, settings, SYSTEM, user_id, UserChanges(role="user")) for user_id in ids),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        assert await db.fetchval("SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active'") == 1


@pytest.mark.parametrize(
    ("path_id", "body", "status", "code"),
    [
        ("0", {"name": "x"}, 404, "not_found"),
        ("999", {"name": "x"}, 404, "not_found"),
        ("99999999999999999999", {"name": "x", "password": PASSWORD}, 404, "not_found"),
        ("-1", {"name": "x"}, 404, "not_found"),
        ("1", {"status": "pending"}, 422, "invalid_status"),
        ("1", {"name": "a\x00b"}, 422, "invalid_name"),
        ("1", {"role": "root"}, 422, "invalid"),
        ("1", {"email": "other@clinic.example"}, 422, "invalid"),
    ],
)
async def test_change_without_sense_is_refused(
    db: asyncpg.Pool, settings: Settings, path_id: str, body: dict[str, Any], status: int, code: str
) -> None:
    async with browser(build_app(db, settings)) as admin:
        await as_root(db, settings, admin)
        answer = await admin.patch(f"/api/admin/users/{path_id}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# --- audit log ------------------------------------------------------------------------------------------------


async def test_every_act_of_an_administrator_is_in_the_audit_log(db: asyncpg.Pool, settings: Settings) -> None:
    async with browser(build_app(db, settings)) as admin:
        root_id = await as_root(db, settings, admin)
        user_id = await add_user(db, settings, ADA)
        await db.execute("UPDATE users SET status = 'pending' WHERE id = $1", user_id)
        for change in (
            {"status": "active"},
            {"status": "disabled"},
            {"status": "active", "role": "technologist"},
            {"name": "Ada"},
            {"name": "Ada"},  # nothing changes, nothing is recorded
        ):
            assert (await admin.patch(f"/api/admin/users/{user_id}", json=change)).status_code == 200
    rows = await db.fetch("SELECT * FROM audit_log WHERE resource_id = $1 ORDER BY id", user_id)
    assert [(row["act"], row["actor_user_id"], row["detail"]) for row in rows] == [
        ("user_created", None, {"role": "user"}),
        ("user_approved", root_id, {"from": "pending", "to": "active"}),
        ("user_disabled", root_id, {"from": "active", "to": "disabled"}),
        ("user_enabled", root_id, {"from": "disabled", "to": "active"}),
        ("role_changed", root_id, {"from": "user", "to": "technologist"}),
        ("user_renamed", root_id, {}),
    ]
    assert {str(row["ip"]) for row in rows[1:]} == {"203.0.113.7"}
    assert all(row["user_agent"].startswith("python-httpx") for row in rows[1:])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET act = 'nothing'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "TRUNCATE audit_log CASCADE",
    ],
)
async def test_audit_log_refuses_every_change(db: asyncpg.Pool, settings: Settings, statement: str) -> None:
    await add_user(db, settings, ADA)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await db.execute(statement)
    assert await acts(db) == ["user_created"]


async def test_act_that_fails_leaves_no_trace_of_having_happened(db: asyncpg.Pool, settings: Settings) -> None:
    user_id = await add_user(db, settings, ROOT, role="admin")
    with pytest.raises(Conflict):
        await change_user(db, settings, SYSTEM, user_id, UserChanges(name="New", role="user"))
    assert await acts(db) == ["user_created"]
    assert await db.fetchval("SELECT name FROM users") == ""


async def test_hostile_user_agent_is_stored_harmlessly(db: asyncpg.Pool, settings: Settings) -> None:
    await add_user(db, settings, ADA)
    async with browser(build_app(db, settings)) as client:
        client.headers["user-agent"] = "x\t{}" + "y" * 5000
        assert (await sign_in(client, ADA)).status_code == 200
        listed = (await client.get("/api/auth/sessions")).json()["sessions"]
    assert len(listed[0]["userAgent"]) == 512
    assert "\t" not in listed[0]["userAgent"]
