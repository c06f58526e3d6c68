"""Path patterns as the collector reads them (doublestar v4): ``*``, ``?``, ``[a-z]``, ``[!a]``, ``{a,b}``, ``\\c``
and ``**``.

``**`` stands for any number of directories when it is a whole path segment, and is a plain ``*`` elsewhere. ``*``
matches names that begin with a dot. Symbolic links to directories are followed, except back into a directory that is
being walked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

ANY_DEPTH = "**"
_META = re.compile(r"[*?\[\\]")


class Glob:
    """One pattern, compiled. Raises ValueError with the place of the mistake when it is malformed."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        # Not os.path.normpath: filepath.Clean drops a doubled leading slash too.
        self._alternatives = [_Alternative(text) for text in _expand(pattern)]

    def matches(self, path: str) -> bool:
        return any(alternative.regex.fullmatch(path) for alternative in self._alternatives)

    def walk(self, directories: dict[str, bool]) -> Iterator[str]:
        """The regular files that match, symbolic links to such included.

        Adds the directories that decide the result to ``directories``: True where matching files lie, False where only
        a directory that appears could matter (for a missing one, its nearest existing parent).
        """
        for alternative in self._alternatives:
            yield from alternative.walk(directories)


class _Alternative:
    """A pattern without braces, cut at its slashes."""

    def __init__(self, text: str) -> None:
        self.regex = re.compile(_path_regex(text.split("/")), re.DOTALL)
        cleaned = os.path.normpath(text)
        if cleaned.startswith("//"):
            cleaned = cleaned[1:]
        self._root = "/" if cleaned.startswith("/") else ""
        segments = [segment for segment in cleaned.split("/") if segment]
        self._segments = [_Segment(segment) for segment in segments]

    def walk(self, directories: dict[str, bool]) -> Iterator[str]:
        yield from self._walk(self._root, 0, directories)

    def _walk(self, directory: str, index: int, directories: dict[str, bool]) -> Iterator[str]:
        segment = self._segments[index]
        last = index == len(self._segments) - 1
        if segment.literal is not None:
            path = directory + segment.literal
            if not last:
                if os.path.isdir(path):
                    yield from self._walk(path + "/", index + 1, directories)
                else:
                    _note(directories, directory, False)
                return
            _note(directories, directory, True)
            if os.path.isfile(path):
                yield path
            return
        if segment.any_depth and not last:
            yield from self._walk(directory, index + 1, directories)
        _note(directories, directory, last)
        try:
            entries = sorted(os.scandir(directory or "."), key=lambda entry: entry.name)
        except OSError:
            return  # unreadable or gone: nothing matches in it now
        for entry in entries:
            if last and segment.matches(entry.name) and entry.is_file():
                yield directory + entry.name
            elif (segment.any_depth or not last) and segment.matches(entry.name) and entry.is_dir():
                inner = directory + entry.name + "/"
                if not (entry.is_symlink() and _leads_back(inner)):
                    yield from self._walk(inner, index if segment.any_depth else index + 1, directories)


class _Segment:
    """One piece of a pattern between slashes."""

    def __init__(self, text: str) -> None:
        self.any_depth = text == ANY_DEPTH
        self.literal = None if _META.search(text) else text
        self._regex = re.compile(_segment_regex(text), re.DOTALL)

    def matches(self, name: str) -> bool:
        return self.any_depth or self._regex.fullmatch(name) is not None


def _note(directories: dict[str, bool], directory: str, content: bool) -> None:
    """Add ``directory``, or the nearest parent of it that exists. A directory of files stays one."""
    name = directory.rstrip("/") or ("/" if directory.startswith("/") else ".")
    while not os.path.isdir(name):
        content = False
        name = os.path.dirname(name) or "."
    directories[name] = content or directories.get(name, False)


def _leads_back(link: str) -> bool:
    """Whether a link to a directory leads to one that contains it, so that following it would never end."""
    target = os.path.realpath(link)
    place = os.path.realpath(os.path.dirname(link.rstrip("/")))
    return place == target or place.startswith(target.rstrip("/") + "/")


def _expand(pattern: str) -> list[str]:
    """``a{b,c{d,e}}`` → ``ab``, ``acd``, ``ace``."""
    start = _find(pattern, "{", 0)
    if start < 0:
        if (stray := _find(pattern, "}", 0)) >= 0:
            raise ValueError(f"{pattern!r}: '}}' at {stray} closes nothing; write '\\}}' for itself")
        return [pattern]
    depth, pieces, begin, index = 1, [], start + 1, start + 1
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        if depth == 0 or (char == "," and depth == 1):
            pieces.append(pattern[begin:index])
            begin = index + 1
        if depth == 0:
            head, tail = pattern[:start], pattern[begin:]
            return [text for piece in pieces for text in _expand(head + piece + tail)]
        index += 1
    raise ValueError(f"{pattern!r}: '{{' at {start} is not closed; write '}}' after its alternatives, or '\\{{'")


def _find(pattern: str, wanted: str, start: int) -> int:
    """The first ``wanted`` outside a class and not escaped, or -1."""
    index = start
    while index < len(pattern):
        if pattern[index] == "\\":
            index += 1
        elif pattern[index] == "[":
            index = _class_end(pattern, index)
        elif pattern[index] == wanted:
            return index
        index += 1
    return -1


def _class_end(pattern: str, start: int) -> int:
    """The index of the ``]`` that closes the class at ``start``."""
    index = start + 1
    if pattern[index : index + 1] in ("!", "^"):
        index += 1
    first = index
    while index < len(pattern):
        if pattern[index] == "\\":
            index += 1
        elif pattern[index] == "]":
            if index == first:
                raise ValueError(f"{pattern!r}: the class at {start} is empty; write '\\[' for a bracket itself")
            return index
        index += 1
    raise ValueError(f"{pattern!r}: '[' at {start} is not closed; write ']' after its characters, or '\\['")


def _segment_regex(segment: str) -> str:
    out = []
    index = 0
    while index < len(segment):
        char = segment[index]
        if char == "*":
            while segment[index + 1 : index + 2] == "*":
                index += 1
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            end = _class_end(segment, index)
            out.append(_class_regex(segment[index + 1 : end]))
            index = end
        elif char == "\\":
            index += 1
            if index == len(segment):
                raise ValueError(f"{segment!r} ends in a backslash; write the character it escapes after it")
            out.append(re.escape(segment[index]))
        else:
            out.append(re.escape(char))
        index += 1
    return "".join(out)


def _class_regex(text: str) -> str:
    negated = text[0] in "!^"
    body = text[1:] if negated else text
    out, previous, index = [], "", 0
    while index < len(body):
        char = body[index]
        if char == "-" and previous and index + 1 < len(body):
            index += 1
            if body[index] == "\\":
                index += 1
            if previous <= body[index]:
                out.append(f"{re.escape(previous)}-{re.escape(body[index])}")
            previous = ""
        else:
            if char == "\\":
                index += 1
                char = body[index]
            out.append(re.escape(char))
            previous = char
        index += 1
    return f"[{'^' if negated else ''}{''.join(out)}]"


def _path_regex(segments: list[str]) -> str:
    """The regular expression of a whole path. ``a/**`` matches ``a`` itself too, as doublestar has it."""
    out = ""
    for index, segment in enumerate(segments):
        if segment == ANY_DEPTH:
            if segments[index + 1 :] in ([], [""]):
                end = "/.*" if index == len(segments) - 1 else "/(?:.*/)?"
                return out.removesuffix("/") + f"(?:{end})?" if out else ".*"
            out += "(?:.*/)?"
        else:
            out += _segment_regex(segment) + ("/" if index < len(segments) - 1 else "")
    return out
