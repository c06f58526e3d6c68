from collections.abc import Sequence

from fastlog._core.batch import Batch
from fastlog._core.fieldref import FieldRef
from fastlog._core.plan import Op

class AddOp(Op):
    """Sets a field to a constant. ``constant`` is (value, -1) or (kind, key), or None: then every row fails.

    ``column=True`` when no row can have the attribute yet and nothing before reads it: it is then one constant column.
    """

    def __init__(
        self,
        name: str,
        field: FieldRef,
        constant: tuple[object, int] | None,
        *,
        on_error: int = 0,
        column: bool = False,
    ) -> None: ...

class RemoveOp(Op):
    """Deletes a field, or all attributes, or the whole resource."""

    def __init__(self, name: str, field: FieldRef, *, on_error: int = 0) -> None: ...

class TransferOp(Op):
    """Sets ``target`` to the value of ``source``; ``move=True`` deletes the source first."""

    def __init__(self, name: str, source: FieldRef, target: FieldRef, *, move: bool, on_error: int = 0) -> None: ...

class RetainOp(Op):
    """Keeps the given fields and deletes the rest of the places that they are in. A missing field is passed over."""

    def __init__(self, name: str, fields: Sequence[FieldRef]) -> None: ...

class ResourceColumnsOp(Op):
    """First in a plan whose operators touch the resource: turns the batch's resource table into columns."""

class ResourceTableOp(Op):
    """Last in such a plan: a resource table again, one entry a distinct resource in the order of first appearance."""

def resource_to_columns(batch: Batch) -> None: ...
def columns_to_resource(batch: Batch) -> None: ...
