"""Ways in for everyone: sign-in, registration, own account, API tokens, set-up. What happens is in the services."""

from __future__ import annotations

from typing import Any

from litestar import Response, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody

from mammogram_viewer.accounts import policy, registration, schemas, sessions, setup, sign_in, tokens, users
from mammogram_viewer.accounts.cookies import demand_cookie, ended_cookie, session_cookie
from mammogram_viewer.accounts.dependencies import Actor, AnyRequest, Db, Principal, Settings
from mammogram_viewer.accounts.throttle import Throttle, throttle_of


async def provide_throttle(state: State, settings: Settings) -> Throttle:
    return throttle_of(state, settings)


THROTTLED = {"throttle": Provide(provide_throttle)}


@post("/api/auth/login", opt={"policy": policy.PUBLIC}, tags=["accounts"], dependencies=THROTTLED, status_code=200)
async def post_login(
    request: AnyRequest,
    data: JSONBody[schemas.Login],
    db: Db,
    settings: Settings,
    actor: Actor,
    throttle: NamedDependency[Throttle],
) -> Response[schemas.UserAnswer]:
    """Sign in; sets the session cookie."""
    demand_cookie(request, settings)
    user, secret = await sign_in.sign_in(
        db,
        settings,
        throttle,
        actor,
        email=data.email,
        password=data.password,
        replaces=request.scope.get("user"),
    )
    answer = schemas.UserAnswer(user=schemas.user_from(user))
    return Response(answer, cookies=[session_cookie(request, settings, secret)])


@post("/api/auth/logout", opt={"policy": policy.PUBLIC}, tags=["accounts"], status_code=204)
async def post_logout(request: AnyRequest, db: Db, settings: Settings, actor: Actor) -> Response[None]:
    """End the session; open to all, so that it may be repeated."""
    await sessions.sign_out(db, actor, request.scope.get("user"))
    return Response(None, cookies=[ended_cookie(request, settings)])


@get("/api/auth/me", opt={"policy": policy.OWN_ACCOUNT}, tags=["accounts"])
async def get_me(db: Db, principal: Principal) -> schemas.Me:
    """Who is signed in, how, and what they may do."""
    return schemas.Me(
        user=schemas.user_from(await users.get_user(db, principal.user_id)),
        authentication="session" if principal.token_id is None else "token",
        capabilities=schemas.capabilities_of(principal),
    )


@get("/api/auth/registration", opt={"policy": policy.PUBLIC}, tags=["accounts"])
async def get_registration(db: Db, settings: Settings) -> schemas.RegistrationState:
    """What the sign-in page may offer."""
    return schemas.RegistrationState(open=settings.registration, setup_needed=not await setup.administrator_exists(db))


@post("/api/auth/register", opt={"policy": policy.PUBLIC}, tags=["accounts"], dependencies=THROTTLED, status_code=202)
async def post_register(
    data: JSONBody[schemas.Registration], db: Db, settings: Settings, actor: Actor, throttle: NamedDependency[Throttle]
) -> schemas.RegistrationAnswer:
    """Ask for an account; the answer is the same whether or not the address has one."""
    email, name = await registration.register(
        db, settings, throttle, actor, email=data.email, name=data.name, password=data.password
    )
    return schemas.RegistrationAnswer(user=schemas.Registered(email=email, name=name))


@post(
    "/api/auth/password",
    opt={"policy": policy.CHANGE_OWN_ACCOUNT},
    tags=["accounts"],
    dependencies=THROTTLED,
    status_code=204,
)
async def post_password(
    data: JSONBody[schemas.PasswordChange],
    db: Db,
    settings: Settings,
    actor: Actor,
    principal: Principal,
    throttle: NamedDependency[Throttle],
) -> None:
    """Change the own password; all other sessions end."""
    await sign_in.change_password(
        db,
        settings,
        throttle,
        actor,
        principal,
        current_password=data.current_password,
        new_password=data.new_password,
    )


@get("/api/auth/sessions", opt={"policy": policy.OWN_ACCOUNT}, tags=["accounts"])
async def get_sessions(db: Db, settings: Settings, principal: Principal) -> schemas.SessionList:
    found = await sessions.list_sessions(db, settings, principal.user_id)
    return schemas.SessionList(sessions=[schemas.session_from(session, principal) for session in found])


@delete(
    "/api/auth/sessions/{session_id:int}", opt={"policy": policy.CHANGE_OWN_ACCOUNT}, tags=["accounts"], status_code=204
)
async def delete_session(session_id: FromPath[int], db: Db, actor: Actor, principal: Principal) -> None:
    await sessions.end_session(db, actor, principal, session_id)


@post("/api/auth/tokens", opt={"policy": policy.CHANGE_OWN_ACCOUNT}, tags=["accounts"], status_code=201)
async def post_token(
    data: JSONBody[schemas.NewToken], db: Db, settings: Settings, actor: Actor, principal: Principal
) -> schemas.CreatedToken:
    """Make an API token; its text is in this answer and nowhere else."""
    text, token = await tokens.create_token(
        db, settings, actor, principal, name=data.name, scopes=data.scopes, days=data.days
    )
    return schemas.CreatedToken(token=text, api_token=schemas.api_token_from(token))


@get("/api/auth/tokens", opt={"policy": policy.OWN_ACCOUNT}, tags=["accounts"])
async def get_tokens(db: Db, principal: Principal) -> schemas.ApiTokenList:
    found = await tokens.list_tokens(db, principal.user_id)
    return schemas.ApiTokenList(api_tokens=[schemas.api_token_from(token) for token in found])


@delete(
    "/api/auth/tokens/{token_id:int}", opt={"policy": policy.CHANGE_OWN_ACCOUNT}, tags=["accounts"], status_code=204
)
async def delete_token(token_id: FromPath[int], db: Db, actor: Actor, principal: Principal) -> None:
    await tokens.revoke_token(db, actor, principal, token_id)


@get("/api/setup", opt={"policy": policy.PUBLIC}, tags=["accounts"])
async def get_setup(db: Db, token: FromQuery[str]) -> schemas.SetupState:
    """Whether the link can still be used."""
    return schemas.SetupState(valid=await setup.setup_link_is_valid(db, token))


@post("/api/setup", opt={"policy": policy.PUBLIC}, tags=["accounts"], status_code=201)
async def post_setup(
    request: AnyRequest, data: JSONBody[schemas.Setup], db: Db, settings: Settings, actor: Actor
) -> Response[schemas.UserAnswer]:
    """Make the first administrator and sign them in."""
    demand_cookie(request, settings)
    user, secret = await setup.complete_setup(
        db, settings, actor, token=data.token, email=data.email, name=data.name, password=data.password
    )
    answer = schemas.UserAnswer(user=schemas.user_from(user))
    return Response(answer, cookies=[session_cookie(request, settings, secret)])


handlers: list[Any] = [
    post_login,
    post_logout,
    get_me,
    get_registration,
    post_register,
    post_password,
    get_sessions,
    delete_session,
    post_token,
    get_tokens,
    delete_token,
    get_setup,
    post_setup,
]
