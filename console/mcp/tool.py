"""A tool: a function of the API's form, with what it takes and tells as JSON Schema.

The handlers of the API are plain functions over one operation each, with typed parameters and results. A tool calls the
same function, in a thread, for an asker of this face: so both network faces take the same words, and answer the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter, cleandoc, signature
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from console.handlers.asking import Acting, DryRun
from console.handlers.problems import Refused
from console.mcp.faults import unreadable
from operations.operation import OPERATIONS, Asker, Context, Effect, NotAllowed, Operation, Scope, require

LISTED = 20
"""Items of a page unless more is asked for."""
DONE = {"type": "object", "properties": {"done": {"const": True}}, "required": ["done"]}
_LOOSE = ConfigDict(
    extra="forbid",
    hide_input_in_errors=True,
    coerce_numbers_to_str=True,
    validate_by_name=True,
    validate_by_alias=True,
)
_SEEN = Annotated[int | None, Field(ge=1, description="The version that was seen: refused if there is a newer one.")]


@dataclass(frozen=True)
class BaseUrl:
    """Where the console is reached by whoever calls; a tool that has a parameter of this type is told."""

    address: str


@dataclass(frozen=True)
class Tool:
    """One tool. `function` takes `ctx` and `asker`, and what its annotations say."""

    name: str
    operation: str
    title: str
    function: Callable[..., Any]

    @property
    def wanted(self) -> Operation:
        return OPERATIONS[self.operation]

    @property
    def reads(self) -> bool:
        return self.wanted.effect is Effect.READS

    @property
    def description(self) -> str:
        return cleandoc(self.function.__doc__ or self.wanted.summary)

    def require(self, asker: Asker) -> None:
        """Raises NotAllowed unless the asker may: by this face what cannot be brought back needs `admin`, too."""
        require(asker, self.wanted)
        if self.wanted.effect is Effect.DESTROYS and Scope.ADMIN not in asker.scopes:
            said = f"{asker.name} may not do this: what cannot be brought back needs the right to {Scope.ADMIN} here"
            raise NotAllowed(said)

    def allows(self, asker: Asker) -> bool:
        """Whether the asker may."""
        try:
            self.require(asker)
        except NotAllowed:
            return False
        return True

    @property
    def is_paged(self) -> bool:
        """The function itself takes a cursor."""
        return "cursor" in self._form.parameters.model_fields

    @property
    def names_twice(self) -> set[str]:
        """Names that its body and its other parameters both have; there is to be none."""
        body = self._form.body
        return set() if body is None else {*body.model_fields} & {*self._form.parameters.model_fields}

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        form = self._form
        told = form.parameters.model_json_schema(by_alias=False)
        if form.body is not None:
            body = form.body.model_json_schema()
            told["properties"] = told.get("properties", {}) | body.get("properties", {})
            if form.needs_body:
                told["required"] = told.get("required", []) + body.get("required", [])
            told["$defs"] = told.get("$defs", {}) | body.get("$defs", {})
        if self.reads and not self.is_paged and self.holds_list:
            told.setdefault("properties", {})["cursor"] = _CURSOR
        told = _bare(told)
        return {"type": "object", "properties": {}} | {name: value for name, value in told.items() if value != {}}

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        if self._form.result is None:
            return DONE
        told: dict[str, Any] = _bare(self._form.result.json_schema(mode="serialization"))
        if self.holds_list:
            told["properties"].setdefault("next_cursor", {"anyOf": [{"type": "string"}, {"type": "null"}]})
            told["properties"]["left_off"] = {"type": "object", "additionalProperties": {"type": "integer"}}
        return told

    def call(self, ctx: Context, asker: Asker, arguments: dict[str, Any], base: BaseUrl) -> dict[str, Any]:
        """What the function answers, of JSON's kinds. Raises what the operation raises, and Refused."""
        given, is_rehearsal = self._read(arguments)
        given |= {name: asker for name in ("asker",) if name in self._form.told}
        for name, kind in self._form.told.items():
            if kind is Response:
                given[name] = Response()
            elif kind is BaseUrl:
                given[name] = base
        if not is_rehearsal:
            return self._plain(self.function(ctx=ctx, **given))
        with ctx.rehearsal() as here:
            return self._plain(self.function(ctx=here, **given))

    def _plain(self, answer: Any) -> dict[str, Any]:
        if self._form.result is None:
            return {"done": True}
        told: dict[str, Any] = self._form.result.dump_python(answer, mode="json")
        return told

    def _read(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Arguments of the function, and whether all is to be taken back. Raises Refused."""
        form = self._form
        of_body = form.body.model_fields if form.body is not None else {}
        flaws, given, body = [], {}, None
        try:
            read = form.parameters.model_validate({k: v for k, v in arguments.items() if k not in of_body})
            given = {name: getattr(read, name) for name in form.parameters.model_fields}
        except ValidationError as error:
            flaws += unreadable(error)
        said = {name: value for name, value in arguments.items() if name in of_body}
        if form.body is not None and (said or form.needs_body):
            try:
                body = form.body.model_validate(said)
            except ValidationError as error:
                flaws += unreadable(error)
        if flaws:
            raise Refused(flaws)
        return self._fit(given, body)

    def _fit(self, given: dict[str, Any], body: BaseModel | None) -> tuple[dict[str, Any], bool]:
        form = self._form
        if form.body is not None:
            given["body"] = body
        if form.takes_version:
            given["if_match"] = given.pop("version")
        is_rehearsal = form.is_acting and bool(given["dry_run"])
        if form.is_acting and not form.knows_rehearsal:
            del given["dry_run"]
        return given, is_rehearsal

    @cached_property
    def holds_list(self) -> bool:
        """Its answer holds a list at its top, which may have to be cut."""
        if self._form.result is None:
            return False
        told = self._form.result.json_schema(mode="serialization").get("properties", {})
        return any(one.get("type") == "array" for one in told.values())

    @cached_property
    def _form(self) -> _Form:
        return _form_of(self.function)


@dataclass(frozen=True)
class _Form:
    parameters: type[BaseModel]
    body: type[BaseModel] | None
    needs_body: bool
    result: TypeAdapter[Any] | None
    told: dict[str, Any]
    """Parameters that nobody says: who asks, where an answer's headers would go."""
    is_acting: bool
    knows_rehearsal: bool
    takes_version: bool


_CURSOR = {
    "anyOf": [{"type": "string"}, {"type": "null"}],
    "default": None,
    "description": "`next_cursor` of the answer before.",
}


def _form_of(function: Callable[..., Any]) -> _Form:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    told: dict[str, Any] = {}
    body, needs_body, takes_version = None, False, False
    for name, parameter in signature(function).parameters.items():
        hint = hints[name]
        if name == "asker" or hint in (Response, BaseUrl):
            told[name] = hint
        elif name == "body":
            body, needs_body = _model_of(hint), parameter.default is Parameter.empty
        elif name == "if_match":
            fields["version"], takes_version = (_SEEN, None), True
        elif name != "ctx":
            fields[name] = (_said(hint), _default(name, parameter))
    is_acting, knows_rehearsal = hints["ctx"] == Acting, "dry_run" in fields
    if is_acting:
        fields.setdefault("dry_run", (DryRun, False))
    answer: Any = hints.get("return")
    return _Form(
        parameters=create_model("Arguments", __config__=_LOOSE, **fields),
        body=body,
        needs_body=needs_body,
        result=None if answer is type(None) else TypeAdapter(answer),
        told=told,
        is_acting=is_acting,
        knows_rehearsal=knows_rehearsal,
        takes_version=takes_version,
    )


def _said(hint: Any) -> Any:
    """The annotation; a bare text in it is its description."""
    if get_origin(hint) is not Annotated:
        return hint
    kind, *notes = get_args(hint)
    described = tuple(Field(description=one) if isinstance(one, str) else one for one in notes)
    return Annotated[(kind, *described)]


def _default(name: str, parameter: Parameter) -> Any:
    if name == "limit":
        return LISTED
    return ... if parameter.default is Parameter.empty else parameter.default


def _model_of(hint: Any) -> type[BaseModel]:
    kinds = get_args(hint) or (hint,)
    return next(one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel))


def _bare(schema: Any, *, is_names: bool = False) -> Any:
    """The schema without what only the makers of forms need: titles and examples."""
    if isinstance(schema, dict):
        return {
            name: _bare(value, is_names=not is_names and name in {"properties", "$defs"})
            for name, value in schema.items()
            if is_names or name not in {"title", "examples"}
        }
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema
