"""Recognising a file by how it begins, whatever its name and inode are now.

A fingerprint covers the first ``fingerprint_size`` bytes, or all there were when it was taken; it grows with the
file. A file is the one a fingerprint was taken of when it begins with the same bytes, and still holds what was read
of it.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Generic, TypeVar

MIN_SIZE = 16
"""The collector's lower limit of ``fingerprint_size``, in bytes."""


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The first ``length`` bytes of a file, as a BLAKE2b digest, and as a CRC-32 to look them up by."""

    length: int
    crc: int
    digest: bytes

    @classmethod
    def of(cls, data: bytes) -> Fingerprint:
        return cls(len(data), zlib.crc32(data), _digest(data))

    @classmethod
    def read(cls, fd: int, size: int) -> Fingerprint:
        return cls.of(os.pread(fd, size, 0))

    @classmethod
    def from_facts(cls, facts: list[Any]) -> Fingerprint:
        """From what :meth:`facts` gave; ValueError when it is something else."""
        length, crc, digest = facts
        return cls(int(length), int(crc), bytes.fromhex(digest))

    def facts(self) -> list[Any]:
        """As JSON values, for the checkpoint file."""
        return [self.length, self.crc, self.digest.hex()]

    def begins(self, data: bytes) -> bool:
        """Whether ``data`` begins with the bytes this was taken of."""
        return self.length <= len(data) and _digest(data[: self.length]) == self.digest

    @property
    def id(self) -> str:
        """A name made of the content alone."""
        return self.digest[:8].hex()


T = TypeVar("T")


class Index(Generic[T]):
    """Finds what a file's first bytes are known as, among fingerprints of any length."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, int], list[tuple[Fingerprint, T]]] = {}
        self._lengths: dict[int, int] = {}  # length → how many fingerprints have it

    @property
    def longest(self) -> int:
        """Bytes of a file that :meth:`find` must be given to see every entry."""
        return max(self._lengths, default=0)

    def add(self, fingerprint: Fingerprint, item: T) -> None:
        self._entries.setdefault((fingerprint.length, fingerprint.crc), []).append((fingerprint, item))
        self._lengths[fingerprint.length] = self._lengths.get(fingerprint.length, 0) + 1

    def remove(self, fingerprint: Fingerprint, item: T) -> None:
        key = (fingerprint.length, fingerprint.crc)
        self._entries[key] = [entry for entry in self._entries[key] if entry[1] is not item]
        if not self._entries[key]:
            del self._entries[key]
        self._lengths[fingerprint.length] -= 1
        if not self._lengths[fingerprint.length]:
            del self._lengths[fingerprint.length]

    def find(self, data: bytes) -> list[T]:
        """What ``data`` begins like, the longest fingerprint first, of equals the newest first."""
        found: list[T] = []
        crc = at = 0
        for length in sorted(self._lengths):
            if length > len(data):
                break
            crc = zlib.crc32(data[at:length], crc)  # carried on, so all lengths cost one pass
            at = length
            for fingerprint, item in self._entries.get((length, crc), ()):
                if fingerprint.begins(data):
                    found.append(item)
        return found[::-1]
