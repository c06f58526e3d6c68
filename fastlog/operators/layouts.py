"""Time layouts: ``strptime``, ``gotime`` and ``epoch`` strings compiled to the steps that the timestamp kernel runs.

The reference is the collector's ``time_parser`` (pkg/stanza 0.160, operator/helper/time.go): a gotime layout is one of
Go's package ``time``; a strptime layout is rewritten to one, with the freedoms of strptime(3) put back (white space
before a number, numbers without leading zeros, three forms of ``%z``).
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass, replace

from fastlog._core.timestamp import TimeParser
from fastlog.operators.zones import UTC, Location, UnknownLocationError, abbreviated_locations, load_location
from fastlog.operators.zones import local_location as machine_location


class LayoutError(ValueError):
    """A layout, layout type or location that can't be used; the message says what to write instead."""


# Numbers of the kernel's enums (fastlog/_core/timestamp.pxd): kinds of program, steps, flags, forms of a zone.
KIND_LAYOUT = 0
EPOCH_KINDS = {"s": 1, "ms": 2, "us": 3, "ns": 4, "s.ms": 5, "s.us": 6, "s.ns": 7}
END = 0
YEAR2, YEAR4, YEAR4_OR_2 = 1, 2, 3
MONTH_SHORT, MONTH_LONG, MONTH_NUMBER = 4, 5, 6
WEEKDAY_SHORT, WEEKDAY_LONG = 7, 8
DAY, YEAR_DAY = 9, 10
HOUR, HOUR12, MINUTE, SECOND = 11, 12, 13, 14
FRACTION, FRACTION_FIXED = 15, 16
PM_UPPER, PM_LOWER = 17, 18
ZONE_NAME, ZONE, ZONE_ANY = 19, 20, 21
FIXED_WIDTH, PADDED, LEADING_SPACE, Z_IS_UTC, NO_IMPLIED_FRACTION = 1, 2, 4, 8, 16
HH, HHMM, HH_MM, HHMMSS, HH_MM_SS = 0, 1, 2, 3, 4
CACHE_NEVER, CACHE_ANY = -1, 0

# The elements of a Go layout: (step, flags, argument).
ELEMENTS: dict[str, tuple[int, int, int]] = {
    "January": (MONTH_LONG, 0, 0),
    "Jan": (MONTH_SHORT, 0, 0),
    "1": (MONTH_NUMBER, 0, 0),
    "01": (MONTH_NUMBER, FIXED_WIDTH, 0),
    "Monday": (WEEKDAY_LONG, 0, 0),
    "Mon": (WEEKDAY_SHORT, 0, 0),
    "2": (DAY, 0, 0),
    "_2": (DAY, PADDED, 0),
    "02": (DAY, FIXED_WIDTH, 0),
    "__2": (YEAR_DAY, PADDED, 0),
    "002": (YEAR_DAY, FIXED_WIDTH, 0),
    "15": (HOUR, 0, 0),
    "3": (HOUR12, 0, 0),
    "03": (HOUR12, FIXED_WIDTH, 0),
    "4": (MINUTE, 0, 0),
    "04": (MINUTE, FIXED_WIDTH, 0),
    "5": (SECOND, 0, 0),
    "05": (SECOND, FIXED_WIDTH, 0),
    "2006": (YEAR4, 0, 0),
    "06": (YEAR2, 0, 0),
    "PM": (PM_UPPER, 0, 0),
    "pm": (PM_LOWER, 0, 0),
    "MST": (ZONE_NAME, 0, 0),
    "-07": (ZONE, 0, HH),
    "-0700": (ZONE, 0, HHMM),
    "-07:00": (ZONE, 0, HH_MM),
    "-070000": (ZONE, 0, HHMMSS),
    "-07:00:00": (ZONE, 0, HH_MM_SS),
    "Z07": (ZONE, Z_IS_UTC, HH),
    "Z0700": (ZONE, Z_IS_UTC, HHMM),
    "Z07:00": (ZONE, Z_IS_UTC, HH_MM),
    "Z070000": (ZONE, Z_IS_UTC, HHMMSS),
    "Z07:00:00": (ZONE, Z_IS_UTC, HH_MM_SS),
}

# Where an element stands in a layout, in Go's order of preference. "Jan" in "Janitor" is text, as is "_" in "_2006";
# a fraction's zeros or nines must not run on into another digit.
_ELEMENT = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm"
    r"|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?![0-9])"
)

# strptime directives, by the Go elements that the collector parses them with. The pieces of a directive of several
# elements are apart, because white space may come before each number.
DIRECTIVES: dict[str, tuple[str, ...]] = {
    "%Y": ("2006",),
    "%y": ("06",),
    "%m": ("1",),
    "%o": ("1",),
    "%q": ("1",),
    "%b": ("Jan",),
    "%h": ("Jan",),
    "%B": ("January",),
    "%d": ("2",),
    "%e": ("2",),
    "%g": ("2",),
    "%a": ("Mon",),
    "%A": ("Monday",),
    "%H": ("15",),
    "%l": ("3",),
    "%I": ("3",),
    "%p": ("PM",),
    "%P": ("pm",),
    "%M": ("4",),
    "%S": ("5",),
    "%L": ("999",),
    "%f": ("999999",),
    "%s": ("999999999",),
    "%Z": ("MST",),
    "%z": ("Z0700",),
    "%w": ("-070000",),
    "%i": ("-07",),
    "%j": ("-07:00",),
    "%k": ("-07:00:00",),
    "%D": ("1", "/", "2", "/", "2006"),
    "%x": ("1", "/", "2", "/", "2006"),
    "%F": ("2006", "-", "1", "-", "2"),
    "%T": ("15", ":", "4", ":", "5"),
    "%X": ("15", ":", "4", ":", "5"),
    "%r": ("3", ":", "4", ":", "5", " ", "pm"),
    "%R": ("15", ":", "4"),
    "%n": ("\n",),
    "%t": ("\t",),
    "%%": ("%",),
    "%c": ("Mon", " ", "Jan", " ", "2", " ", "15", ":", "4", ":", "5", " ", "2006"),
}
_DIRECTIVE = re.compile(r"%.")
_BAD_STRPTIME_FRACTION = re.compile(r"[^.,]%[Lfs]")
_BAD_GOTIME_FRACTION = re.compile(r"[^.,9]9+")


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a layout and the text before it, with the names that an error message calls them."""

    literal: str
    element: str
    op: int
    flags: int = 0
    arg: int = 0
    literal_name: str = ""
    start: int = 0  # of the element in the Go layout


def compile_layout(layout_type: str, layout: str, location: str | None = None) -> TimeParser:
    """The parser of a layout.

    layout_type: "strptime", "gotime" or "epoch"; location: an IANA name for stamps without a zone (default: UTC if the
    layout ends in Z, else the machine's). Raises LayoutError.
    """
    if layout_type not in ("strptime", "gotime", "epoch"):
        raise LayoutError(f"unsupported layout_type {layout_type}; valid values are 'strptime', 'gotime', and 'epoch'")
    if not layout:
        raise LayoutError("missing required configuration parameter `layout`")
    if layout_type == "epoch":
        return _compile_epoch(layout)
    steps = strptime_steps(layout) if layout_type == "strptime" else gotime_steps(layout)
    locations = [_location(layout, location), machine_location()]
    if any(step.op == ZONE_NAME for step in steps):
        locations += abbreviated_locations()
    return TimeParser(
        layout_type,
        layout,
        KIND_LAYOUT,
        _fraction(steps),
        [(step.op, step.flags, step.arg, step.literal.encode()) for step in steps],
        locations,
        tuple((step.literal_name or step.literal, step.element) for step in steps),
    )


def _compile_epoch(layout: str) -> TimeParser:
    if layout not in EPOCH_KINDS:
        raise LayoutError(
            f"invalid `layout` for `epoch` type: {layout}; specify 's', 'ms', 'us', 'ns', 's.ms', 's.us', or 's.ns'"
        )
    return TimeParser("epoch", layout, EPOCH_KINDS[layout], CACHE_NEVER, [], [UTC, machine_location()], ())


def _location(layout: str, name: str | None) -> Location:
    if name:
        return find_location(name)
    return UTC if layout.endswith("Z") else machine_location()


def find_location(name: str) -> Location:
    """The location of an IANA name. Raises LayoutError, with the nearest name."""
    try:
        return load_location(name)
    except UnknownLocationError as error:
        import difflib  # only here, because a start without errors needs none of it

        close = difflib.get_close_matches(name, zoneinfo.available_timezones(), 1)
        hint = f"did you mean {close[0]}?" if close else "use an IANA name such as Europe/Berlin"
        raise LayoutError(f"invalid 'location': failed to load location {name}: {error}; {hint}") from None


def gotime_steps(layout: str) -> list[Step]:
    """The steps of a Go layout. Raises LayoutError."""
    match = _BAD_GOTIME_FRACTION.search(layout)
    if match:
        raise LayoutError(
            f"invalid gotime layout: invalid fractional seconds directive: '{match[0]}'. "
            "must be preceded with '.' or ','"
        )
    return _scan(layout)


def _scan(layout: str) -> list[Step]:
    steps: list[Step] = []
    at = 0
    for match in _ELEMENT.finditer(layout):
        text = match[0]
        if text[0] in ".,":
            op, flags, arg = (FRACTION, 0, 0) if text[1] == "9" else (FRACTION_FIXED, 0, len(text) - 1)
        else:
            op, flags, arg = ELEMENTS[text]
        if op in (FRACTION, FRACTION_FIXED) and steps and steps[-1].op == SECOND:
            steps[-1] = replace(steps[-1], flags=steps[-1].flags | NO_IMPLIED_FRACTION)
        steps.append(Step(layout[at : match.start()], text, op, flags, arg, start=match.start()))
        at = match.end()
    return [*steps, Step(layout[at:], "", END, start=len(layout))]


def strptime_steps(layout: str) -> list[Step]:
    """The steps of a strptime layout. Raises LayoutError."""
    _check_strptime(layout)
    # The pieces that directives put into the Go layout, by the place they have there. An element that does not come
    # out as it was put in (%m%S reads as 15, the hour) gets none of strptime's freedoms, as in the collector.
    pieces: dict[int, tuple[str, str]] = {}
    go = ""
    at = 0
    for match in _DIRECTIVE.finditer(layout):
        go += layout[at : match.start()]
        at = match.end()
        for piece in DIRECTIVES[match[0]]:
            pieces[len(go)] = (piece, match[0])
            go += piece
    go += layout[at:]
    steps = []
    for step in _scan(go):
        literal_piece, literal_name = pieces.get(step.start - len(step.literal), ("", ""))
        if literal_piece == step.literal:
            step = replace(step, literal_name=literal_name)
        piece, directive = pieces.get(step.start, ("", ""))
        if piece and piece == step.element:
            op = step.op
            if directive == "%z":
                op = ZONE_ANY
            elif directive in ("%D", "%x") and op == YEAR4:
                op = YEAR4_OR_2
            spaces = LEADING_SPACE if piece[0] in "0123456789Z" else 0
            step = replace(step, op=op, flags=step.flags | spaces, element=directive)
        steps.append(step)
    return steps


def _check_strptime(layout: str) -> None:
    if re.search(r"[0-9]", layout):
        raise LayoutError("invalid strptime layout: format string should not contain decimals")
    match = _BAD_STRPTIME_FRACTION.search(layout)
    if match:
        raise LayoutError(
            f"invalid strptime layout: invalid fractional seconds directive: '{match[0]}'. "
            "must be preceded with '.' or ','"
        )
    unknown = [directive for directive in _DIRECTIVE.findall(layout) if directive not in DIRECTIVES]
    if unknown:
        errors = " ".join(f"unsupported ctimefmt.toNative() directive: {directive}" for directive in unknown)
        raise LayoutError(f"invalid strptime layout: invalid strptime format: [{errors}]")


def _fraction(steps: list[Step]) -> int:
    """What may follow the seconds when everything around them is cached, or CACHE_NEVER."""
    seconds = [k for k, step in enumerate(steps) if step.op == SECOND]
    fractions = [k for k, step in enumerate(steps) if step.op in (FRACTION, FRACTION_FIXED)]
    if len(seconds) != 1 or len(fractions) > 1:
        return CACHE_NEVER
    if not fractions:
        return CACHE_ANY
    step = steps[fractions[0]]
    if fractions[0] != seconds[0] + 1 or step.literal:
        return CACHE_NEVER
    return CACHE_ANY if step.op == FRACTION else step.arg


# What the kernel's error codes say about the whole stamp; the others name a part of it (see describe).
ERRORS = {
    4: "month out of range",
    5: "hour out of range",
    6: "minute out of range",
    7: "second out of range",
    8: "fractional second out of range",
    9: "time zone offset hour out of range",
    10: "time zone offset minute out of range",
    11: "time zone offset second out of range",
    12: "day-of-year out of range",
    13: "day-of-year does not match month",
    14: "day-of-year does not match day",
    15: "day out of range",
}
BAD_LITERAL, BAD_ELEMENT, EXTRA_TEXT, UNKNOWN_ZONE, BAD_EPOCH, BAD_TYPE = 1, 2, 3, 16, 17, 18
_ABBREVIATION = re.compile(rb"ChST|MeST|GMT(?:[-+][0-9]+)?|[-+][0-9]+|[A-Z]{3,5}")


def describe(parser: TimeParser, code: int, value: bytes | int | float, step: int, at: int) -> str:
    """The collector's message for a value that did not parse: code, step and place as the kernel reported them."""
    if not isinstance(value, bytes):
        if code == BAD_TYPE:
            return f"type {'float64' if isinstance(value, float) else 'int64'} cannot be parsed as a time"
        # Only a float under s.ms, s.us or s.ns fails, by the text that the collector makes of it.
        places = {"s.ms": 3, "s.us": 6, "s.ns": 9}[parser.layout]
        return f"invalid value '{value:10.{places}f}' for layout '{parser.layout}'"
    if code in ERRORS:
        return f"parsing time {_quote(value)}: {ERRORS[code]}"
    if code == EXTRA_TEXT:
        return f"parsing time {_quote(value)}: extra text: {_quote(value[at:])}"
    if code == UNKNOWN_ZONE:
        match = _ABBREVIATION.match(value, at)
        name = match[0].decode() if match else ""
        return f"failed to load location {name}: unknown time zone {name}"
    if code == BAD_EPOCH:
        return f"invalid value '{value.decode(errors='replace')}' for layout '{parser.layout}'"
    element = parser.elements[step][0 if code == BAD_LITERAL else 1]
    return (
        f"parsing time {_quote(value)} as {_quote(parser.layout.encode())}: "
        f"cannot parse {_quote(value[at:])} as {_quote(element.encode())}"
    )


def _quote(text: bytes) -> str:
    """Text in double quotes as Go's package time quotes it: bytes that are not printable ASCII in hexadecimal."""
    quoted = ""
    for byte in text:
        if byte >= 0x80 or byte < 0x20:
            quoted += f"\\x{byte:02x}"
        else:
            quoted += f"\\{byte:c}" if byte in b'"\\' else chr(byte)
    return f'"{quoted}"'
