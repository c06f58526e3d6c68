# ruff: noqa: E501  (tables of patterns and lines)
"""Generate regular expressions and lines for them, the same ones in every run.

Patterns are built as small trees that can both be written in RE2 syntax and *sampled* for strings they are likely to match,
so that most lines exercise captures and not only refusals. The lines are then mutated: cut, doubled, with other runes put
in. All lines are valid UTF-8. The sets:

``generated``  random patterns over the whole syntax, each with about ten lines
``everyday``   the patterns people write for logs, each with real lines and mutations of them
``edge``       written by hand: empty loops, empty alternatives, anchors and boundaries in odd places, folding, flags
``errors``     patterns that Go refuses

``python tests/property/regexgen.py SET`` prints the requests that ``bench/peers/goregex`` answers.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RUNES = "abcxyzABCXYZ0189 _-.:/[]()=\"',\t\n{}*+?^$|\\~é€ßſKΣσςЖ中😀\u0301\u00a0\u2028"
SIMPLE = "abcABC019 _-.:x"


@dataclass(frozen=True)
class Piece:
    """A pattern and a way to make a string that it probably matches."""

    pattern: str
    sample: Callable[[random.Random], str]
    atomic: bool = True  # a quantifier may follow it directly
    repeats: bool = False  # contains a bounded repetition; Go limits how far these nest


def _const(text: str) -> Callable[[random.Random], str]:
    return lambda r: text


def _choice(options: str) -> Callable[[random.Random], str]:
    return lambda r: r.choice(options)


META = set("\\.+*?()|[]{}^$")


def _escape(rune: str, r: random.Random) -> str:
    if rune in META:
        return "\\" + rune
    if rune == "\n":
        return r.choice(["\\n", "\\x0a", "\\x{A}", "\\012"])
    if rune == "\t":
        return r.choice(["\\t", "\\x09", "\t"])
    if r.random() < 0.04:
        return f"\\x{{{ord(rune):x}}}"
    return rune


def literal(r: random.Random) -> Piece:
    pool = SIMPLE if r.random() < 0.7 else RUNES
    rune = r.choice(pool)
    return Piece(_escape(rune, r), _const(rune))


def word(r: random.Random) -> Piece:
    if r.random() < 0.1:
        text = "".join(r.choice(RUNES) for _ in range(r.randint(1, 4))).replace("\\", "")
        return Piece(f"\\Q{text}\\E", _const(text), atomic=False)
    text = "".join(r.choice(SIMPLE) for _ in range(r.randint(2, 4)))
    return Piece("".join(_escape(c, r) for c in text), _const(text), atomic=False)


PERL = {"\\d": "0189", "\\D": "ab é\n", "\\s": " \t\n", "\\S": "aZ0é[", "\\w": "aZ_09", "\\W": " -é\n€"}
POSIX = {
    "alpha": "aZ", "digit": "09", "alnum": "a0Z", "space": " \t\n\x0b", "upper": "AXZ", "lower": "axz", "punct": "!-.:[",
    "xdigit": "0fA", "word": "a_9", "blank": " \t", "cntrl": "\x00\x1f", "graph": "a!", "print": "a ", "ascii": "a\x7f",
}  # fmt: skip
UNICODE = {
    "L": "aZéЖ中", "Lu": "AZΣЖ", "Ll": "azéß", "N": "09٣", "Nd": "09٣", "P": "-.!»", "S": "+$€", "Z": " \u00a0\u2028",
    "Greek": "Σσς", "Cyrillic": "Ж", "Han": "中", "Latin": "aéß", "M": "\u0301", "Sm": "+=", "Zs": " \u00a0",
}  # fmt: skip


def perl_class(r: random.Random) -> Piece:
    name = r.choice(list(PERL))
    return Piece(name, _choice(PERL[name]))


def unicode_class(r: random.Random) -> Piece:
    name = r.choice(list(UNICODE))
    inside = UNICODE[name]
    form = r.random()
    if form < 0.25 and len(name) == 1:
        return Piece(f"\\p{name}", _choice(inside))
    if form < 0.5:
        return Piece(f"\\P{{{name}}}", _choice("\n"))
    if form < 0.6:
        return Piece(f"\\p{{^{name}}}", _choice("\n"))
    return Piece(f"\\p{{{name}}}", _choice(inside))


def dot(r: random.Random) -> Piece:
    return Piece(".", _choice("ab0 é中😀" if r.random() < 0.8 else "\n"))


def bracket(r: random.Random) -> Piece:
    parts: list[str] = []
    inside = ""
    for _ in range(r.randint(1, 4)):
        kind = r.random()
        if kind < 0.4:
            rune = r.choice(RUNES)
            parts.append("\\" + rune if rune in "\\]^-[" else _escape(rune, r) if rune in "\n\t" else rune)
            inside += rune
        elif kind < 0.65:
            ends = r.choice(["az", "AZ", "09", "ac", "xz", "!/", "а\u044f", "\u0080\u07ff", "a中", "\x00\x1f", " ~"])
            low, high = ends[0], ends[1]
            parts.append(f"\\x{{{ord(low):x}}}-\\x{{{ord(high):x}}}" if ord(low) < 32 else f"{low}-{high}")
            inside += low + high
        elif kind < 0.8:
            name = r.choice(list(PERL))
            parts.append(name)
            inside += PERL[name]
        elif kind < 0.92:
            name = r.choice(list(POSIX))
            if r.random() < 0.2:
                parts.append(f"[:^{name}:]")
                inside += "\n"
            else:
                parts.append(f"[:{name}:]")
                inside += POSIX[name]
        else:
            name = r.choice(list(UNICODE))
            parts.append(f"\\p{{{name}}}")
            inside += UNICODE[name]
    if r.random() < 0.1:
        parts.insert(0, "]")
        inside += "]"
    if r.random() < 0.1:
        parts.append("-")
        inside += "-"
    if r.random() < 0.3:
        return Piece(f"[^{''.join(parts)}]", _choice("ab0 é\n中-"))
    return Piece(f"[{''.join(parts)}]", _choice(inside))


def anchor(r: random.Random) -> Piece:
    return Piece(r.choice(["^", "$", "\\A", "\\z", "\\b", "\\b", "\\B"]), _const(""))


ATOMS: list[tuple[Callable[[random.Random], Piece], float]] = [
    (literal, 5), (word, 3), (perl_class, 4), (unicode_class, 0.7), (dot, 2.5), (bracket, 3.5), (anchor, 0.8),
]  # fmt: skip


def quantified(r: random.Random, inner: Piece) -> Piece:
    pattern = inner.pattern if inner.atomic else f"(?:{inner.pattern})"
    kinds = ["*", "+", "?", "*", "+"] if inner.repeats else ["*", "+", "?", "*", "+", "{"]
    kind = r.choice(kinds)
    repeats = inner.repeats
    low, high = {"*": (0, 3), "+": (1, 3), "?": (0, 1)}.get(kind, (0, 0))
    if kind == "{":
        repeats = True
        low = r.randint(0, 3)
        form = r.random()
        high = low if form < 0.35 else low + r.randint(0, 3)
        kind = f"{{{low}}}" if form < 0.35 else f"{{{low},}}" if form < 0.6 else f"{{{low},{high}}}"
    if r.random() < 0.35:
        kind += "?"
    return Piece(
        pattern + kind,
        lambda rr: "".join(inner.sample(rr) for _ in range(rr.randint(low, high))),
        atomic=False,
        repeats=repeats,
    )


def sequence(r: random.Random, depth: int, length: int) -> Piece:
    parts = [term(r, depth) for _ in range(length)]
    return Piece(
        "".join(p.pattern for p in parts),
        lambda rr: "".join(p.sample(rr) for p in parts),
        atomic=False,
        repeats=any(p.repeats for p in parts),
    )


def alternation(r: random.Random, depth: int) -> Piece:
    options = [sequence(r, depth, r.randint(0 if r.random() < 0.25 else 1, 3)) for _ in range(r.randint(2, 4))]
    return Piece(
        "|".join(o.pattern for o in options),
        lambda rr: rr.choice(options).sample(rr),
        atomic=False,
        repeats=any(o.repeats for o in options),
    )


_names = 0


def group(r: random.Random, depth: int) -> Piece:
    global _names
    inner = alternation(r, depth) if r.random() < 0.45 else sequence(r, depth, r.randint(1, 3))
    form = r.random()
    if form < 0.45:
        opening = "("
    elif form < 0.65:
        _names += 1
        opening = f"(?P<g{_names}>" if r.random() < 0.7 else f"(?<g{_names}>"
    elif form < 0.85:
        opening = "(?:"
    else:
        opening = r.choice(["(?i:", "(?s:", "(?m:", "(?U:", "(?-s:", "(?is:", "(?i-m:", "(?s-U:"])
    return Piece(f"{opening}{inner.pattern})", inner.sample, repeats=inner.repeats)


def term(r: random.Random, depth: int) -> Piece:
    if depth > 0 and r.random() < 0.35:
        piece = group(r, depth - 1)
    else:
        piece = r.choices([a for a, _ in ATOMS], [w for _, w in ATOMS])[0](r)
    if r.random() < 0.4:
        piece = quantified(r, piece)
        if r.random() < 0.04:
            piece = quantified(r, piece)
    return piece


def pattern(r: random.Random) -> Piece:
    """One random pattern; sometimes with leading flags, sometimes anchored as parsers of lines are."""
    global _names
    _names = 0
    depth = r.randint(0, 3)
    body = alternation(r, depth) if r.random() < 0.15 else sequence(r, depth, r.randint(1, 6))
    if r.random() < 0.3:
        wrapped = f"(?:{body.pattern})" if "|" in body.pattern else body.pattern
        body = Piece(f"^{wrapped}{r.choice(['', '$', '.*$'])}", body.sample)
    if r.random() < 0.25:
        flags = r.choice(["i", "s", "m", "U", "im", "is", "ms", "imsU", "i-s", "sU"])
        body = Piece(f"(?{flags}){body.pattern}", body.sample)
    return body


def mutated(r: random.Random, line: str) -> str:
    """The line with one to three small changes."""
    for _ in range(r.randint(1, 3)):
        at = r.randint(0, len(line))
        kind = r.random()
        if kind < 0.3:
            line = line[:at] + line[at + 1 :]
        elif kind < 0.6:
            line = line[:at] + r.choice(RUNES) + line[at:]
        elif kind < 0.75:
            line = line[:at] + r.choice(RUNES) + line[at + 1 :]
        elif kind < 0.85:
            line = line[:at] + line[at : at + 4] + line[at:]
        elif kind < 0.93:
            line = line[:at].swapcase() + line[at:]
        else:
            line = line[:at]
    return line


def generated(count: int = 3000, seed: int = 20251111) -> Iterator[tuple[str, list[bytes]]]:
    """``count`` random patterns, each with about ten lines."""
    r = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        piece = pattern(r)
        if piece.pattern in seen or len(piece.pattern) > 160:
            continue
        seen.add(piece.pattern)
        lines = [""]
        for _ in range(5):
            line = piece.sample(r)
            if r.random() < 0.35:
                line = "".join(r.choice(SIMPLE) for _ in range(r.randint(0, 4))) + line
            if r.random() < 0.35:
                line += "".join(r.choice(RUNES) for _ in range(r.randint(0, 4)))
            lines += [line, mutated(r, line)]
        lines.append("".join(r.choice(RUNES) for _ in range(r.randint(1, 12))))
        yield piece.pattern, [line.encode() for line in dict.fromkeys(lines)]


MODERN = (
    r"^(?P<timestamp>\S+) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$",
    [
        "2025-11-11T00:00:01.123456+00:00 prod-web-01 sshd[1234]: Accepted publickey for ubuntu from 10.0.0.1 port 22",
        "2025-11-11T00:00:01+00:00 prod-web-01 kernel: [    0.000000] Linux version 6.8.0",
        "2025-11-11T00:00:01Z h systemd[1]: Started foo.service - a: b [c]: d.",
        "2025-11-11T00:00:01Z h a:b: c", "2025-11-11T00:00:01Z h a/b[12]: c", "2025-11-11T00:00:01Z h a(b)[12]: ",
        "2025-11-11T00:00:01Z h a[b][12]: c", "2025-11-11T00:00:01Z h a[12]b: c", "2025-11-11T00:00:01Z h a[12]:c: d",
        "2025-11-11T00:00:01Z h [12]: c", "2025-11-11T00:00:01Z h : c", "2025-11-11T00:00:01Z h é中[7]: naïve 😀",
        "no match", "a b c:", "a b c: ", "a  b c: d",
    ],
)  # fmt: skip
LEGACY = (
    r"^(?P<timestamp>\w+ \d+ \d{2}:\d{2}:\d{2}) (?P<hostname>\S+) (?P<unit>\S+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$",
    [
        "Nov 11 00:00:01 ip-10-0-0-1 sshd[1234]: Failed password for root from 203.0.113.7 port 4242 ssh2",
        "Nov  7 00:00:01 ip-10-0-0-1 kernel: audit: type=1400", "Nov 7 00:00:01 h cron[1]: x", "Nov 11 0:00:01 h a: b",
    ],
)  # fmt: skip
EVERYDAY: list[tuple[str, list[str]]] = [
    MODERN,
    LEGACY,
    (LEGACY[0].replace(r"\w+ \d+", r"\w+\s+\d+"), LEGACY[1]),
    (
        r'^(?P<remote>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>[^ "]*) (?P<proto>[^"]*)" '
        r'(?P<status>\d{3}) (?P<size>\d+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"',
        [
            '203.0.113.9 - - [11/Nov/2025:00:00:01 +0000] "GET /index.html?a=b HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11)"',
            '::1 - bob [11/Nov/2025:00:00:01 +0000] "POST / HTTP/2.0" 404 - "http://e.x/" "curl/8"',
        ],
    ),
    (
        r"^(?P<time>\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}) \[(?P<level>\w+)\] (?P<pid>\d+)#(?P<tid>\d+): (?:\*(?P<cid>\d+) )?(?P<message>.*?)"
        r'(?:, client: (?P<client>[^,]+))?(?:, server: (?P<server>[^,]*))?(?:, request: "(?P<request>[^"]*)")?$',
        [
            '2025/11/11 00:00:01 [error] 29#29: *17 open() "/x" failed (2: No such file), client: 10.0.0.9, server: _, request: "GET /x HTTP/1.1"',
            "2025/11/11 00:00:01 [notice] 1#1: signal 15 (SIGTERM) received, exiting",
        ],
    ),
    (
        r"^\[(?P<time>[^\]]+)\] \[(?P<module>[^:\]]*):(?P<level>[^\]]+)\] \[pid (?P<pid>\d+)(?::tid (?P<tid>\d+))?\] "
        r"(?:\[client (?P<client>[^\]]+)\] )?(?P<message>.*)",
        [
            "[Tue Nov 11 00:00:01.123456 2025] [core:error] [pid 42:tid 14] [client 10.0.0.1:333] AH00126: Invalid URI",
            "[Tue Nov 11 00:00:01 2025] [:notice] [pid 42] caught SIGTERM",
        ],
    ),
    (
        r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<tz>[A-Z]+) \[(?P<pid>\d+)\](?: (?P<user>[^@ ]+)@(?P<db>\S+))? "
        r"(?P<level>LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|STATEMENT|DETAIL|HINT):\s+(?P<message>(?s:.*))$",
        [
            "2025-11-11 00:00:01.123 UTC [99] app@orders ERROR:  duplicate key value violates unique constraint",
            "2025-11-11 00:00:01 UTC [1] LOG:  database system is ready to accept connections",
        ],
    ),
    (
        r"^(?P<time>\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d{3}) \[(?P<thread>.+?)\] (?P<level>[A-Z]+)\s+(?P<logger>[\w.$]+) - (?P<message>.*)$",
        [
            "2025-11-11 00:00:01,123 [http-nio-8080-exec-1] INFO  c.e.App$Inner - started in 1.2 s",
            "2025-11-11 00:00:01,123 [a [b] c] WARN o.s.X - x - y",
        ],
    ),
    (
        r"^(?P<level>[IWEF])(?P<time>\d{4} \d{2}:\d{2}:\d{2}\.\d{6})\s+(?P<tid>\d+) (?P<file>[^:]+):(?P<line>\d+)\] (?P<message>.*)$",
        [
            "I1111 00:00:01.123456       1 server.go:42] listening on :8080",
            'E1111 00:00:01.123456 7 a_b.go:1] "failed" err="x: y"',
        ],
    ),
    (
        r"^(?P<client>[\w.:]+):(?P<port>\d+) \[(?P<time>[^\]]+)\] (?P<frontend>\S+) (?P<backend>[^/ ]+)/(?P<server>\S+) "
        r"(?P<tq>-?\d+)/(?P<tw>-?\d+)/(?P<tc>-?\d+)/(?P<tr>-?\d+)/(?P<tt>\+?\d+) (?P<status>\d{3}|-1) (?P<bytes>\+?\d+)",
        [
            '10.0.1.2:33317 [06/Feb/2025:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /"',
        ],
    ),
    (
        r"(?i)^.*(?:failed password|invalid user|authentication failure)\b.*? (?:from|rhost=)\s*(?P<address>\d{1,3}(?:\.\d{1,3}){3})(?:\s|$)",
        [
            "sshd[1]: Failed password for invalid user admin from 203.0.113.5 port 22 ssh2",
            "pam: authentication failure; logname= uid=0 rhost=198.51.100.1",
        ],
    ),
    (
        r"^(?P<type>\S+) (?P<time>\S+) (?P<elb>\S+) (?P<client>\S+):(?P<port>\d+) (?P<target>\S+) (?P<t1>-?[\d.]+) (?P<t2>-?[\d.]+) "
        r'(?P<t3>-?[\d.]+) (?P<status>\d+|-) (?P<tstatus>\d+|-) (?P<rx>\d+) (?P<tx>\d+) "(?P<request>[^"]*)" "(?P<agent>[^"]*)"',
        [
            "http 2025-11-11T00:00:01.186641Z app/lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "
            '"GET http://e.x:80/ HTTP/1.1" "curl/7.46.0" - -',
        ],
    ),
    (
        r"^(?P<version>\d+) (?P<account>\d+|unknown) (?P<eni>eni-[0-9a-f]+) (?P<src>\S+) (?P<dst>\S+) (?P<sport>\d+|-) (?P<dport>\d+|-) "
        r"(?P<proto>\d+|-) (?P<packets>\d+|-) (?P<bytes>\d+|-) (?P<start>\d+) (?P<end>\d+) (?P<action>ACCEPT|REJECT|-) (?P<status>OK|NODATA|SKIPDATA)$",
        [
            "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
            "2 123456789010 eni-1235b8ca - - - - - - - 1431280876 1431280934 - NODATA",
        ],
    ),
    (
        r'(?P<key>[A-Za-z_][\w.-]*)=(?P<value>"(?:[^"\\]|\\.)*"|[^\s"]+)',
        ['level=info msg="a \\"b\\" c" n=1', "x = y", "é=1 k=v"],
    ),
    (r"(?P<0>(\{.*\}))", ['x {"a": {"b": 1}} y', "{}", "} {", "no"]),
    (
        r"(?i)(?P<0>\b(alert|crit|emerg|fatal|error|err|warn|notice|debug|dbug|trace))",
        [
            "an ERROR happened",
            "erratic",
            "terror",
            "criterion",
            "the warning",
            "Nothing",
            "x_error",
            "é error",
            "ſerror dbug",
        ],
    ),
    (r"^(a+)+$", ["a" * 40, "a" * 40 + "!", ""]),
    (r"(a|aa)*b", ["a" * 40, "a" * 40 + "b"]),
    (r"^(?P<ip>(?:\d{1,3}\.){3}\d{1,3})\s", ["10.0.0.1 x", "1000.0.0.1 x", "10.0.0.1"]),
    (
        r"^(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$",
        ["123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-42661417400"],
    ),
    (
        r"^<(?P<pri>\d{1,3})>(?P<version>\d)? ?(?P<rest>.*)$",
        ["<34>1 2025-11-11T00:00:01Z h app - - - x", "<13>Nov 11 x", "<1234>x"],
    ),
]


def everyday(seed: int = 7) -> Iterator[tuple[str, list[bytes]]]:
    """What people write for logs, with lines that match and many mutations of each."""
    r = random.Random(seed)
    for text, lines in EVERYDAY:
        out = list(lines)
        for line in lines:
            out += [mutated(r, line) for _ in range(max(8, 40 // len(lines)))]
        yield text, [line.encode() for line in dict.fromkeys(out)]


EDGE_PATTERNS = r"""
(a*)* | (a*)+ | (a|b*)* | (a|b*)+ | (a*|b)* | (a*|b)+ | (|a)* | (|a)+ | (a|)* | (a|)+ | (a??)* | (a*?)* | (a*?)+? | (?:a*)*b | (a?)*?b | (a+|b+)*c
(a*)(a*) | (a*?)(a*) | (a+?)(a*) | (a|ab)(c|bcd)(d*) | (a|ab)(bcd|c)(d*) | (ab|a)(c|bcd)(d*) | (a+)(b+)? | (a)|b | (a)|(b)|(c) | ((a)|(b))* | ((a)|b)* | (?:(a)|b)*
(?:(a)|(b)|(c))+ | ((a)(b)?)+ | ((a)?(b)?)* | (a(b)?)* | ((a|b)(c|d)?)* | (x(y(z)?)?)+ | (a{2}){2} | (a{2,3}){2} | (a{0,2}){3} | (a{0}) | (a{0})b | a{0,} | (a{1,2}?){2} | (a?){3} | (a?){3}? | (a??){3}
^ | $ | ^$ | ^^a | a$$ | ^a|b$ | (^a|b)c | (^|a)b | b($|c) | (^)* | ($)* | (\b)* | (^a)* | (a$)* | a^b | a$b | (?m)^a | (?m)a$ | (?m)^ | (?m)$ | (?m)^$ | (?m)(^a.*$\n?)* | (?m)\Aa | (?m)a\z | (?m)^(.*)$
\ba | a\b | \b | \B | \Ba | a\B | \b\b | \b\B | \Ba\B | \ba\b | (\b|a)+ | \bé | é\b | (?i)\bſ | \b$ | ^\b | \w\b\W | \W\b\w | (\w+)\b(.*)
. | .* | .+ | (?s). | (?s).* | (?s).+ | .*?b | (?s).*?b | (.*)(.*) | (.*?)(.*) | (.*?)$ | (.+?)\s*$ | ^\s*(.*?)\s*$ | (?U).* | (?U)a+ | (?U)a+? | (?U)(a+)(b*) | (?U:a*)a* | (?U)(a{1,3})(a*)
(?i)a | (?i)abc | (?i)k | (?i)K | (?i)ſ | (?i)s | (?i)[a-z]+ | (?i)[^a-z]+ | (?i)[k] | (?i)[^k] | (?i)é | (?i)σ | (?i)ß | (?i)ж | (?i)\x{212a} | (?i:a)b | (?i)a(?-i)b | a(?i)b | a(?i:b|c)d | (?i)straße | (?i)[[:upper:]]+ | (?i)\p{Lu}+ | (?i)[^\p{Lu}] | (?i)[A-C]
[] ] | []a] | [^]a] | [a-] | [-a] | [\]] | [\^a] | [a^] | [\d\s] | [^\d\s] | [\D] | [^\D] | [\Wa] | [^\W] | [\s\S] | [\d\D] | [^\S\n] | [[:word:]] | [[:^word:]] | [^[:^word:]] | [[:alpha:][:digit:]_] | [a-c-e] | [\x41-\x43] | [\x{4e2d}] | [^\x00-\x7f]+ | [^a] | [\Q]\E]
\d+ | \D+ | \s+ | \S+ | \w+ | \W+ | \pL+ | \PL+ | \p{L}+ | \p{^L}+ | \pN | \p{Greek}+ | \P{Greek} | \p{Any} | \pZ | \p{Zs} | \p{Lu}\p{Ll}+ | [\pL\pN]+ | [^\pL]+
\x61 | \x{61} | \141 | \07 | \a | \f | \v | \r | \t | \n | \. | \\ | \/ | \- | \Qa.b\E+ | \Qa.b | \C | \Q\E | a\Q\Eb* | \Q*\E+ | \. \* | \" | \' | \: | \% | \_ 
a|b | |a | a| | a||b | | | (|) | (a||b)c | (?:) | () | ()* | ()+ | (()) | (?:)* | a()b | (a|b|ab)c | (abc|abd|ab) | abc|abcd | abcd|abc | a+|a | foo|foobar | (foo|foobar)(bar)? | (?:foo|foobar)+?bar | a*|b | b|a* | (a*|b)(c|d)
x* | x*y | x*y* | x+y+z+ | [ab]+? | [ab]*?c | a{3} | a{2,} | a{2,4} | a{2,4}? | a{,2} | a{ | a{1 | a{1, | a{a} | {1} | a{,} | x{0,1}y | (ab){2} | (?:ab){1,2}c | (a|b){2,3} | (.){3} | (.){2,}? | .{0,3}$ | a{1000} | (?:a{10}){10}
(?P<n>a) | (?P<a_1>a)(?P<B>b) | (?<n>a) | (?P<n>a)|(?P<m>b) | (?P<0>a) | (?P<été>a)
(?P<k>\w+)=(?P<v>[^,]*)(?:,|$) | (\d+)-(\d+)?-(\d+) | ^(\S+) (\S+)$ | ^(\S+?):? (.*)$ | ^(.*):(.*)$ | ^(.*?):(.*)$ | ^([^:]*):(.*)$ | "([^"\\]|\\.)*" | \[(.*?)\] | \[([^\]]*)\] | (\S+)\s+(\S+)\s*(.*) | ^(?:(a)|(b))(?:(c)|(d))$ | (?s)^(.*)\n(.*)$ | ^(\d{1,3})\.(\d{1,3})$ | (.*)(\d+) | (.*?)(\d+)$ | (\w+\s*)+: | ((\w+)\s*)+: | (a*)*b | (?:a?){10}a{10} | (x+x+)+y
"""
EDGE_LINES = [
    "", "a", "b", "aa", "ab", "ba", "abc", "abcd", "aaaa", "aab", "abab", "bbaac", "c", "xyz", "xyxyz", "foo", "foobar", "foobarbar",
    "a b", " a ", "a.b", "a.b.b", "a\nb", "a\n", "\na", "\n", "ab\nac\n", "é", "aéb", "中文 a", "😀", "K", "k", "ſ", "S", "Straße", "STRASSE",
    "σς Σ", "жЖ", "a-b_c9", "9", "12-34-56", "12--56", "1.23", "]", "[x] [y]", '"a\\"b"', "k=v,k2=", "key: value: x", "\t\r\n\f\v", "*", "**",
    "a{", "a{1", "a{1,", "a{a}", "{1}", "a{,2}", "a{,}", "^", "-", "\x07", "\x7f", "\u0301", "word1 word2: x", "xxxxxxxxxxxx", "aaaaaaaaaaaaaaaaaaaa",
    "A", "AB", "ABC", "aB", "\\", "/", "'", "%", "_", "\u2028", "\u00a0", "\u0000", "٣",
]  # fmt: skip


def edge() -> Iterator[tuple[str, list[bytes]]]:
    """Hand-written corners, each against the same lines."""
    lines = [line.encode() for line in EDGE_LINES]
    for row in EDGE_PATTERNS.strip("\n").split("\n"):
        for text in row.split(" | "):
            yield text, lines


ERRORS = [
    "(", ")", "a)", "(a", "[", "[a", "[]", "[]a", "[^]", "[z-a]", "[a-\\d]", "[\\d-a]", "[[:foo:]]", "[[:alpha:]", "*", "+", "?", "*a", "|*", "a|*", "(*a)",
    "(|*)", "a**", "a+*", "a?*", "a*+", "a++", "a?+", "a??+", "a{2}{3}", "a{2}*", "a*{2}", "a{2,1}", "a{1001}", "a{1001,}", "a{1,1001}", "(?:a{1000}){1000}",
    "((a{100}){100}){100}", "{1}*", "\\", "a\\", "\\8", "\\1", "(a)\\1", "\\k<n>", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?P=n)", "(?P>n)",
    "(?#c)", "(?(1)a|b)", "(?", "(?i", "(?z)", "(?i-)", "(?-)", "(?--i)", "(?ii-s-m)", "(?P<n", "(?P<>a)", "(?P<n-x>a)", "(?P<n>a)(?P<n>b)", "(?P<1 >a)", "(?<n",
    "(?<n>a)(?P<n>b)", "(?P", "(?Pn)", "(?'n'a)", "\\pX", "\\p", "\\p{", "\\p{Foo}", "\\p{IsGreek}", "\\p{L", "\\P{^Nope}", "[\\pX]", "\\x", "\\xg", "\\x{", "\\x{}",
    "\\x{110000}", "\\x{g}", "\\x1", "\\e", "\\g", "\\h", "\\y", "\\Z", "\\G", "\\K", "\\R", "\\X", "\\N", "\\u0041", "\\cA", "[\\b]", "[\\B]", "[\\A]", "[\\e]",
    "a{99999999999}", "(?i)(?z)a", "(?s-", "(?:a", "((a)", "a|(", "x{2}{2}", "(?U)a**", "a{0}{0}", "(?i)*", "^*", "$*", "\\b+", "(^)*", "\\A{2}", "\\Q*\\E**",
    "[a-\\pL]", "[--]", "[a-b-c]", "[&&]", "[a&&b]", "[.x.]", "[=a=]", "[[.x.]]", "[[=a=]]", "\\p{Greek", "\\pé", "é**", "[é-a]",
]  # fmt: skip


def errors() -> Iterator[tuple[str, list[bytes]]]:
    """Patterns at the border of what Go accepts; those it takes are recorded as ordinary answers."""
    for text in ERRORS:
        yield text, [b"a", b"aaa", b""]


SETS: dict[str, Callable[[], Iterator[tuple[str, list[bytes]]]]] = {
    "generated": generated,
    "everyday": everyday,
    "edge": edge,
    "errors": errors,
}


def main() -> None:
    if sys.argv[1:] == ["--list"]:
        print("\n".join(SETS))
        return
    for text, lines in SETS[sys.argv[1]]():
        print(json.dumps({"pattern": text, "lines": [base64.b64encode(line).decode() for line in lines]}))


if __name__ == "__main__":
    main()
