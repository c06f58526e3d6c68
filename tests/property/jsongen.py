"""JSON texts, and texts that are nearly JSON, for the recorded answers of the collector's library (deterministic).

python tests/property/jsongen.py | gojson
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator

FIXED = [
    "",
    " ",
    "null",
    " null ",
    "nul",
    "nulll",
    "{}",
    " { } ",
    "[]",
    "[1]",
    "1",
    '"a"',
    "true",
    "{",
    "}",
    '{"',
    '{"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,"a":1}',
    '{"a"1}',
    '{"a":}',
    '{"a":1 "b":2}',
    '{"a":1}{"b":2}',
    '{"a":1} x',
    '{"a":1}\0x',
    ',{"a":1}',
    ':{"a":1}',
    ' ,{"a":1}',
    ', {"a":1}',
    "{null:1}",
    "{nul:1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{true:1}",
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":[1 2]}',
    '{"a":[}',
    '{"a":[1}',
    '{"a":{"b":1]}',
    '{"a":[[[[]]]]}',
    '{"a":{"b":{"c":{}}}}',
    '{"a":tru}',
    '{"a":true1}',
    '{"a":TRUE}',
    '{"a":nul}',
    '{"a":fals}',
    '{"a":falsee}',
    '{"a":undefined}',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":-}',
    '{"a":--1}',
    '{"a":+1}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":-.5}',
    '{"a":01}',
    '{"a":-01}',
    '{"a":00}',
    '{"a":1e}',
    '{"a":1e+}',
    '{"a":1e5}',
    '{"a":1E-5}',
    '{"a":1e400}',
    '{"a":-1e400}',
    '{"a":1e-400}',
    '{"a":5e-324}',
    '{"a":1.7976931348623157e308}',
    '{"a":1.2.3}',
    '{"a":1-2}',
    '{"a":1e5e5}',
    '{"a":0x10}',
    '{"a":1_0}',
    '{"a":1a}',
    '{"a":1"b"}',
    '{"a":9007199254740993}',
    '{"a":9223372036854775807}',
    '{"a":9223372036854775808}',
    '{"a":-9223372036854775808}',
    '{"a":-9223372036854775809}',
    '{"a":123456789012345678901234567890}',
    '{"a":-0}',
    '{"a":-0.0}',
    '{"a":1.0}',
    '{"a":0.1}',
    '{"a":0.30000000000000004}',
    '{"a":123456789012345678}',
    '{"a":1234567890123456789}',
    '{"a":12345678901234567890}',
    '{"a":2.2250738585072011e-308}',
    '{"a":9007199254740992.5}',
    '{"a":1e22}',
    '{"a":1e23}',
    '{"a":' + "9" * 400 + "}",
    '{"a":0.' + "0" * 400 + "1}",
    '{"a":' + "1" * 30 + "." + "1" * 30 + "e-10}",
    '{"a":1.' + "0" * 800 + "1}",
    r'{"a":"\x"}',
    r'{"a":"\u12"}',
    r'{"a":"\u123g"}',
    r'{"a":"\u"}',
    r'{"a":"\ud83d\ude00"}',
    r'{"a":"\ud83d"}',
    r'{"a":"\ude00"}',
    r'{"a":"\ud83dx"}',
    r'{"a":"\ud83d\n"}',
    r'{"a":"\ud83d\ud83d\ude00"}',
    r'{"a":"\ude00\ud83d"}',
    r'{"a":"\ud83d\u0041"}',
    r'{"a":"\u0000"}',
    r'{"a":"\"\\\/\b\f\n\r\t"}',
    r'{"a":"\'"}',
    '{"a":"\\',
    '{"a":"\\"',
    r'{"\u0061":1,"a":2}',
    r'{"a\nb":1}',
    r'{"a":"\uD83D\uDE00\uFFFF\u00e9"}',
    '{"a":"tab\there"}',
    '{"a":"line\nbreak"}',
    '{"a":"\x01"}',
    '{"a":"nul\0"}',
    '{"a\0":1}',
    '{"a":1\0}',
    "\0",
    "{\0}",
    '\ufeff{"a":1}',
    '\xa0{"a":1}',
    '{"a":1,"a":2}',
    '{"a":{"x":1},"a":{"y":2}}',
    '{"o":{"a":1,"b":2,"a":[3],"b":4,"c":5,"a":6}}',
    '{"":1}',
    '{"":1,"":2}',
    '{"é":"é中😀"}',
    '{"o":{' + ",".join(f'"k{i % 20}":{i}' for i in range(60)) + "}}",
    '{"a":\v1}',
    '{"a":\f1}',
    '\r\n\t {\r\n\t "a"\r\n\t :\r\n\t 1\r\n\t }\r\n\t ',
    '{"a":' + "[" * 50 + "]" * 50 + "}",
    '{"a":"' + "x" * 600 + r"\n" + "y" * 600 + '"}',
    '{"' + "k" * 700 + '":1}',
]


def value(rng: random.Random, depth: int) -> str:
    kind = rng.randrange(10 if depth else 7)
    if kind < 2:
        return string(rng)
    if kind < 4:
        return number(rng)
    if kind < 7:
        return rng.choice(["true", "false", "null", "[]", "{}"])
    if kind == 7:
        return "[" + ",".join(blank(rng) + value(rng, depth - 1) for _ in range(rng.randrange(4))) + "]"
    return obj(rng, depth - 1)


def obj(rng: random.Random, depth: int) -> str:
    members = (
        f"{blank(rng)}{string(rng)}{blank(rng)}:{blank(rng)}{value(rng, depth)}{blank(rng)}"
        for _ in range(rng.randrange(6))
    )
    return "{" + ",".join(members) + "}"


def blank(rng: random.Random) -> str:
    return rng.choice(["", "", "", " ", "\t", "\n", "  "])


def string(rng: random.Random) -> str:
    pieces = [
        "a",
        "b",
        "key",
        "é",
        "中",
        "😀",
        " ",
        "{",
        "}",
        ":",
        ",",
        "x" * 40,
        r"\n",
        r"\"",
        r"\\",
        r"\u0041",
        r"\ud83d\ude00",
        r"\ud83d",
    ]
    return '"' + "".join(rng.choice(pieces) for _ in range(rng.choice([0, 1, 1, 2, 3, 8]))) + '"'


def number(rng: random.Random) -> str:
    if rng.random() < 0.4:
        return str(rng.randrange(-(10 ** rng.randrange(1, 22)), 10 ** rng.randrange(1, 22)))
    if rng.random() < 0.5:
        return repr(rng.uniform(-1, 1) * 10 ** rng.randrange(-30, 30))
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randrange(1, 25)))
    return (
        f"{rng.choice(['', '-'])}{digits}{rng.choice(['', '.5', '.' + digits])}{rng.choice(['', 'e3', 'E-7', 'e+20'])}"
    )


def mutated(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + rng.choice('{}[]",:\\0.-+eEtfn u\t\0') + text[at:]
    if kind == 2:
        return text[:at]
    return text[:at] + rng.choice('{}[]",:\\0.-+eEtfn u\t\0') + text[at + 1 :]


def texts() -> Iterator[str]:
    """Every text, in the order of the recorded answers."""
    yield from FIXED
    rng = random.Random(1)
    for _ in range(1500):
        text = obj(rng, 3)
        yield text
        for _ in range(2):
            yield mutated(rng, text)


if __name__ == "__main__":
    for text in texts():
        print(json.dumps(base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()))
