"""RE2 syntax, as Go's ``regexp/syntax`` reads it with its Perl flags, into a tree.

Grammar: https://github.com/google/re2/wiki/Syntax. Where that page leaves room, Go's behaviour decides, including
which error is reported for which part of the pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from fastlog.errors import RegexSyntaxError
from fastlog.operators.regex import charclass
from fastlog.operators.regex.charclass import Ranges

MAX_REPEAT = 1000
MAX_HEIGHT = 1000
UNBOUNDED = -1

FOLD, DOT_NEWLINE, MULTILINE, UNGREEDY = 1, 2, 4, 8
_FLAGS = {"i": FOLD, "s": DOT_NEWLINE, "m": MULTILINE, "U": UNGREEDY}


class Look(IntEnum):
    """An assertion about the neighbours of a position."""

    BEGIN_TEXT = 0
    END_TEXT = 1
    BEGIN_LINE = 2
    END_LINE = 3
    BOUNDARY = 4
    NOT_BOUNDARY = 5


# Here and in the later stages: no comparison and no repr, whose generation would cost every start some milliseconds.
@dataclass(slots=True, eq=False, repr=False)
class Empty:
    """Matches the empty string."""

    height: int = 1


@dataclass(slots=True, eq=False, repr=False)
class Chars:
    """One rune of a set; of none, if ``ranges`` is empty."""

    ranges: Ranges
    height: int = 1


@dataclass(slots=True, eq=False, repr=False)
class Assertion:
    look: Look
    height: int = 1


@dataclass(slots=True, eq=False, repr=False)
class Capture:
    index: int
    sub: Node
    height: int


@dataclass(slots=True, eq=False, repr=False)
class Concat:
    subs: tuple[Node, ...]
    height: int


@dataclass(slots=True, eq=False, repr=False)
class Alternate:
    """The first of ``subs`` that leads to a match is taken."""

    subs: tuple[Node, ...]
    height: int


@dataclass(slots=True, eq=False, repr=False)
class Repeat:
    """``high`` is :data:`UNBOUNDED` for no limit; ``counted`` tells ``x{n,m}`` from ``x*``, ``x+`` and ``x?``."""

    sub: Node
    low: int
    high: int
    greedy: bool
    counted: bool
    height: int


Node = Empty | Chars | Assertion | Capture | Concat | Alternate | Repeat


@dataclass(slots=True, eq=False, repr=False)
class Pattern:
    """A parsed pattern: ``names[i]`` is the name of group ``i + 1``, "" if it has none."""

    root: Node
    names: tuple[str, ...]


class _Group:
    """An open parenthesis: what has been read since, and what to restore when it closes."""

    __slots__ = ("capture", "done", "flags", "items")

    def __init__(self, capture: int, flags: int) -> None:
        self.capture = capture  # 0 for (?:
        self.flags = flags
        self.done: list[Node] = []
        self.items: list[Node] = []

    def next_alternative(self) -> None:
        self.done.append(_concat(self.items))
        self.items = []

    def close(self) -> Node:
        self.next_alternative()
        if len(self.done) == 1:
            return self.done[0]
        return Alternate(tuple(self.done), 1 + max(sub.height for sub in self.done))


def _concat(items: list[Node]) -> Node:
    if not items:
        return Empty()
    if len(items) == 1:
        return items[0]
    return Concat(tuple(items), 1 + max(item.height for item in items))


def parse(pattern: str) -> Pattern:
    """Parse ``pattern``. Raises :class:`RegexSyntaxError` with Go's message."""
    try:
        pattern.encode()
    except UnicodeEncodeError:
        raise RegexSyntaxError("invalid UTF-8", pattern) from None
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags = 0
        self.names: list[str] = []
        self.group = _Group(0, 0)
        self.open: list[_Group] = []

    def parse(self) -> Pattern:
        text = self.text
        repeated_at = -1  # where the repetition that has just been read began
        while self.at < len(text):
            start = self.at
            c = text[start]
            repeats = False
            if c == "(":
                self.open_group()
            elif c == "|":
                self.group.next_alternative()
                self.at += 1
            elif c == ")":
                self.close_group()
            elif c == "^":
                self.look(Look.BEGIN_LINE if self.flags & MULTILINE else Look.BEGIN_TEXT, 1)
            elif c == "$":
                self.look(Look.END_LINE if self.flags & MULTILINE else Look.END_TEXT, 1)
            elif c == ".":
                self.push(Chars(charclass.ANY if self.flags & DOT_NEWLINE else charclass.NOT_NEWLINE))
                self.at += 1
            elif c == "[":
                self.push(Chars(self.bracket()))
            elif c in "*+?":
                low, high = {"*": (0, UNBOUNDED), "+": (1, UNBOUNDED), "?": (0, 1)}[c]
                self.at += 1
                self.repeat(low, high, False, start, repeated_at)
                repeats = True
            elif c == "{" and (bounds := self.bounds()) is not None:
                low, high, self.at = bounds
                if low > MAX_REPEAT or high > MAX_REPEAT or (high != UNBOUNDED and low > high):
                    raise RegexSyntaxError("invalid repeat count", text[start : self.at])
                self.repeat(low, high, True, start, repeated_at)
                repeats = True
            elif c == "\\":
                self.escape()
            else:
                self.literal(c)
                self.at += 1
            repeated_at = start if repeats else -1
        if self.open:
            raise RegexSyntaxError("missing closing )", text)
        return Pattern(self.group.close(), tuple(self.names))

    def push(self, node: Node) -> None:
        if node.height > MAX_HEIGHT:
            raise RegexSyntaxError("expression nests too deeply", self.text)
        self.group.items.append(node)

    def look(self, look: Look, length: int) -> None:
        self.push(Assertion(look))
        self.at += length

    def literal(self, c: str) -> None:
        ranges: Ranges = ((ord(c), ord(c)),)
        self.push(Chars(charclass.folded(ranges) if self.flags & FOLD else ranges))

    # -- groups --------------------------------------------------------------------------------------------------------

    def open_group(self) -> None:
        if self.text.startswith("(?", self.at):
            self.perl_group()
        else:
            self.at += 1
            self.push_group("")

    def push_group(self, name: str | None, flags: int | None = None) -> None:
        """Begin a group: a capture unless ``name`` is None. ``flags`` hold inside it."""
        index = 0
        if name is not None:
            self.names.append(name)
            index = len(self.names)
        self.open.append(self.group)
        self.group = _Group(index, self.flags)
        if flags is not None:
            self.flags = flags

    def close_group(self) -> None:
        if not self.open:
            raise RegexSyntaxError("unexpected )", self.text)
        closed, self.group = self.group, self.open.pop()
        self.flags = closed.flags
        node = closed.close()
        self.push(Capture(closed.capture, node, node.height + 1) if closed.capture else node)
        self.at += 1

    def perl_group(self) -> None:
        """``(?P<name>``, ``(?<name>``, ``(?flags)`` and ``(?flags:``."""
        text, start = self.text, self.at
        for opening in ("(?P<", "(?<"):
            if text.startswith(opening, start) and len(text) > start + len(opening):
                end = text.find(">", start)
                if end < 0:
                    raise RegexSyntaxError("invalid named capture", text[start:])
                name = text[start + len(opening) : end]
                if not name or not all(c == "_" or (c.isascii() and c.isalnum()) for c in name):
                    raise RegexSyntaxError("invalid named capture", text[start : end + 1])
                self.at = end + 1
                self.push_group(name)
                return
        flags, negative, saw_flag = self.flags, False, False
        at = start + 2
        while at < len(text):
            c = text[at]
            at += 1
            if c in _FLAGS:
                flags = flags & ~_FLAGS[c] if negative else flags | _FLAGS[c]
                saw_flag = True
            elif c == "-" and not negative:
                negative, saw_flag = True, False
            elif c in ":)" and (saw_flag or not negative):
                self.at = at
                if c == ":":
                    self.push_group(None, flags)
                else:
                    self.flags = flags
                return
            else:
                break
        raise RegexSyntaxError("invalid or unsupported Perl syntax", text[start:at])

    # -- repetition ----------------------------------------------------------------------------------------------------

    def bounds(self) -> tuple[int, int, int] | None:
        """``{n}``, ``{n,}`` or ``{n,m}`` here, as (low, high, end); None when the brace is a literal one."""
        end = self.text.find("}", self.at)
        low_text, comma, high_text = self.text[self.at + 1 : end if end > 0 else self.at + 1].partition(",")
        if not _is_count(low_text) or (high_text and not _is_count(high_text)):
            return None
        low = int(low_text)
        high = int(high_text) if high_text else UNBOUNDED if comma else low
        return low, high, end + 1

    def repeat(self, low: int, high: int, counted: bool, start: int, repeated_at: int) -> None:
        """Repeat the last item; the operator is ``text[start:at]``, and a lazy mark may follow."""
        greedy = not self.flags & UNGREEDY
        if self.text.startswith("?", self.at):
            self.at += 1
            greedy = not greedy
        if repeated_at >= 0:
            raise RegexSyntaxError("invalid nested repetition operator", self.text[repeated_at : self.at])
        if not self.group.items:
            raise RegexSyntaxError("missing argument to repetition operator", self.text[start : self.at])
        sub = self.group.items.pop()
        node = Repeat(sub, low, high, greedy, counted, sub.height + 1)
        self.push(node)
        if counted and max(low, high) >= 2 and not _repeats_at_most(node, MAX_REPEAT):
            raise RegexSyntaxError("invalid repeat count", self.text[start : self.at])

    # -- escapes and classes -------------------------------------------------------------------------------------------

    def escape(self) -> None:
        text = self.text
        c = text[self.at + 1 : self.at + 2]
        if c in ("A", "b", "B", "z"):
            look = {"A": Look.BEGIN_TEXT, "b": Look.BOUNDARY, "B": Look.NOT_BOUNDARY, "z": Look.END_TEXT}[c]
            self.look(look, 2)
        elif c == "C":
            raise RegexSyntaxError("invalid escape sequence", "\\C")
        elif c == "Q":
            end = text.find("\\E", self.at + 2)
            for literal in text[self.at + 2 : end if end >= 0 else len(text)]:
                self.literal(literal)
            self.at = end + 2 if end >= 0 else len(text)
        elif (ranges := self.named_class()) is not None:
            self.push(Chars(ranges))
        else:
            self.literal(chr(self.rune_escape()))

    def named_class(self) -> Ranges | None:
        """``\\d`` and its like, or ``\\p{…}``, here; None when there is none."""
        c = self.text[self.at + 1 : self.at + 2]
        if c and c in "dDsSwW":
            self.at += 2
            return self.signed(charclass.PERL[c.lower()], c.isupper())
        if c and c in "pP":
            return self.unicode_class()
        return None

    def signed(self, ranges: Ranges, negative: bool) -> Ranges:
        """A named class under the present flags: folded first, then negated."""
        if self.flags & FOLD:
            ranges = charclass.folded(ranges)
        return charclass.negated(ranges) if negative else ranges

    def unicode_class(self) -> Ranges:
        text, start = self.text, self.at
        negative = text[start + 1] == "P"
        if text.startswith("{", start + 2):
            end = text.find("}", start)
            if end < 0:
                raise RegexSyntaxError("invalid character class range", text[start:])
            name = text[start + 3 : end]
            self.at = end + 1
        else:
            name = text[start + 2 : start + 3]
            self.at = start + 2 + len(name)
        if name.startswith("^"):
            negative, name = not negative, name[1:]
        ranges = charclass.unicode_class(name)
        if ranges is None:
            raise RegexSyntaxError("invalid character class range", text[start : self.at])
        return self.signed(ranges, negative)

    def bracket(self) -> Ranges:
        text, start = self.text, self.at
        self.at += 1
        negative = text.startswith("^", self.at)
        self.at += negative
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not text.startswith("]", self.at):
            first = False
            if text.startswith("[:", self.at) and (end := text.find(":]", self.at + 2)) >= 0:
                name = text[self.at + 2 : end]
                inverted = name.startswith("^")
                posix = charclass.POSIX.get(name[inverted:])
                if posix is None:
                    raise RegexSyntaxError("invalid character class range", text[self.at : end + 2])
                self.at = end + 2
                ranges += self.signed(posix, inverted)
                continue
            if text.startswith("\\", self.at) and (named := self.named_class()) is not None:
                ranges += named
                continue
            range_start = self.at
            low = high = self.class_rune(start)
            if text.startswith("-", self.at) and self.at + 1 < len(text) and text[self.at + 1] != "]":
                self.at += 1
                high = self.class_rune(start)
                if high < low:
                    raise RegexSyntaxError("invalid character class range", text[range_start : self.at])
            ranges += charclass.folded(((low, high),)) if self.flags & FOLD else ((low, high),)
        self.at += 1
        whole = charclass.normalised(ranges)
        return charclass.negated(whole) if negative else whole

    def class_rune(self, class_start: int) -> int:
        if self.at >= len(self.text):
            raise RegexSyntaxError("missing closing ]", self.text[class_start:])
        if self.text[self.at] == "\\":
            return self.rune_escape()
        self.at += 1
        return ord(self.text[self.at - 1])

    def rune_escape(self) -> int:
        """An escape that stands for one rune: ``\\n``, ``\\x41``, ``\\x{10FFFF}``, ``\\123``, ``\\.``."""
        text, start = self.text, self.at
        if start + 1 >= len(text):
            raise RegexSyntaxError("trailing backslash at end of expression", "")
        c = text[start + 1]
        self.at = start + 2
        if c in _CONTROL:
            return _CONTROL[c]
        if c.isascii() and not c.isalnum():
            return ord(c)
        following = text[self.at : self.at + 1]
        # One digit that is not zero, alone, would be a back-reference.
        if c == "0" or (c in "1234567" and following and following in "01234567"):
            while self.at < start + 4 and (digit := text[self.at : self.at + 1]) and digit in "01234567":
                self.at += 1
            return int(text[start + 1 : self.at], 8)
        if c == "x" and following:
            self.at += 1
            value = self.braced_hex() if following == "{" else self.two_hex(following)
            if value is not None:
                return value
        raise RegexSyntaxError("invalid escape sequence", text[start : self.at])

    def two_hex(self, first: str) -> int | None:
        second = self.text[self.at : self.at + 1]
        self.at += len(second)
        return int(first + second, 16) if second and first in _HEX and second in _HEX else None

    def braced_hex(self) -> int | None:
        """The digits and the brace after ``\\x{``; None, standing after the first rune that is wrong."""
        value, digits = 0, 0
        while self.at < len(self.text):
            c = self.text[self.at]
            self.at += 1
            if c == "}":
                return value if digits else None
            if c not in _HEX:
                return None
            value = value * 16 + int(c, 16)
            if value > charclass.MAX_RUNE:
                return None
            digits += 1
        return None


_HEX = frozenset("0123456789abcdefABCDEF")
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def _is_count(text: str) -> bool:
    """A decimal number without leading zeros."""
    return text.isascii() and text.isdigit() and (text == "0" or not text.startswith("0"))


def _repeats_at_most(node: Node, limit: int) -> bool:
    """Whether nested counted repetitions multiply to no more than ``limit``."""
    if isinstance(node, Repeat):
        if node.counted:
            count = node.low if node.high == UNBOUNDED else node.high
            if node.high == 0:
                return True
            if count > limit:
                return False
            if count > 0:
                limit //= count
        return _repeats_at_most(node.sub, limit)
    if isinstance(node, Capture):
        return _repeats_at_most(node.sub, limit)
    if isinstance(node, Concat | Alternate):
        return all(_repeats_at_most(sub, limit) for sub in node.subs)
    return True
