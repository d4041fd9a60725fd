"""Every operation of the API × every role × own and others' things, against what its policy says.

The operations are those that the application really serves, so a new one is covered the day it is added. One that
declares no policy fails, and so does one with a path parameter that `Things` does not know."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Send
from litestar.types import Scope as ASGIScope

from accounts_client import browser
from builders import png_bytes
from mammogram_viewer.accounts.cookies import LOOPBACK_NAME
from mammogram_viewer.accounts.models import ROLES, SCOPES, SEES_EVERY_IMAGE, Principal, Role, Scope
from mammogram_viewer.accounts.policy import Policy, is_the_frameworks_own, policy_of
from mammogram_viewer.accounts.sessions import open_session
from mammogram_viewer.accounts.tokens import create_token
from mammogram_viewer.accounts.users import create_user
from mammogram_viewer.activity.models import SYSTEM
from mammogram_viewer.adapters.nursery import Nursery
from mammogram_viewer.cli.compose import open_resources
from mammogram_viewer.foundation.settings import Settings
from mammogram_viewer.web.app import create_app

# Path parameters that name a thing which belongs to somebody: an image (or what follows it), or an own thing.
OF_AN_IMAGE = {"image_id", "job_id", "study_id", "study_uid", "series_uid", "instance_uid"}
OF_AN_ACCOUNT = {"session_id", "token_id", "upload_id", "export_id"}
SIGNED = {"kind": "png8", "version": "1", "expires": "1700000000", "signature": "nobody-has-signed-this"}
ENDLESS = {"/api/events", "/api/analytics/stream"}
seeds = itertools.count(1)


@dataclass(frozen=True)
class Operation:
    method: str
    path: str  # as in OpenAPI: /api/images/{image_id}
    handler: HTTPRouteHandler

    @property
    def parameters(self) -> set[str]:
        return {part[1:-1] for part in self.path.split("/") if part.startswith("{")}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@asynccontextmanager
async def nothing() -> AsyncIterator[Any]:
    yield None


def operations_of(app: Litestar) -> list[Operation]:
    found = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        parts = [part if isinstance(part, str) else "{" + part.name + "}" for part in route.path_components]
        for handler in route.route_handlers:
            if not is_the_frameworks_own(handler):
                found += [Operation(str(method), "/" + "/".join(parts), handler) for method in handler.http_methods]
    return sorted(found, key=str)


APP = create_app(nothing)
OPERATIONS = operations_of(APP)
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


def expected(policy: Policy, role: Role | None, parameters: set[str], *, owns: bool) -> str:
    """What the policy says: open, allowed, or the status of the refusal."""
    if policy.roles is None:
        return "open"
    if role is None:
        return "401"
    if role not in policy.roles:
        return "403"
    if parameters & OF_AN_ACCOUNT and not owns:
        return "404"
    if "user_id" in parameters and policy.ownership == "own" and not owns and role != "admin":
        return "404"  # their own numbers, and an administrator everybody's
    if parameters & OF_AN_IMAGE and not owns:
        if role not in SEES_EVERY_IMAGE:
            return "404"  # one may not even know that it exists
        if policy.ownership == "own" and role != "admin":
            return "403"
    return "allowed"


def verdict_of(answer: httpx.Response) -> str:
    """What happened. A refusal for other reasons (no body, not ready) comes after the doors that we test here."""
    if answer.status_code in (401, 403, 404):
        if answer.request.method == "HEAD":
            return str(answer.status_code)  # no body, so no code
        code = answer.json()["code"]
        assert code in ("unauthenticated", "forbidden", "missing_scope", "not_found"), answer.text
        return str(answer.status_code)
    assert answer.status_code < 500, answer.text
    return "allowed"


def ends_after_first_words(app: Litestar) -> ASGIApp:
    """The application, whose caller goes away once an endless answer has begun."""

    async def listen_briefly(scope: ASGIScope, receive: Receive, send: Send) -> None:
        gone = asyncio.Event()
        asked = False

        async def receive_until_gone() -> Any:
            nonlocal asked
            if not asked:
                asked = True
                return await receive()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send_first_words(message: Message) -> None:
            if gone.is_set():
                return
            if message["type"] == "http.response.body":
                gone.set()
                message["more_body"] = False
            await send(message)

        await app(scope, receive_until_gone, send_first_words)

    return listen_briefly


class Things:
    """People, and fresh things of theirs for each question, because some operations use them up."""

    def __init__(self, app: Litestar, db: asyncpg.Pool, settings: Settings) -> None:
        self.app, self.db, self.settings = app, db, settings
        self.people: dict[str, int] = {}

    async def add_people(self) -> None:
        """Without passwords: hashing them would be most of the work of this file."""
        people: dict[str, Role] = {**{role: role for role in ROLES}, "other": "user"}
        for who, role in people.items():
            email = f"{who}@clinic.example"
            user = await create_user(self.db, self.settings, SYSTEM, email=email, name="", role=role, password=None)
            self.people[who] = user.id

    async def session_of(self, who: str) -> str:
        async with self.db.acquire() as connection:
            return await open_session(connection, self.settings, SYSTEM, self.people[who])

    async def token_of(self, who: str, *scopes: Scope) -> tuple[str, int]:
        owner = Principal(user_id=self.people[who], email="", name="", role="admin")
        text, token = await create_token(self.db, self.settings, SYSTEM, owner, name="", scopes=list(scopes), days=None)
        return text, token.id

    async def image_of(self, who: str) -> int:
        """A fresh upload, through the front door, handed over to `who`."""
        name = f"canary-{who}.png"
        headers = {"authorization": f"Bearer {(await self.token_of('admin', 'write'))[0]}"}
        async with browser(self.app) as uploader:
            files = {"files": (name, png_bytes(seed=next(seeds)))}
            answer = await uploader.post("/api/images", files=files, headers=headers)
        assert answer.status_code == 202, answer.text
        image_id = answer.json()["images"][0]["id"]
        for table, key in (("images", "id"), ("job_queue", "image_id")):
            await self.db.execute(f"UPDATE {table} SET user_id = $2 WHERE {key} = $1", image_id, self.people[who])
        return image_id

    async def upload_of(self, who: str) -> str:
        """A fresh resumable upload, begun through the front door and handed over to `who`."""
        headers = {"authorization": f"Bearer {(await self.token_of('admin', 'write'))[0]}", "tus-resumable": "1.0.0"}
        async with browser(self.app) as uploader:
            answer = await uploader.post("/api/uploads/resumable", headers={**headers, "upload-length": "1000"})
        upload_id = answer.headers["location"].rsplit("/", 1)[1]
        await self.db.execute("UPDATE resumable_uploads SET user_id = $2 WHERE id = $1", upload_id, self.people[who])
        return upload_id

    async def study_of(self, image_id: int) -> int:
        study_id = await self.db.fetchval(
            "INSERT INTO studies (study_instance_uid) VALUES ($1) RETURNING id", f"1.2.{image_id}"
        )
        await self.db.execute("UPDATE images SET study_id = $2 WHERE id = $1", image_id, study_id)
        return study_id

    async def uid_of(self, image_id: int) -> str:
        """One for study, series and instance alike."""
        uid = f"1.2.{image_id}"
        await self.db.execute("INSERT INTO studies (study_instance_uid) VALUES ($1) ON CONFLICT DO NOTHING", uid)
        study_id = await self.db.fetchval("SELECT id FROM studies WHERE study_instance_uid = $1", uid)
        await self.db.execute(
            "INSERT INTO series (series_instance_uid, study_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", uid, study_id
        )
        await self.db.execute(
            """UPDATE images SET study_id = $2, sop_instance_uid = $3,
                      series_id = (SELECT id FROM series WHERE study_id = $2) WHERE id = $1""",
            image_id,
            study_id,
            uid,
        )
        return uid

    async def value(self, parameter: str, whose: str, image_id: int | None) -> str:
        """What the path parameter stands for."""
        if parameter in OF_AN_IMAGE:
            assert image_id is not None
            if parameter.endswith("_uid"):
                return await self.uid_of(image_id)
            if parameter == "study_id":
                return str(await self.study_of(image_id))
            return str(image_id) if parameter == "image_id" else f"thumbnail-{image_id}"
        if parameter == "session_id":
            await self.session_of(whose)
            return str(await self.db.fetchval("SELECT max(id) FROM sessions WHERE user_id = $1", self.people[whose]))
        if parameter == "token_id":
            return str((await self.token_of(whose, "read"))[1])
        if parameter == "upload_id":
            return await self.upload_of(whose)
        if parameter == "export_id":
            return await self.db.fetchval(
                """INSERT INTO exports (user_id, image_ids, expires_at)
                   VALUES ($1, ARRAY[$2::bigint], now() + interval '1h')
                   RETURNING id::text""",
                self.people[whose],
                await self.image_of(whose),
            )
        if parameter == "user_id":
            return str(self.people[whose])
        if parameter == "annotation_id":
            return str(uuid.uuid4())
        if parameter == "frame_number":
            return "1"
        if parameter == "queue_name":
            return "thumbnail"
        if parameter == "path":
            return "images"
        if parameter in SIGNED:
            return SIGNED[parameter]
        pytest.fail(f"Say in Things.value what the path parameter {parameter!r} stands for.")

    async def ask(
        self, operation: Operation, *, whose: str, credential: dict[str, str], query: dict[str, str] | None = None
    ) -> httpx.Response:
        parameters = operation.parameters
        image_id = await self.image_of(whose) if parameters & OF_AN_IMAGE else None
        path = operation.path
        for parameter in parameters:
            path = path.replace("{" + parameter + "}", await self.value(parameter, whose, image_id))
        body: dict[str, Any] | None = {} if operation.method in ("POST", "PUT", "PATCH") else None
        if operation.path.endswith("/views/heartbeat"):
            body = {"seconds": 15}  # judged before the image is looked for
        if "annotation_id" in parameters and operation.method == "PUT":
            body = {"kind": "text", "frame": 1, "points": [[1, 1]], "text": "seen"}
        app = ends_after_first_words(self.app) if operation.path in ENDLESS else self.app
        async with asyncio.timeout(10), browser(app) as client:  # an endless stream would hang here
            return await client.request(operation.method, path, json=body, headers=credential, params=query)


@pytest.fixture
async def things(settings: Settings) -> AsyncIterator[Things]:
    async with open_resources(settings, "tests", Nursery(settings, [])) as resources:
        APP.state.update(vars(resources))
        made = Things(APP, resources.db, settings)
        await made.add_people()
        yield made


def cookie(secret: str) -> dict[str, str]:
    return {"cookie": f"{LOOPBACK_NAME}={secret}"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


# --- the matrix -----------------------------------------------------------------------------------------------


def test_the_openapi_description_has_no_operation_that_we_miss() -> None:
    described = {
        (method.upper(), path)
        for path, methods in APP.openapi_schema.to_schema()["paths"].items()
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert described <= {(operation.method, operation.path) for operation in OPERATIONS}
    assert len(described) > 20


@every_operation
def test_every_operation_declares_one_policy(operation: Operation) -> None:
    policy = policy_of(operation.handler)
    if operation.path.startswith("/api/admin/") or operation.path == "/metrics":
        assert policy.roles == {"admin"}
    if operation.method in ("POST", "PUT", "PATCH", "DELETE") and policy.roles is not None:
        assert policy.scope != "read", "an operation that changes something must not be open to reading tokens"
    if operation.parameters & OF_AN_IMAGE and policy.roles != {"admin"}:  # administrators see every image
        assert policy.ownership in ("image", "own"), "who may see the image must matter here"


@every_operation
async def test_each_role_may_do_what_the_policy_says_and_nothing_else(operation: Operation, things: Things) -> None:
    policy = policy_of(operation.handler)
    of_somebody = OF_AN_IMAGE | OF_AN_ACCOUNT | ({"user_id"} if policy.ownership == "own" else set())
    belongs_to_somebody = bool(operation.parameters & of_somebody)
    wrong = []
    for role in (None, *ROLES):
        for owns in (True, False) if role is not None and belongs_to_somebody else (False,):
            whose = role if role is not None and owns else "other"
            credential = {} if role is None else cookie(await things.session_of(role))
            answer = await things.ask(operation, whose=whose, credential=credential)
            wanted, verdict = expected(policy, role, operation.parameters, owns=owns), verdict_of_open(answer, policy)
            if verdict != wanted:
                wrong.append(f"{role or 'nobody'}, {'own' if owns else 'other’s'}: {verdict} instead of {wanted}")
    assert not wrong, "\n".join(wrong)


def verdict_of_open(answer: httpx.Response, policy: Policy) -> str:
    """An open operation may refuse what is in the request (a wrong password), never for want of a sign-in."""
    if policy.roles is None:
        assert answer.status_code < 500, answer.text
        refused_at_the_door = answer.status_code in (401, 403) and answer.json()["code"] in (
            "unauthenticated",
            "forbidden",
            "missing_scope",
        )
        return "refused" if refused_at_the_door else "open"
    return verdict_of(answer)


@every_operation
async def test_token_needs_exactly_the_scope_of_the_policy(operation: Operation, things: Things) -> None:
    policy = policy_of(operation.handler)
    if policy.roles is None:
        return
    for scope in SCOPES:
        token, _ = await things.token_of("admin", scope)
        answer = await things.ask(operation, whose="admin", credential=bearer(token))
        if scope == policy.scope:
            assert verdict_of(answer) == "allowed", (scope, answer.text)
        else:
            assert answer.status_code == 403, scope
            if operation.method != "HEAD":
                assert answer.json()["code"] == "missing_scope", scope


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "GET" and not o.parameters], ids=str)
async def test_lists_show_others_images_only_to_roles_that_see_every_image(
    operation: Operation, things: Things
) -> None:
    if policy_of(operation.handler).ownership != "image":
        return
    image_id = await things.image_of("other")
    study_id = await things.study_of(image_id)
    for role in ROLES:
        answers = [
            await things.ask(operation, whose="other", credential=cookie(await things.session_of(role)), query=query)
            for query in (
                {},
                {"useCursor": "true"},
                {"id": f"thumbnail-{image_id}"},
                {"q": "canary"},
                {"studyId": str(study_id)},
                {"userId": str(things.people["other"])},
            )
        ]
        shown = any("canary-other" in answer.text or f'"thumbnail-{image_id}"' in answer.text for answer in answers)
        assert shown == (role in SEES_EVERY_IMAGE), role


async def test_disabled_and_pending_users_may_do_nothing(things: Things) -> None:
    guarded = [o for o in OPERATIONS if policy_of(o.handler).roles is not None]
    nothing = dict.fromkeys(("export_id", "annotation_id"), str(uuid.UUID(int=1)))
    for status in ("disabled", "pending"):
        secret = await things.session_of("admin")
        token, _ = await things.token_of("admin", *SCOPES)
        await things.db.execute("UPDATE users SET status = $2 WHERE id = $1", things.people["admin"], status)
        for operation in guarded:
            path = operation.path.replace("{", "").replace("}", "")  # the door comes before the thing
            for parameter in operation.parameters:
                path = path.replace(f"/{parameter}", f"/{nothing.get(parameter, '1')}")
            async with browser(things.app) as client:
                for credential in (cookie(secret), bearer(token)):
                    answer = await client.request(operation.method, path, headers=credential, json={})
                    assert answer.status_code == 401, f"{operation} {status}: {answer.text}"
        await things.db.execute("UPDATE users SET status = 'active'")
