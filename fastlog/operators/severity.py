"""Severity words: the presets and mappings of the collector's ``severity_parser``, compiled to a lookup table.

The reference is pkg/stanza 0.160, operator/helper/severity_builder.go. A severity's number is OTel's SeverityNumber.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from fastlog._core.severity import KEY_MAX, SeverityMap

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
HTTP_CLASSES = {"2xx": 200, "3xx": 300, "4xx": 400, "5xx": 500}
RANGE_MAX = 1_000_000

# Text of each SeverityNumber; 0 is "DEFAULT" where the collector prints it, and absent from a record.
SEVERITY_TEXT = (
    "DEFAULT",
    *(f"{level.upper()}{step or ''}" for level, step in itertools.product(LEVELS, ("", 2, 3, 4))),
)

# Characters whose lower case is one that str.upper() does not lead back to.
_ALSO_LOWER_TO = {"i": "İ", "k": "\u212a", "å": "\u212b", "ω": "\u2126", "θ": "ϴ", "ß": "ẞ"}


class SeverityError(ValueError):
    """A severity mapping that can't be used; the message says what is allowed."""


def compile_severity(preset: str = "", mapping: Mapping[str, object] | None = None) -> SeverityMap:
    """The lookup table of a preset ("" and any unknown name: OTel's names and numbers, warning and err; "otel" and
    "aliases" without these two; "none") and a mapping from severity names to the values that mean them.

    A value is a word, a whole number, ``2xx`` to ``5xx``, ``{min, max}`` or a list of these; the last mapping of a
    value wins. As in the collector, an unknown severity name gives its values the number 0. Raises SeverityError.
    """
    words = _preset(preset)
    names = _preset("aliases")
    for name, value in (mapping or {}).items():
        number = names.get(lower(name), 0)
        if value is None:
            continue
        for item in value if isinstance(value, list) else [value]:
            for word in _words(item):
                words[word] = number
    keys = {word.encode(): number for word, number in words.items()}
    for key in keys:
        if len(key) > KEY_MAX:
            raise SeverityError(f"a severity value of {len(key)} bytes; at most {KEY_MAX} are compared")
    return SeverityMap(keys, folds(words))


def _preset(name: str) -> dict[str, int]:
    if name == "none":
        return {}
    words = {}
    for number, text in enumerate(SEVERITY_TEXT[1:], 1):
        words[text.lower()] = words[str(number)] = number
    if name not in ("otel", "aliases"):
        for step, suffix in enumerate(("", "2", "3", "4")):
            words[f"warning{suffix}"] = 13 + step
            words[f"err{suffix}"] = 17 + step
    return words


def _words(value: object) -> Iterable[str]:
    """The words that one value of a mapping stands for."""
    if isinstance(value, bool):
        raise SeverityError("type bool cannot be parsed as a severity; write the word in quotes")
    if isinstance(value, int):
        return [str(value)]
    if isinstance(value, str):
        if value in HTTP_CLASSES:
            return map(str, range(HTTP_CLASSES[value], HTTP_CLASSES[value] + 100))
        return [lower(value)]
    if isinstance(value, dict):
        low, high = value.get("min"), value.get("max")
        if type(low) is int and type(high) is int:
            low, high = min(low, high), max(low, high)
            if high - low >= RANGE_MAX:
                raise SeverityError(f"a severity range of {high - low + 1} numbers; at most {RANGE_MAX} are allowed")
            return map(str, range(low, high + 1))
    kinds = {"float": "float64", "NoneType": "<nil>", "list": "[]interface {}", "dict": "map[string]interface {}"}
    kind = kinds.get(type(value).__name__, type(value).__name__)
    raise SeverityError(
        f"type {kind} cannot be parsed as a severity; use a word, a whole number, 2xx to 5xx, or min and max"
    )


def lower(text: str) -> str:
    """Lower case as Go's ``strings.ToLower``: character by character."""
    return "".join(_lower(character) for character in text)


def _lower(character: str) -> str:
    # Python knows one character that lowers to two (İ to i and a dot); Go takes the first.
    return character.lower()[0]


def folds(words: Iterable[str]) -> list[tuple[int, int]]:
    """Pairs (non-ASCII code point, the code point of some word that it lowers to), ascending."""
    pairs = set()
    for character in set("".join(words)):
        for variant in (character.upper(), character.title(), _ALSO_LOWER_TO.get(character, "")):
            if len(variant) == 1 and variant > "\x7f" and variant != character and _lower(variant) == character:
                pairs.add((ord(variant), ord(character)))
    return sorted(pairs)
