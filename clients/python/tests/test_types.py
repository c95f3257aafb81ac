"""The types are those of the service's description.

They have the same fields, required or not, and for texts that are one of a few, the same few.
"""

import os
import types
from typing import (
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import httpx
import pytest

from photocheck import reports, resources

API = httpx.get(os.environ["PHOTOCHECK_URL"] + "/openapi.json").json()["components"]["schemas"]

NAMES: dict[str, type] = {
    "ReportJson": reports.Report,
    "CheckJson": resources.Check,
    "ChecksJson": resources.Checks,
    "BankJson": resources.Bank,
    "BanksJson": resources.Banks,
    "AddedJson": resources.Added,
    "ContentsJson": resources.Contents,
    "EndpointsJson": resources.Endpoints,
    "RegisteredJson": resources.Registered,
    "SecretJson": resources.Secret,
}

PLAIN: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


@pytest.mark.parametrize("name", NAMES)
def test_types_are_as_described(name: str) -> None:
    same(NAMES[name], {"$ref": f"#/components/schemas/{name}"}, name)


def same(ours: Any, schema: dict[str, Any], at: str) -> None:
    if "$ref" in schema:
        schema = API[schema["$ref"].rsplit("/", 1)[1]]
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return same(ours, schema["allOf"][0], at)
    if get_origin(ours) is NotRequired:
        # A field that may be left out is never null, whatever the description says.
        others = [one for one in schema.get("oneOf", []) if one != {"type": "null"}]
        one = others[0] if len(others) == 1 else schema
        return same(get_args(ours)[0], one, at)
    if get_origin(ours) in (Union, types.UnionType):
        return same_union(get_args(ours), schema, at)
    if get_origin(ours) is Literal:
        assert list(get_args(ours)) == schema["enum"], at
    elif get_origin(ours) is list:
        assert schema["type"] == "array", at
        same(get_args(ours)[0], schema["items"], f"{at}[]")
    elif get_origin(ours) is dict:
        assert schema["type"] == "object", at
        same(get_args(ours)[1], schema["additionalProperties"], f"{at}{{}}")
    elif is_typeddict(ours):
        same_fields(ours, schema, at)
    else:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert [kind for kind in kinds if kind != "null"] == [PLAIN[ours]], at


def same_union(ours: tuple[Any, ...], schema: dict[str, Any], at: str) -> None:
    if type(None) in ours:
        assert "null" in schema["type"], at
        [one] = [kind for kind in ours if kind is not type(None)]
        return same(one, schema, at)
    assert len(ours) == len(schema["oneOf"]), at
    for one, described in zip(ours, schema["oneOf"], strict=True):
        same(one, described, at)


def same_fields(ours: type, schema: dict[str, Any], at: str) -> None:
    hints = get_type_hints(ours, include_extras=True)
    assert set(hints) == set(schema["properties"]), at
    required = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
    assert required == set(schema.get("required", [])), at
    for name, hint in hints.items():
        same(hint, schema["properties"][name], f"{at}.{name}")
