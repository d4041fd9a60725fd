"""What route handlers of every feature may ask for by name; `web/app.py` provides it.

The aliases only mark the parameters as dependencies; their names in the handler choose what is given: `db`, `settings`,
`principal`, `actor`."""

from __future__ import annotations

from typing import Any, TypeAlias

from asyncpg import Pool
from litestar import Request
from litestar.di import NamedDependency

from mammogram_viewer.accounts import models
from mammogram_viewer.activity import models as activity_models
from mammogram_viewer.foundation import settings

AnyRequest: TypeAlias = Request[Any, Any, Any]
Db: TypeAlias = NamedDependency[Pool]
Settings: TypeAlias = NamedDependency[settings.Settings]
Principal: TypeAlias = NamedDependency[models.Principal]
Actor: TypeAlias = NamedDependency[activity_models.Actor]
