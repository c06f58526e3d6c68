# ruff: noqa: E501, SIM905  (tables of layouts and stamps)
"""Generate layouts and stamps, severity words and lines of bytes, the same ones in every run.

Stamps are written element by element, so that most of them parse, and then some are mutated. The sets:

``layouts``   layouts people use, each with real stamps and mutations of them
``elements``  random layouts of both languages over all elements, each with about ten stamps
``zones``     stamps around the clock changes of many locations, with and without an abbreviation
``years``     stamps without a year around New Year, Feb 29 and the seven days, under many clocks
``epochs``    integers, floats and texts for all seven epoch layouts
``config``    layouts and locations that the collector refuses
``severity``  presets, mappings and words
``utf8``      lines of well- and ill-formed bytes

``python tests/property/timegen.py SET`` prints the requests that ``bench/peers/gotime`` answers.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from fastlog.operators.layouts import compile_layout

Request = dict[str, Any]

NOW = 1763620000_000000000  # 2025-11-20T06:26:40Z
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ABBREVIATIONS = (
    "UTC GMT EST EDT CST PST CET CEST BST IST MST HST EET WET JST AEST GMT+3 GMT-0 GMT+0 +03 -04 PRC ROK".split()
)
STRANGE_ZONES = (
    "Z +24:00 +2400 -00:00 +0060 +00 GMT+24 GMT+ CHST ChST MeST WITA ABCDT ABCDE ABCDEF AB utc Est -00:00:01".split()
)


def _stamp(r: random.Random) -> datetime:
    kind = r.random()
    if kind < 0.6:
        moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(microseconds=r.randrange(366 * 86400 * 10**6))
    else:
        moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=r.randrange(9998 * 365 * 86400))
        if kind < 0.9:
            moment = moment.replace(
                year=r.choice((1, 1600, 1677, 1678, 1900, 1969, 1970, 2000, 2024, 2038, 2100, 2262)),
                day=min(moment.day, 28),
            )
    return moment


def _number(r: random.Random, value: int, width: int) -> str:
    style = r.random()
    if style < 0.80:
        return f"{value:0{width}d}"
    if style < 0.88:
        return str(value)
    if style < 0.95:
        return f"{value:{width}d}"
    return r.choice((f" {value:0{width}d}", f"\t{value}", "00", "99", "31", "60", "24", f"{value}x", ""))


def _zone(r: random.Random, colon: str, seconds: bool, minutes: bool) -> str:
    if r.random() < 0.1:
        return r.choice(STRANGE_ZONES)
    hours = r.choice((0, 0, 0, 1, 2, 5, 11, 12, 14, 23))
    text = r.choice("+-") + f"{hours:02d}"
    if minutes:
        text += colon + f"{r.choice((0, 0, 30, 45, 59)):02d}"
    if seconds:
        text += colon + f"{r.choice((0, 0, 1, 59)):02d}"
    return text


def _fraction(r: random.Random, digits: int) -> str:
    count = digits if r.random() < 0.7 else r.randrange(0, 14)
    text = "".join(r.choice("0123456789") for _ in range(count))
    return r.choice("..,") + text if r.random() < 0.85 else ""


def _case(r: random.Random, text: str) -> str:
    return text if r.random() < 0.85 else r.choice((text.lower(), text.upper(), text[:2], text + "s"))


def _element(r: random.Random, element: str, t: datetime) -> str:
    """The time's text for one element of a Go layout, sometimes a sloppy or a wrong one."""
    if element[0] in ".,":
        return _fraction(r, len(element) - 1)
    writers: dict[str, Callable[[], str]] = {
        "2006": lambda: _number(r, t.year, 4),
        "06": lambda: _number(r, t.year % 100, 2),
        "January": lambda: _case(r, MONTHS[t.month - 1]),
        "Jan": lambda: _case(r, MONTHS[t.month - 1][:3]),
        "1": lambda: _number(r, t.month, 1),
        "01": lambda: _number(r, t.month, 2),
        "Monday": lambda: _case(r, DAYS[t.weekday()]),
        "Mon": lambda: _case(r, DAYS[t.weekday()][:3]),
        "2": lambda: _number(r, t.day, 1),
        "_2": lambda: f"{t.day:2d}" if r.random() < 0.7 else _number(r, t.day, 2),
        "02": lambda: _number(r, t.day, 2),
        "__2": lambda: f"{t.timetuple().tm_yday:3d}" if r.random() < 0.7 else _number(r, t.timetuple().tm_yday, 3),
        "002": lambda: _number(r, t.timetuple().tm_yday, 3),
        "15": lambda: _number(r, t.hour, 2),
        "3": lambda: _number(r, t.hour % 12 or 12, 1),
        "03": lambda: _number(r, t.hour % 12 or 12, 2),
        "4": lambda: _number(r, t.minute, 1),
        "04": lambda: _number(r, t.minute, 2),
        "5": lambda: _number(r, t.second, 1),
        "05": lambda: _number(r, t.second, 2),
        "PM": lambda: _case(r, "PM" if t.hour >= 12 else "AM"),
        "pm": lambda: _case(r, "pm" if t.hour >= 12 else "am"),
        "MST": lambda: r.choice(ABBREVIATIONS) if r.random() < 0.9 else r.choice(STRANGE_ZONES),
    }
    if element in writers:
        return writers[element]()
    if element[0] == "Z" and r.random() < 0.3:
        return "Z"
    return _zone(r, ":" if ":" in element else "", element.count("0") > 4, element not in ("-07", "Z07"))


ELEMENTS = (
    "2006 06 January Jan 1 01 Monday Mon 2 _2 02 __2 002 15 3 03 4 04 5 05 PM pm MST -07 -0700 -07:00 -070000 -07:00:00"
    " Z07 Z0700 Z07:00 Z070000 Z07:00:00 .000 .000000 ,000 .999 .999999 .999999999 ,999"
).split()
# strptime directives by the elements that write them.
DIRECTIVES = {
    "%Y": ["2006"], "%y": ["06"], "%m": ["01"], "%o": ["1"], "%q": ["1"], "%b": ["Jan"], "%h": ["Jan"], "%B": ["January"],
    "%d": ["02"], "%e": ["_2"], "%g": ["2"], "%a": ["Mon"], "%A": ["Monday"], "%H": ["15"], "%l": ["3"], "%I": ["03"],
    "%p": ["PM"], "%P": ["pm"], "%M": ["04"], "%S": ["05"], ".%L": [".999"], ".%f": [".999999"], ",%s": [",999999999"],
    "%Z": ["MST"], "%z": ["Z0700"], "%w": ["-070000"], "%i": ["-07"], "%j": ["-07:00"], "%k": ["-07:00:00"],
    "%D": ["01", "/", "02", "/", "2006"], "%x": ["01", "/", "02", "/", "06"], "%F": ["2006", "-", "01", "-", "02"],
    "%T": ["15", ":", "04", ":", "05"], "%X": ["15", ":", "04", ":", "05"],
    "%r": ["03", ":", "04", ":", "05", " ", "pm"], "%R": ["15", ":", "04"], "%%": ["%"],
    "%c": ["Mon", " ", "Jan", " ", "02", " ", "15", ":", "04", ":", "05", " ", "2006"],
}  # fmt: skip
SEPARATORS = ["", " ", " ", "  ", "-", "/", ":", "T", ".", ",", "é", " x ", "[", "] ", "_"]

# Layouts in use, as the pieces that write their stamps.
USED: list[tuple[str, str, list[str]]] = [
    ("gotime", "2006-01-02T15:04:05.999999-07:00", "2006 - 01 - 02 T 15 : 04 : 05 .999999 -07:00".split()),
    ("gotime", "2006-01-02T15:04:05Z07:00", "2006 - 01 - 02 T 15 : 04 : 05 Z07:00".split()),
    ("gotime", "2006-01-02T15:04:05.999999999Z07:00", "2006 - 01 - 02 T 15 : 04 : 05 .999999999 Z07:00".split()),
    ("gotime", "2006-01-02T15:04:05.000Z", "2006 - 01 - 02 T 15 : 04 : 05 .000 Z".split()),
    ("gotime", "2006-01-02 15:04:05,000", ["2006", "-", "01", "-", "02", " ", "15", ":", "04", ":", "05", ",000"]),
    ("gotime", "Jan _2 15:04:05", ["Jan", " ", "_2", " ", "15", ":", "04", ":", "05"]),
    ("gotime", "Jan 2 15:04:05", ["Jan", " ", "2", " ", "15", ":", "04", ":", "05"]),
    ("gotime", "02/Jan/2006:15:04:05 -0700", ["02", "/", "Jan", "/", "2006", ":", "15", ":", "04", ":", "05", " ", "-0700"]),
    ("gotime", "Mon Jan _2 15:04:05 MST 2006", ["Mon", " ", "Jan", " ", "_2", " ", "15", ":", "04", ":", "05", " ", "MST", " ", "2006"]),
    ("gotime", "Monday, 02-Jan-06 15:04:05 MST", ["Monday", ",", " ", "02", "-", "Jan", "-", "06", " ", "15", ":", "04", ":", "05", " ", "MST"]),
    ("gotime", "0102 15:04:05.000000", ["01", "02", " ", "15", ":", "04", ":", "05", ".000000"]),
    ("gotime", "20060102150405", ["2006", "01", "02", "15", "04", "05"]),
    ("gotime", "2006-002", ["2006", "-", "002"]),
    ("gotime", "3:04PM", ["3", ":", "04", "PM"]),
    ("gotime", "06/01/02 15:04:05", ["06", "/", "01", "/", "02", " ", "15", ":", "04", ":", "05"]),
    ("strptime", "%b %d %H:%M:%S", ["Jan", " ", "02", " ", "15", ":", "04", ":", "05"]),
    ("strptime", "%b %e %H:%M:%S", ["Jan", " ", "_2", " ", "15", ":", "04", ":", "05"]),
    ("strptime", "%Y-%m-%dT%H:%M:%S%z", "2006 - 01 - 02 T 15 : 04 : 05 Z0700".split()),
    ("strptime", "%Y-%m-%dT%H:%M:%S.%f%z", "2006 - 01 - 02 T 15 : 04 : 05 .999999 Z07:00".split()),
    ("strptime", "%Y-%m-%d %H:%M:%S,%L", ["2006", "-", "01", "-", "02", " ", "15", ":", "04", ":", "05", ",999"]),
    ("strptime", "%Y-%m-%d %H:%M:%S.%L %Z", ["2006", "-", "01", "-", "02", " ", "15", ":", "04", ":", "05", ".999", " ", "MST"]),
    ("strptime", "%d/%b/%Y:%H:%M:%S %z", ["02", "/", "Jan", "/", "2006", ":", "15", ":", "04", ":", "05", " ", "Z0700"]),
    ("strptime", "%Y/%m/%d %H:%M:%S", ["2006", "/", "01", "/", "02", " ", "15", ":", "04", ":", "05"]),
    ("strptime", "%m%d %H:%M:%S.%f", ["01", "02", " ", "15", ":", "04", ":", "05", ".999999"]),
    ("strptime", "%a %b %d %H:%M:%S.%f %Y", ["Mon", " ", "Jan", " ", "02", " ", "15", ":", "04", ":", "05", ".999999", " ", "2006"]),
    ("strptime", "%Y%m%d%H%M%S", ["2006", "01", "02", "15", "04", "05"]),
    ("strptime", "%D %T", ["01", "/", "02", "/", "06", " ", "15", ":", "04", ":", "05"]),
    ("strptime", "%D", ["01", "/", "02", "/", "2006"]),
    ("strptime", "%x %r", ["01", "/", "02", "/", "2006", " ", "03", ":", "04", ":", "05", " ", "pm"]),
    ("strptime", "%c", ["Mon", " ", "Jan", " ", "02", " ", "15", ":", "04", ":", "05", " ", "2006"]),
    ("strptime", "%Y-%m-%dT%H:%M:%SZ", "2006 - 01 - 02 T 15 : 04 : 05 Z".split()),
    ("strptime", "%m%S", ["01", "05"]),
]  # fmt: skip

# Written by hand: what a generator would seldom hit.
ISO = [
    "2025-11-11T06:25:01.123456+00:00", "2025-11-11T06:25:01+00:00", "2025-11-11T06:25:01,5+00:00",
    "2025-11-11T06:25:01.+00:00", "2025-11-11T06:25:01.1234567891234+00:00", "2025-11-11T06:25:01.123456Z",
    "2025-11-11T06:25:01.123456+0000", "2025-11-11T06:25:01.123456", "2025-13-11T06:25:01+00:00",
    "2025-00-11T06:25:01+00:00", "2025-02-30T06:25:01+00:00", "2025-02-29T06:25:01+00:00", "2024-02-29T06:25:01+00:00",
    "2025-11-00T06:25:01+00:00", "2025-11-11T24:00:00+00:00", "2025-11-11T23:60:00+00:00", "2025-11-11T23:59:60+00:00",
    "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00.000000001+00:00", "0001-06-01T00:00:00+00:00",
    "0000-06-01T00:00:00+00:00", "0000-12-31T23:00:00-02:00", "1677-09-21T00:12:43+00:00", "1677-09-21T00:12:44+00:00",
    "2262-04-11T23:47:16.854775807+00:00", "2262-04-11T23:47:16.854775808+00:00", "2300-01-01T00:00:00+00:00",
    "2554-07-21T23:34:33+00:00", "2600-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999999+00:00",
    "1960-01-01T00:00:00+00:00", "1970-01-01T00:00:00+00:00", "1969-12-31T23:59:59.999999999+00:00",
    "2025-11-11T06:25:01+24:00", "2025-11-11T06:25:01-24:60", "2025-11-11T06:25:01+25:00", "2025-11-11T06:25:01+00:61",
    "2025-11-11T06:25:01 00:00", "2025-11-11T6:25:01+00:00", "2025-1-11T06:25:01+00:00", "2025-11-11T06:25:1+00:00",
    " 2025-11-11T06:25:01+00:00", "2025-11-11T06:25:01+00:00 ", "2025-11-11 06:25:01+00:00", "", "2", "é", "\"\\\n\x7f",
    "2025-11-11t06:25:01+00:00", "+025-11-11T06:25:01+00:00", "２025-11-11T06:25:01+00:00", "2025-11-11T06:25:01.123456+00:0",
]  # fmt: skip


def _mutate(r: random.Random, text: str) -> str:
    for _ in range(r.choice((1, 1, 2))):
        at = r.randrange(len(text) + 1)
        kind = r.random()
        if kind < 0.3:
            text = text[:at] + text[at + 1 :]
        elif kind < 0.6:
            text = text[:at] + r.choice("0123456789 -+:.,TZaP\té") + text[at + 1 :]
        elif kind < 0.9:
            text = text[:at] + r.choice("0123456789 -+:.,TZaP\té") + text[at:]
        else:
            text = text[:at]
    return text


def _write(r: random.Random, pieces: Iterable[str], mutated: float = 0.15) -> str:
    t = _stamp(r)
    known = set(ELEMENTS)
    text = "".join(_element(r, piece, t) if piece in known else piece for piece in pieces)
    return _mutate(r, text) if r.random() < mutated else text


def _request(layout_type: str, layout: str, values: list[Any], **more: Any) -> Request:
    return {"kind": "time", "layout_type": layout_type, "layout": layout, "now": NOW, **more, "values": values}


def layouts() -> Iterator[Request]:
    r = random.Random(1)
    for layout_type, layout, pieces in USED:
        hand = ISO if layout.startswith(("2006-01-02T", "%Y-%m-%dT")) else ISO[:1]
        yield _request(layout_type, layout, hand + [_write(r, pieces) for _ in range(60)])
    for location in ("America/New_York", "Europe/London", "Asia/Kolkata", "Etc/UTC", "Africa/Abidjan"):
        for layout_type, layout, pieces in USED:
            yield _request(layout_type, layout, [_write(r, pieces, 0) for _ in range(12)], location=location)


def elements() -> Iterator[Request]:
    r = random.Random(2)
    for _ in range(700):
        pieces = []
        for _ in range(r.choice((1, 2, 3, 4, 5, 6, 7, 8))):
            pieces += [r.choice(ELEMENTS), r.choice(SEPARATORS)]
        yield _request("gotime", "".join(pieces), [_write(r, pieces) for _ in range(8)])
    for _ in range(700):
        # The collector retries for ever when a stamp fails at an element that its layout has twice, so none is.
        layout, pieces, used = "", [], set()
        for _ in range(r.choice((1, 2, 3, 4, 5, 6, 7))):
            directive = r.choice(list(DIRECTIVES))
            elements = {piece.lstrip("0_") for piece in DIRECTIVES[directive] if piece in ELEMENTS}
            if directive in ("%D", "%x"):  # both forms of the year are tried
                elements |= {"2006", "6"}
            if used & elements:
                continue
            used |= elements
            separator = r.choice([s for s in SEPARATORS if s])
            layout += directive + separator
            pieces += [*DIRECTIVES[directive], separator]
        values = [_write(r, pieces) for _ in range(8)]
        yield _request("strptime", layout, [value for value in values if not _hangs(layout, value)])


def _hangs(layout: str, value: str) -> bool:
    """Whether the collector tries to parse this for ever.

    It does when a number is out of range with white space on both sides: it takes the space behind it for one in front
    that the layout lacks, adds it to the layout, and again.
    """
    parser = compile_layout("strptime", layout)
    code, _, _, at = parser.run(value.encode())
    return code in (9, 10, 11) or (code in (4, 5, 6, 7) and value.encode()[at : at + 1].isspace())


LOCATIONS = (
    "America/New_York America/Sao_Paulo America/St_Johns Europe/London Europe/Dublin Europe/Berlin Africa/Casablanca"
    " Africa/Monrovia Asia/Kolkata Asia/Tokyo Asia/Tehran Australia/Sydney Australia/Lord_Howe Pacific/Apia"
    " Pacific/Kiritimati Antarctica/Troll Asia/Gaza America/Caracas America/Havana EST CET Etc/GMT+5 Etc/UTC UTC Local"
).split()


def zones() -> Iterator[Request]:
    import zoneinfo

    r = random.Random(3)
    for name in LOCATIONS:
        info = zoneinfo.ZoneInfo(name if name not in ("UTC", "Local") else "UTC")
        changes = []
        hours = 0
        moment = datetime(1880, 1, 1, tzinfo=UTC)
        while moment.year < 2120:
            later = moment + timedelta(days=15)
            if info.utcoffset(moment) != info.utcoffset(later):
                for hours in range(0, 15 * 24, 1):
                    if info.utcoffset(moment + timedelta(hours=hours)) != info.utcoffset(moment):
                        break
                changes.append(moment + timedelta(hours=hours))
            moment = later
        r.shuffle(changes)
        local = []
        for change in [*changes[:40], datetime(2450, 3, 28, tzinfo=UTC), datetime(2300, 10, 31, 1, 30, tzinfo=UTC)]:
            for _ in range(3):
                near = change + timedelta(
                    seconds=r.choice((-7200, -3600, -1800, -1, 0, 1, 1800, 3600, 7200)) + r.randrange(-1800, 1800)
                )
                local.append(near.astimezone(info).strftime("%Y-%m-%d %H:%M:%S"))
                local.append(
                    (near.astimezone(info) + timedelta(hours=1)).replace(tzinfo=None).strftime("%Y-%m-%d %H:%M:%S")
                )
        local = [text.rjust(19, "0") for text in local]
        yield _request("strptime", "%Y-%m-%d %H:%M:%S", local, location=name, local="America/New_York")
        names = sorted(
            {info.tzname(change + timedelta(hours=h)) or "UTC" for change in changes for h in (-48, 48)}
            | {"UTC", "EST"}
        )
        named = [f"{text} {r.choice(names)}" for text in local[:60]] + [
            f"{text} {r.choice(ABBREVIATIONS)}" for text in local[60:90]
        ]
        yield _request("strptime", "%Y-%m-%d %H:%M:%S %Z", named, location=name)
        if name != "Local":
            yield _request("gotime", "2006-01-02 15:04:05 MST", named, local=name)
        both = [f"{text} {r.choice(('+0000', '-0500', '+0100'))} {r.choice(ABBREVIATIONS)}" for text in local[:20]]
        yield _request("gotime", "2006-01-02 15:04:05 -0700 MST", both, location=name)
        short = [text[5:] for text in local[:40] if text[5:10] != "02-29"]
        yield _request("gotime", "01-02 15:04:05", short, location=name, local="Asia/Tokyo")
        yield _request("gotime", "01-02 15:04:05 MST", [f"{t} {r.choice(names)}" for t in short[:20]], location=name)
        offsets = [f"{t} {r.choice(('+00:00', '-05:00', '+05:30', '-04:56:02', '-00:01:15'))}" for t in short[:20]]
        yield _request(
            "strptime", "%m-%d %H:%M:%S %k", [o if o.count(":") == 4 else o + ":00" for o in offsets], location=name
        )


def years() -> Iterator[Request]:
    r = random.Random(4)
    clocks = [
        datetime(2024, 2, 25, tzinfo=UTC),
        datetime(2024, 12, 28, 12, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
    ]
    clocks += [datetime(2025, 1, 3, 23, 59, 59, 999999, tzinfo=UTC), datetime(2028, 2, 22, 0, 0, 1, tzinfo=UTC)]
    clocks += [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=r.randrange(10 * 365 * 86400)) for _ in range(40)]
    for clock in clocks:
        now = int(clock.timestamp()) * 10**9 + clock.microsecond * 1000
        values = []
        for _ in range(40):
            ahead = r.choice((0, 0, 6.9, 7, 7.1, -1, 364, 180)) * 86400 + r.choice(
                (-1, 0, 1, r.randrange(-90000, 90000))
            )
            t = clock + timedelta(seconds=ahead)
            values.append(t.strftime("%b %d %H:%M:%S"))
        for local in ("", "America/New_York", "Pacific/Kiritimati"):
            yield _request("strptime", "%b %d %H:%M:%S", values, now=now, local=local)
        yield _request("gotime", "Jan 02 15:04:05", values, now=now, location="Asia/Tokyo")
        yield _request(
            "gotime", "Jan 02 15:04:05 -0700", [f"{v} {r.choice(('+0000', '-0930', '+1400'))}" for v in values], now=now
        )


def epochs() -> Iterator[Request]:
    integers = [0, 1, -1, 1762842301, 1762842301123, 1762842301123456, 1762842301123456789, -62135596800, -62135596801]
    integers += [
        -62167219200,
        -70000000000,
        -100000000000,
        253402300799,
        2**63 - 1,
        -(2**63),
        12345678901,
        -62135596800000,
    ]
    floats = [
        0.5,
        1.5,
        99999.5,
        100000.5,
        1762842301.123,
        1762842301.123456,
        1762842301.9999,
        -1.5,
        -1762842301.25,
        1e18,
        1.5e300,
    ]
    floats += [123.456789, 12345.678901, 1762842301.0005, 1762842301.0015, 1e-9, -99999.001, 9.3e18, 2.5e9]
    texts = [str(i) for i in integers] + [
        "",
        "+5",
        "-",
        "+",
        " 5",
        "5 ",
        "1_000",
        "0x10",
        "1.5",
        "1762842301.123",
        "1.",
        ".5",
        "1.2.3",
    ]
    texts += [
        "1762842301.-5",
        "1762842301.+5",
        "-1762842301.5",
        "1762842301.123456789",
        "99999999999999999999",
        "1e9",
        "１",
        "NaN",
    ]
    texts += [
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "007",
        "1762842301.007",
    ]
    texts += ["1762842301.9223372036854775807", "1762842301,5", "0.0", "-0", "-0.0", "1762842301.999999999999"]
    for layout in ("s", "ms", "us", "ns", "s.ms", "s.us", "s.ns"):
        values: list[Any] = [*integers, *floats, *texts]
        yield _request("epoch", layout, values)
        yield _request("epoch", layout, values, local="America/New_York")
    yield _request("gotime", "2006", [2025, 2025.5, "2025"])


def config() -> Iterator[Request]:
    for layout_type, layout, location in (
        ("strptime", "", ""), ("strptime", "%Q", ""), ("strptime", "%Y %Q %E", ""), ("strptime", "2006-01-02", ""),
        ("strptime", "%S%f", ""), ("strptime", "%f", ""), ("strptime", ".%f", ""), ("strptime", "%%f", ""), ("strptime", "%", ""),
        ("strptime", "no directive", ""), ("strptime", "%\n", ""), ("strptime", "%é", ""), ("strptime", "%U", ""), ("strptime", "%S:%L", ""),
        ("gotime", "05:999999", ""), ("gotime", "999", ""), ("gotime", "x99", ""), ("gotime", "no element", ""), ("gotime", "", ""),
        ("gotime", "05.9999", ""), ("gotime", "05,000", ""), ("gotime", "2006-01-02", "Nowhere/Land"), ("gotime", "2006", "../etc/passwd"),
        ("gotime", "2006", "/etc/localtime"), ("strptime", "%Y", "europe/berlin"), ("strptime", "%Y", "UTC"),
        ("epoch", "", ""), ("epoch", "m", ""), ("epoch", "S", ""), ("epoch", "s", "Nowhere"), ("epoch", "s.ps", ""),
        ("iso", "2006", ""), ("Gotime", "2006", ""), ("", "%Y", ""),
    ):  # fmt: skip
        yield _request(layout_type, layout, ["2025", "999", "", "%", "%\n"], location=location)


def severity() -> Iterator[Request]:
    words = "trace trace2 trace4 debug debug3 info information INFO Info4 warn warning WARNING2 err ERR3 error Error4 fatal".split()
    words += "fatal4 notice critical crit emergency alert panic 1 9 17 24 25 0 -1 200 299 300 404 503 09 9.0".split()
    words += [
        "",
        " info",
        "info ",
        "İNFO",
        "ıNFO",
        "DEBUG\u00a0",
        "Kritisch",
        "\u212aritisch",
        "kritisch",
        "ÉRREUR",
        "érreur",
        "ERREUR",
    ]
    words += [
        "ΣΊΓΜΑΣ",
        "σίγμας",
        "σίγμασ",
        "\u212bngstrom",
        "ångstrom",
        "ÅNGSTROM",
        "straße",
        "STRASSE",
        "STRAẞE",
        "ǅ",
        "ǆ",
        "Ǆ",
        "x" * 200,
    ]
    words += [
        "Ⱥ",
        "ⱥ",
        "a" * 16,
        "A" * 16,
        "error\x00",
        "NOOOOOOO",
        "this is bad",
        "ThiS Is BaD",
        "ddd",
        "D" * 9,
        "d" * 9,
    ]
    numbers: list[Any] = [
        1,
        9,
        24,
        25,
        200,
        250,
        299,
        404,
        599,
        1111,
        1200,
        1234,
        -5,
        0,
        9.0,
        9.5,
        -1.0,
        1e300,
        404.0,
        2**40,
        True,
        None,
    ]
    mappings: list[dict[str, Any]] = [
        {},
        {"error": "NOOOOOOO"},
        {"ErRoR": ["NOOOOOOO", "this is bad", 1234], "warn": 404},
        {"info": "3xx", "error3": "4xx", "debug4": "5xx", "trace2": ["ttt", {"min": 1111, "max": 1234}], "fatal2": ""},
        {
            "error": {"min": 1234, "max": 1200},
            "critical": "notice",
            "fatal": ["crit", "critical", "alert"],
            "24": "panic",
        },
        {
            "fatal": ["Kritisch", "érreur", "ΣΊΓΜΑΣ", "Ångstrom", "Straße", "ǆ", "ⱥ"],
            "warn": ["A" * 16, "D" * 9],
            "info": -5,
        },
        {"info": "2XX"},
        {"error": 1.5},
        {"error": True},
        {"error": [["nested"]]},
        {"error": {"min": 1}},
        {"error": {"min": "a", "max": 2}},
        {"error": [None]},
        {"error": None, "warn": "x"},
    ]
    for preset in ("", "none", "otel", "aliases", "default", "http"):
        for mapping in mappings:
            yield {"kind": "severity", "preset": preset, "mapping": mapping, "values": words + numbers}


def utf8() -> Iterator[Request]:
    r = random.Random(5)
    good = [
        "a",
        "Z",
        " ",
        "\x00",
        "\x7f",
        "é",
        "\u07ff",
        "\u0800",
        "中",
        "\ud7ff",
        "\ue000",
        "\ufffd",
        "\ufeff",
        "\uffff",
        "😀",
        "\U00010000",
        "\U0010ffff",
    ]
    bad = "80 bf c0 c1 c2 df e0 e080 e09fbf eda080 edbfbf e282 e2 f0 f09f f09f98 f08fbfbf f48fbf f4908080 f5 ff fe c3 e28228 f09f28 f4".split()
    lines = [bytes.fromhex(text) for text in bad]
    for _ in range(3000):
        line = b""
        for _ in range(r.choice((1, 2, 3, 5, 9, 17, 33))):
            kind = r.random()
            if kind < 0.5:
                line += b"plain text "[: r.randrange(12)]
            elif kind < 0.8:
                line += r.choice(good).encode("utf-8", "surrogatepass")
            elif kind < 0.95:
                line += bytes.fromhex(r.choice(bad))
            else:
                line += r.randbytes(r.randrange(1, 6))
        lines.append(line)
    for first in range(0, len(lines), 100):
        yield {"kind": "utf8", "values": [line.hex() for line in lines[first : first + 100]]}


SETS: dict[str, Callable[[], Iterator[Request]]] = {
    f.__name__: f for f in (layouts, elements, zones, years, epochs, config, severity, utf8)
}

if __name__ == "__main__":
    if sys.argv[1] == "--list":
        print(*SETS, sep="\n")
    else:
        for request in SETS[sys.argv[1]]():
            print(json.dumps(request))
