"""Filling a Batch."""

import pytest

from fastlog._core.batch import Batch
from fastlog._core.hot import frame
from fastlog._core.plan import Plan


def test_a_constant_may_come_before_the_block_or_after_it_but_not_inside():
    plan = Plan(frame.LineFramer())
    batch = plan.new_batch()
    batch.set_constant(b"before", "x")
    batch.fill(b"one\n")
    batch.fill(b"two\n")
    batch.set_constant(b"after", "y")
    with pytest.raises(ValueError, match="fill the block first"):
        batch.fill(b"three\n")
    assert batch.raw() == b"one\ntwo\n"
    plan.run(batch)
    assert [(r["body"], r["attributes"]) for r in batch.to_records()] == [
        ("one", {"before": "x", "after": "y"}),
        ("two", {"before": "x", "after": "y"}),
    ]


def test_a_view_of_the_block_guards_it():
    batch = Batch()
    view = batch.writable(4)
    with pytest.raises(BufferError, match="release the view first"):
        batch.commit(1)
    view[:3] = b"a\nb"
    view.release()
    batch.commit(3)
    assert (batch.raw(), batch.raw_size, batch.last_newline()) == (b"a\nb", 3, 2)
    batch.truncate(2)
    assert batch.raw() == b"a\n"
    with pytest.raises(ValueError, match="cannot keep 5 bytes"):
        batch.truncate(5)
