from collections.abc import Callable, Iterable

from fastlog._core.batch import Batch

class Op:
    """One step of a plan."""

    @property
    def name(self) -> str: ...
    def run_python(self, batch: Batch) -> tuple[int, int, int]: ...

class Framer:
    """Makes rows of a raw block."""

class Plan:
    """Framing and operators, compiled; see plan.pyx."""

    def __init__(
        self,
        framer: Framer,
        keys: Iterable[bytes] = (),
        ops: Iterable[Op] = (),
        on_failures: Callable[[Batch, Op, int, int, int], None] | None = None,
    ) -> None: ...
    @property
    def framer(self) -> Framer: ...
    @property
    def keys(self) -> tuple[bytes, ...]: ...
    @property
    def ops(self) -> tuple[Op, ...]: ...
    def new_batch(self) -> Batch: ...
    def take_back(self, batch: Batch) -> None: ...
    def run(self, batch: Batch) -> Batch: ...
