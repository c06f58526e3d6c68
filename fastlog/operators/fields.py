"""Fields of a record as the collector writes them: ``body``, ``attributes.a.b``, ``attributes["a.b"].c``.

The grammar is stanza's (pkg/stanza 0.160, entry/field.go) with its freedoms: an empty name between two dots is a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator

ATTRIBUTES, RESOURCE, BODY = PLACES = ("attributes", "resource", "body")


@dataclass(frozen=True, slots=True)
class FieldPath:
    """``place`` and the names below it; without names it is the whole place."""

    place: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        if any("." in name for name in self.names):
            return self.place + "".join(f"['{name}']" for name in self.names)
        return ".".join((self.place, *self.names))


def _split(text: str) -> list[str]:
    names: list[str] = []
    at, end = 0, len(text)
    dotted = True  # a name without brackets comes next
    while at < end:
        if text[at] == "[":
            quote = text[at + 1 : at + 2]
            if quote not in ("'", '"') or not quote:
                raise ValueError(f"{text!r}: a name in brackets must be quoted, as in attributes['a.b']")
            close = text.find(quote, at + 2)
            if close < 0:
                raise ValueError(f"{text!r}: the {quote} after the bracket is never closed")
            names.append(text[at + 2 : close])
            if text[close + 1 : close + 2] != "]":
                raise ValueError(f"{text!r}: write ']' right after the closing {quote}")
            at = close + 2
            dotted = text[at : at + 1] == "."
            if dotted:
                at += 1
                if at == end:
                    names.append("")
            elif at < end and text[at] != "[":
                raise ValueError(f"{text!r}: after a bracket comes a dot, another bracket, or the end")
            continue
        stop = at
        while stop < end and text[stop] not in ".[":
            stop += 1
        names.append(text[at:stop])
        at = stop
        if text[stop : stop + 1] == ".":
            at += 1
            if at == end or text[at] == "[":
                names.append("")
    return names


def parse_field(text: str, *, whole: bool = False) -> FieldPath:
    """The field written as ``text``. ``whole=True`` also takes bare ``attributes`` and ``resource``.

    Raises ValueError with what to write instead.
    """
    names = _split(text)
    place = names[0] if names else ""
    if place not in PLACES:
        fix = f"; did you mean 'attributes.{text}'?" if text and place not in ("$", "$attributes") else ""
        raise ValueError(f"{text!r} is no field: it must start with attributes, resource or body{fix}")
    if len(names) == 1 and place != BODY and not whole:
        raise ValueError(f"{place!r} as a whole can't be used here; name one of them, as in '{place}.name'")
    return FieldPath(place, tuple(names[1:]))


def _validator(whole: bool) -> Callable[[Any], FieldPath]:
    def validate(value: Any) -> FieldPath:
        if isinstance(value, FieldPath):
            return value
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no field; write it as text, as in 'attributes.name'")
        return parse_field(value, whole=whole)

    return validate


Field = Annotated[FieldPath, PlainValidator(_validator(False))]
"""A field: ``body``, or something below ``attributes``, ``resource`` or ``body``."""

RootField = Annotated[FieldPath, PlainValidator(_validator(True))]
"""A field that may also be all ``attributes`` or the whole ``resource``."""
