"""The web application: collects every feature's routes under one guard, one error map and one set of headers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields
from typing import Any

from litestar import Litestar, MediaType, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.serialization import default_serializer
from litestar.types import Serializer

from mammogram_viewer import __version__
from mammogram_viewer.accounts import admin_routes
from mammogram_viewer.accounts import bulk_routes as user_bulk_routes
from mammogram_viewer.accounts import routes as account_routes
from mammogram_viewer.analytics import routes as analytics_routes
from mammogram_viewer.annotations import export_routes as measurement_routes
from mammogram_viewer.annotations import routes as annotation_routes
from mammogram_viewer.dicomweb import routes as dicomweb_routes
from mammogram_viewer.dicomweb.frames import FrameReadings
from mammogram_viewer.foundation.wire import encode_json
from mammogram_viewer.gallery import bulk_routes, exam_routes, export_routes, upload_routes
from mammogram_viewer.gallery import routes as gallery_routes
from mammogram_viewer.intake import resumable_routes
from mammogram_viewer.intake import routes as intake_routes
from mammogram_viewer.notifications import routes as notification_routes
from mammogram_viewer.operations import health_routes, job_routes, metrics_routes, queue_routes
from mammogram_viewer.operations.request_tally import RequestTally
from mammogram_viewer.quality import routes as quality_routes
from mammogram_viewer.viewing import bulk_routes as correction_routes
from mammogram_viewer.viewing import routes as viewing_routes
from mammogram_viewer.viewing import signed as signed_routes
from mammogram_viewer.web import page, problems
from mammogram_viewer.web.authentication import AuthenticationMiddleware, actor_of
from mammogram_viewer.web.headers import security_headers
from mammogram_viewer.web.resources import Resources

OpenResources = Callable[[], AbstractAsyncContextManager[Resources]]
_FEATURES = (
    account_routes,
    admin_routes,
    user_bulk_routes,
    intake_routes,
    resumable_routes,
    gallery_routes,
    exam_routes,
    bulk_routes,
    export_routes,
    upload_routes,
    viewing_routes,
    dicomweb_routes,
    annotation_routes,
    measurement_routes,
    correction_routes,
    job_routes,
    queue_routes,
    notification_routes,
    quality_routes,
    signed_routes,
    analytics_routes,
    health_routes,
    metrics_routes,
    page,
)
_RESOURCES = tuple(field.name for field in fields(Resources))
_MAX_JSON_BYTES = 1024 * 1024  # only the upload takes more, and it streams


def create_app(open_resources: OpenResources, *, pictures_from: str = "") -> Litestar:
    """The application. `open_resources` is entered in the server's event loop and left when it stops. `pictures_from`:
    the address of another server that pages may show pictures from."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_resources() as resources:
            for name in _RESOURCES:
                app.state[name] = getattr(resources, name)
            yield

    app = Litestar(
        route_handlers=[handler for feature in _FEATURES for handler in feature.handlers],
        lifespan=[lifespan],
        middleware=[AuthenticationMiddleware],
        dependencies=_dependencies(),
        exception_handlers=problems.handlers,
        response_class=JsonResponse,
        request_max_body_size=_MAX_JSON_BYTES,
        openapi_config=_openapi(),
        logging_config=None,
        signature_namespace={},
    )
    # Around everything, so that what the router or a middleware refuses carries the headers too.
    app.state.request_tally = RequestTally()
    app.state.frame_readings = FrameReadings()
    app.asgi_handler = security_headers(app.asgi_handler, app.state.request_tally, pictures_from)
    return app


class JsonResponse(Response[Any]):
    """What handlers give, written as all our JSON is."""

    def render(self, content: Any, media_type: str, enc_hook: Serializer = default_serializer) -> bytes:
        if media_type == MediaType.JSON and not isinstance(content, bytes | str):
            return encode_json(content, enc_hook)
        return super().render(content, media_type, enc_hook)


def _dependencies() -> dict[str, Provide]:
    """Handlers name what they need: `db`, `storage`, `principal`, ..."""
    provided: dict[str, Provide] = {
        name: Provide(_from_state(name), sync_to_thread=False) for name in (*_RESOURCES, "request_tally")
    }
    provided["principal"] = Provide(_principal, sync_to_thread=False)
    provided["actor"] = Provide(_actor, sync_to_thread=False)
    return provided


def _from_state(name: str) -> Callable[..., Any]:
    def provide(state: State) -> Any:
        return state[name]

    return provide


def _principal(request: Request[Any, Any, Any]) -> Any:
    """The caller; the guard has run, so where a policy wants one there is one."""
    return request.scope["user"]


def _actor(request: Request[Any, Any, Any]) -> Any:
    return actor_of(request)


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Mammogram Viewer",
        version=__version__,
        # A path of its own: below "/api" the framework would answer unknown addresses with a page of its own.
        path="/api/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
        use_handler_docstrings=True,
    )
