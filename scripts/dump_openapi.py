"""Writes the API's description to frontend/openapi.json, from which the page's types are generated.

`--write` after a change of the API (then `npm run api-types` in frontend/, or `make api-types` for both);
`--check` in the tests."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mammogram_viewer.web.app import create_app

TARGET = Path(__file__).parents[1] / "frontend" / "openapi.json"


def description() -> str:
    """The OpenAPI document without an address, so that it is the same on every machine."""

    def unopened() -> Any:
        raise AssertionError("nothing is opened to describe the API")

    schema = create_app(unopened).openapi_schema.to_schema()
    schema["servers"] = []
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    wanted = description()
    if "--write" in sys.argv:
        TARGET.write_text(wanted)
        return 0
    if json.loads(TARGET.read_text()) == json.loads(wanted):
        return 0
    print("frontend/openapi.json is out of date: run `make api-types`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
