from __future__ import annotations

import pytest

from fastlog.operators import layouts
from fastlog.operators.layouts import LayoutError, compile_layout, describe, gotime_steps, strptime_steps

MODERN = "2006-01-02T15:04:05.999999-07:00"


def elements(steps: list[layouts.Step]) -> list[tuple[str, str]]:
    return [(step.literal, step.element) for step in steps]


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("2006-01-02", [("", "2006"), ("-", "01"), ("-", "02"), ("", "")]),
        ("Janitor Jan", [("Janitor ", "Jan"), ("", "")]),
        ("Month Mon", [("Month ", "Mon"), ("", "")]),
        ("_2006 __2 _2", [("_", "2006"), (" ", "__2"), (" ", "_2"), ("", "")]),
        ("05.000", [("", "05"), ("", ".000"), ("", "")]),
        ("05.0002", [("", "05"), (".0", "002"), ("", "")]),
        ("05.00x.0008", [("", "05"), ("", ".00"), ("x.0008", "")]),
        ("-07:00:00-07:00-070000-0700-07", [("", z) for z in ("-07:00:00", "-07:00", "-070000", "-0700", "-07", "")]),
        ("no element", [("no element", "")]),
    ],
)
def test_gotime_elements(layout: str, expected: list[tuple[str, str]]) -> None:
    assert elements(gotime_steps(layout)) == expected


def test_strptime_gives_its_freedoms_to_its_own_elements_only() -> None:
    steps = strptime_steps("%m%S %d")
    # "%m%S" becomes "15", which Go reads as the hour: an odd layout, treated as the collector treats it.
    assert [(step.op, step.flags) for step in steps] == [
        (layouts.HOUR, 0),
        (layouts.DAY, layouts.LEADING_SPACE),
        (layouts.END, 0),
    ]


@pytest.mark.parametrize(
    ("layout_type", "layout", "fraction"),
    [
        ("gotime", MODERN, layouts.CACHE_ANY),
        ("gotime", "15:04:05", layouts.CACHE_ANY),
        ("gotime", "15:04:05,000", 3),
        ("gotime", "15:04:05 x.000", layouts.CACHE_NEVER),
        ("gotime", "05 05", layouts.CACHE_NEVER),
        ("gotime", "2006-01-02", layouts.CACHE_NEVER),
        ("strptime", "%T.%f", layouts.CACHE_ANY),
    ],
)
def test_what_is_cached(layout_type: str, layout: str, fraction: int) -> None:
    steps = gotime_steps(layout) if layout_type == "gotime" else strptime_steps(layout)
    assert layouts._fraction(steps) == fraction


@pytest.mark.parametrize(
    ("layout_type", "layout", "location", "message"),
    [
        ("strptime", "%Q", None, "invalid strptime format: [unsupported ctimefmt.toNative() directive: %Q]"),
        ("strptime", "%Y-01", None, "format string should not contain decimals"),
        ("strptime", "%S:%L", None, "invalid fractional seconds directive: ':%L'. must be preceded with '.' or ','"),
        ("gotime", "05:999", None, "invalid fractional seconds directive: ':999'. must be preceded with '.' or ','"),
        ("epoch", "minutes", None, "invalid `layout` for `epoch` type: minutes; specify 's', 'ms'"),
        ("iso8601", "x", None, "unsupported layout_type iso8601; valid values are 'strptime', 'gotime', and 'epoch'"),
        ("gotime", "", None, "missing required configuration parameter `layout`"),
        ("gotime", "2006", "Europe/Berln", "unknown time zone Europe/Berln; did you mean Europe/Berlin?"),
        ("gotime", "2006", "~~~", "unknown time zone ~~~; use an IANA name such as"),
        ("gotime", "2006", "/etc/passwd", "failed to load location /etc/passwd: time: invalid location name"),
    ],
)
def test_config_errors_say_what_to_write(layout_type: str, layout: str, location: str | None, message: str) -> None:
    with pytest.raises(LayoutError) as caught:
        compile_layout(layout_type, layout, location)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("layout_type", "layout", "value", "message"),
    [
        ("gotime", MODERN, b"x", f'parsing time "x" as "{MODERN}": cannot parse "x" as "2006"'),
        ("gotime", "2006-01", b"2025/01", 'parsing time "2025/01" as "2006-01": cannot parse "/01" as "-"'),
        ("gotime", "2006", b"2025 \xc3\xa9", 'parsing time "2025 \\xc3\\xa9": extra text: " \\xc3\\xa9"'),
        ("gotime", "2006-01-02", b"2025-02-30", 'parsing time "2025-02-30": day out of range'),
        ("strptime", "%b %d", b"Nov x", 'parsing time "Nov x" as "%b %d": cannot parse "x" as "%d"'),
        ("gotime", "MST", b"PST", "failed to load location PST: unknown time zone PST"),
        ("epoch", "s", b"1.5", "invalid value '1.5' for layout 's'"),
        ("epoch", "s.ms", 1.5, "invalid value '     1.500' for layout 's.ms'"),
        ("gotime", "2006", 2025, "type int64 cannot be parsed as a time"),
        ("gotime", "2006", 2025.0, "type float64 cannot be parsed as a time"),
    ],
)
def test_messages(layout_type: str, layout: str, value: bytes | int | float, message: str) -> None:
    parser = compile_layout(layout_type, layout, "UTC" if layout_type != "epoch" else None)
    code, _, step, at = parser.run(value)
    assert code != 0
    assert describe(parser, code, value, step, at) == message


def test_location_of_a_stamp_without_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    noon = b"2025-01-15T12:00:00"
    utc = 1736942400 * 10**9
    assert compile_layout("gotime", "2006-01-02T15:04:05").parse(noon) == utc + 5 * 3600 * 10**9
    assert compile_layout("gotime", "2006-01-02T15:04:05", "Asia/Tokyo").parse(noon) == utc - 9 * 3600 * 10**9
    # A layout that ends in Z means UTC.
    assert compile_layout("gotime", "2006-01-02T15:04:05Z").parse(noon + b"Z") == utc


def test_year_one_is_not_set_and_the_rest_wraps_like_go() -> None:
    parser = compile_layout("gotime", "2006-01-02T15:04:05Z07:00")
    assert parser.parse(b"0001-01-01T00:00:00Z") == 0
    # 2300 does not fit int64 but fits the unsigned field that it is written to.
    assert parser.parse(b"2300-01-01T00:00:00Z") == 10413792000 * 10**9 - 2**64


def test_bulk_entry_refuses_spans_outside_the_data() -> None:
    import array

    parser = compile_layout("gotime", "2006")
    one = array.array("q", [0])
    with pytest.raises(ValueError, match="does not end 64 bytes before the end of data"):
        parser.parse_spans(b"2025", one, array.array("q", [4]), array.array("q", [0]))
    with pytest.raises(ValueError, match="equally long"):
        parser.parse_spans(b"2025" + bytes(64), one, array.array("q"), array.array("q", [0]))
