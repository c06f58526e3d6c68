"""The ledger against the plain definition: the longest prefix of acknowledged ranges."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastlog.pipeline.ledger import Ledger
from fastlog.types import Origin


@given(
    counts=st.dictionaries(st.sampled_from(["a", "b"]), st.integers(1, 12), min_size=1),
    exporters=st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, unique=True),
    seed=st.integers(0, 2**32),
)
def test_positions_are_the_contiguous_prefix(counts: dict[str, int], exporters: list[str], seed: int) -> None:
    """Tracking and acknowledging in any interleaving; ranges may be empty and need not touch."""
    dice = random.Random(seed)
    origins: dict[str, list[Origin]] = {}
    for source, count in counts.items():
        at, ranges = dice.randrange(1000), []
        for sequence in range(count):
            end = at + dice.choice([0, 1, 50])
            ranges.append(Origin(source, at, end, sequence))
            at = end + dice.choice([0, 3])
        origins[source] = ranges

    advances: list[tuple[str, str, int]] = []
    ledger = Ledger(lambda source, exporter, position: advances.append((source, exporter, position)))
    untracked = [origin for ranges in origins.values() for origin in ranges][::-1]
    outstanding: list[tuple[str, Origin]] = []
    acked: set[tuple[str, str, int]] = set()
    tracked: set[str] = set()
    while untracked or outstanding:
        if untracked and (not outstanding or dice.random() < 0.5):
            source = dice.choice([origin.source for origin in untracked])
            origin = next(one for one in reversed(untracked) if one.source == source)
            untracked.remove(origin)
            ledger.track(origin, exporters)
            tracked.add(source)
            outstanding += [(exporter, origin) for exporter in exporters]
        else:
            exporter, origin = outstanding.pop(dice.randrange(len(outstanding)))
            ledger.ack(exporter, origin)
            acked.add((exporter, origin.source, origin.sequence))
        assert ledger.outstanding == len(outstanding)
        for source in tracked:
            expected = {}
            for exporter in exporters:
                position = origins[source][0].start
                for one in origins[source]:
                    if (exporter, source, one.sequence) not in acked:
                        break
                    position = one.end
                expected[exporter] = position
                seen = [p for s, e, p in advances if (s, e) == (source, exporter)]
                assert seen == sorted(seen)
                assert (seen[-1] if seen else origins[source][0].start) == position
            assert ledger.position(source) == min(expected.values())


def test_misuse_is_an_error() -> None:
    ledger = Ledger(lambda source, exporter, position: None)
    first, third = Origin("a", 0, 1, 0), Origin("a", 2, 3, 2)
    ledger.track(first, ["x"])
    with pytest.raises(ValueError, match="range 2 was tracked where 1 was expected"):
        ledger.track(third, ["x"])
    with pytest.raises(ValueError, match="outstanding"):
        ledger.forget("a")
    ledger.ack("x", first)
    with pytest.raises(KeyError):
        ledger.ack("x", first)
    ledger.forget("a")
    assert ledger.position("a") is None
    assert ledger.wait_idle(0)
