"""The operators that only move values (add, remove, move, copy, retain), and the two steps around any on the resource.

Constants lie in the plan's keys (``fastlog/operators/plan.py``), so every batch has them in its preamble at no cost.
"""

from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memset

from fastlog._core.batch cimport Batch, BatchData, Resource, column_get, column_set
from fastlog._core.failure cimport FAIL_MISSING, FAIL_NO_VALUE, fail
from fastlog._core.field cimport (
    PLACE_ATTRIBUTES,
    PLACE_BODY,
    PLACE_RESOURCE,
    Field,
    field_delete,
    field_get,
    field_set,
    resource_begin,
)
from fastlog._core.fieldref cimport FieldRef
from fastlog._core.memory cimport slab_alloc
from fastlog._core.plan cimport Op, Tally
from fastlog._core.types cimport (
    ERR_MEMORY,
    FORM_CONST,
    FORM_NONE,
    FORM_SPANS,
    KIND_ABSENT,
    KIND_ANY,
    KIND_BOOL,
    KIND_BYTES,
    KIND_DOUBLE,
    KIND_INT,
    KIND_STRING,
    ROW_DROPPED,
    Column,
    Value,
)
from fastlog._core.value cimport absent


# ---- constants

cdef struct Constant:
    Value value
    int32_t key             # where its bytes are: in this key of the plan; -1 = it has none


cdef inline Value constant_value(const BatchData *b, const Constant *constant) noexcept nogil:
    cdef Value value = constant.value
    if constant.key >= 0:
        value.u.s = b.keys[constant.key]
    return value


cdef Constant make_constant(object value, int32_t key):
    """``value`` is a bool, int or float, or the name of the kind of bytes that lie in ``key``."""
    cdef Constant constant
    constant.key = key
    constant.value.u.i = 0
    if key >= 0:
        constant.value.kind = {"string": KIND_STRING, "bytes": KIND_BYTES, "any": KIND_ANY}[value]
    elif isinstance(value, bool):
        constant.value.kind = KIND_BOOL
        constant.value.u.i = value
    elif isinstance(value, int):
        constant.value.kind = KIND_INT
        constant.value.u.i = value
    else:
        constant.value.kind = KIND_DOUBLE
        constant.value.u.d = value
    return constant


# ---- add

cdef struct Add:
    Field field
    Constant constant
    bint empty              # there is no value
    int on_error


cdef int add_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef const Add *add = <const Add *> ctx
    cdef Value value = constant_value(b, &add.constant)
    cdef int32_t row
    cdef int status
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        if add.empty:
            fail(b, row, add.on_error, tally, FAIL_NO_VALUE)
            continue
        status = field_set(b, row, &add.field, value)
        if status:
            return status
    return 0


cdef int add_column_prepare(void *ctx, BatchData *b) noexcept nogil:
    cdef const Add *add = <const Add *> ctx
    b.attrs[add.field.key].constant = constant_value(b, &add.constant)
    b.attrs[add.field.key].form = FORM_CONST
    return 0


cdef int add_column_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    return 0


cdef class AddOp(Op):
    """Sets a field to a constant. ``constant`` is (value, -1) or (kind, key), or None: then every row fails.

    ``column=True`` when no row can have the attribute yet and nothing before reads it: it is then one constant column.
    """

    cdef Add add
    cdef FieldRef field

    def __init__(self, str name, FieldRef field, tuple constant, *, int on_error=0, bint column=False):
        self.name = name
        self.field = field
        self.add.field = field.f
        self.add.on_error = on_error
        self.add.empty = constant is None
        self.add.constant.key = -1
        if constant is not None:
            self.add.constant = make_constant(constant[0], constant[1])
        self.ctx = &self.add
        self.run = add_run
        if column:
            self.prepare = add_column_prepare
            self.run = add_column_run


# ---- remove

cdef struct Remove:
    Field field
    int on_error


cdef int remove_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef const Remove *remove = <const Remove *> ctx
    cdef Value removed
    cdef int32_t row
    cdef int status
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        status = field_delete(b, row, &remove.field, &removed)
        if status:
            return status
        if removed.kind == KIND_ABSENT:
            fail(b, row, remove.on_error, tally, FAIL_MISSING)
    return 0


cdef int clear_columns(BatchData *b, Column *columns, int32_t row) noexcept nogil:
    cdef int32_t k
    cdef int status
    for k in range(b.nkeys):
        if columns[k].form == FORM_SPANS:
            columns[k].spans[row].len = -1
        elif columns[k].form != FORM_NONE:
            status = column_set(b, &columns[k], row, absent())
            if status:
                return status
    return 0


cdef int clear_place(BatchData *b, int32_t place, int32_t row) noexcept nogil:
    """Delete every attribute of the record, or of its resource."""
    if place == PLACE_RESOURCE:
        return 0 if b.resource_attrs == NULL else clear_columns(b, b.resource_attrs, row)
    if b.sparse != NULL:
        b.sparse[row].len = 0
    return clear_columns(b, b.attrs, row)


cdef int clear_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef const Remove *remove = <const Remove *> ctx
    cdef int32_t row
    cdef int status
    for row in range(lo, hi):
        status = clear_place(b, remove.field.place, row)
        if status:
            return status
    return 0


cdef class RemoveOp(Op):
    """Deletes a field, or all attributes, or the whole resource."""

    cdef Remove remove
    cdef FieldRef field

    def __init__(self, str name, FieldRef field, *, int on_error=0):
        self.name = name
        self.field = field
        self.remove.field = field.f
        self.remove.on_error = on_error
        self.ctx = &self.remove
        self.run = clear_run if field.f.key < 0 and field.f.place != PLACE_BODY else remove_run


# ---- move and copy

cdef struct Transfer:
    Field source
    Field target
    bint move
    int on_error


cdef int transfer_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef const Transfer *transfer = <const Transfer *> ctx
    cdef Value value
    cdef int32_t row
    cdef int status = 0
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        if transfer.move:
            status = field_delete(b, row, &transfer.source, &value)
        else:
            value = field_get(b, row, &transfer.source)
        if status == 0 and value.kind != KIND_ABSENT:
            status = field_set(b, row, &transfer.target, value)
        elif status == 0:
            fail(b, row, transfer.on_error, tally, FAIL_MISSING)
        if status:
            return status
    return 0


cdef class TransferOp(Op):
    """Sets ``target`` to the value of ``source``; ``move=True`` deletes the source first."""

    cdef Transfer transfer
    cdef FieldRef source, target

    def __init__(self, str name, FieldRef source, FieldRef target, *, bint move, int on_error=0):
        self.name = name
        self.source = source
        self.target = target
        self.transfer.source = source.f
        self.transfer.target = target.f
        self.transfer.move = move
        self.transfer.on_error = on_error
        self.ctx = &self.transfer
        self.run = transfer_run


# ---- retain

cdef enum:
    MOST_RETAINED = 64


cdef struct Retain:
    Field fields[MOST_RETAINED]
    int32_t count
    bint filters[3]         # by place: only the named fields stay; other places are kept whole


cdef int retain_row(const Retain *retain, BatchData *b, int32_t row) noexcept nogil:
    cdef Value values[MOST_RETAINED]
    cdef int32_t i
    cdef int status = 0
    for i in range(retain.count):
        values[i] = field_get(b, row, &retain.fields[i])
    if retain.filters[PLACE_ATTRIBUTES]:
        status = clear_place(b, PLACE_ATTRIBUTES, row)
    if status == 0 and retain.filters[PLACE_RESOURCE]:
        status = clear_place(b, PLACE_RESOURCE, row)
    if status == 0 and retain.filters[PLACE_BODY]:
        status = column_set(b, &b.body, row, absent())
    for i in range(retain.count):
        if status == 0 and values[i].kind != KIND_ABSENT:
            status = field_set(b, row, &retain.fields[i], values[i])
    return status


cdef int retain_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef int32_t row
    cdef int status
    for row in range(lo, hi):
        if not b.flags[row] & ROW_DROPPED:
            status = retain_row(<const Retain *> ctx, b, row)
            if status:
                return status
    return 0


cdef class RetainOp(Op):
    """Keeps the given fields and deletes the rest of the places that they are in. A missing field is passed over."""

    cdef Retain retain
    cdef list fields

    def __init__(self, str name, fields):
        cdef FieldRef field
        cdef int32_t i
        self.name = name
        self.fields = list(fields)
        if len(self.fields) > MOST_RETAINED:
            raise ValueError(f"{len(self.fields)} fields; retain takes at most {MOST_RETAINED}: use several operators")
        for i, field in enumerate(self.fields):
            self.retain.fields[i] = field.f
            self.retain.filters[field.f.place] = True
        self.retain.count = <int32_t> len(self.fields)
        self.ctx = &self.retain
        self.run = retain_run


# ---- the resource as columns, and back

class ResourceColumnsOp(Op):
    """First in a plan whose operators touch the resource: turns the batch's resource table into columns."""

    def run_python(self, batch):
        resource_to_columns(batch)
        return 0, 0, 0


class ResourceTableOp(Op):
    """Last in such a plan: a resource table again, one entry a distinct resource in the order of first appearance."""

    def run_python(self, batch):
        columns_to_resource(batch)
        return 0, 0, 0


def resource_to_columns(Batch batch):
    """Move the attributes of ``batch.resources`` into resource columns."""
    cdef BatchData *b = &batch.d
    cdef int32_t k, row, i
    cdef Resource resource
    cdef Value value
    batch.check(resource_begin(b))
    for i, resource in enumerate(batch.resources):
        for key, content in resource.attributes.items():
            k = batch.intern(key.encode())
            value = batch.arena_value(content)
            if b.resource == NULL:
                b.resource_attrs[k].constant = value
                b.resource_attrs[k].form = FORM_CONST
                continue
            for row in range(b.rows):
                if b.resource[row] == i:
                    batch.check(column_set(b, &b.resource_attrs[k], row, value))
    batch.resources = [Resource()]
    b.resource = NULL


cdef uint64_t hash_bytes(uint64_t h, const uint8_t *s, int32_t size) noexcept nogil:
    cdef int32_t i
    for i in range(size):
        h = (h ^ s[i]) * <uint64_t> 0x100000001B3
    return h


cdef bint same_value(const BatchData *b, Value one, Value other) noexcept nogil:
    if one.kind != other.kind:
        return False
    if one.kind == KIND_STRING or one.kind == KIND_BYTES or one.kind == KIND_ANY:
        return (one.u.s.len == other.u.s.len
                and memcmp(b.arena.data + one.u.s.off, b.arena.data + other.u.s.off, one.u.s.len) == 0)
    return one.kind == KIND_ABSENT or one.u.i == other.u.i


cdef uint64_t hash_resource(const BatchData *b, int32_t row) noexcept nogil:
    cdef uint64_t h = 0xCBF29CE484222325
    cdef Value value
    cdef int32_t k
    for k in range(b.nkeys):
        value = column_get(&b.resource_attrs[k], row)
        if value.kind == KIND_ABSENT:
            continue
        h = (h ^ <uint64_t> (k * 8 + value.kind)) * <uint64_t> 0x100000001B3
        if value.kind == KIND_STRING or value.kind == KIND_BYTES or value.kind == KIND_ANY:
            h = hash_bytes(h, b.arena.data + value.u.s.off, value.u.s.len)
        else:
            h = (h ^ <uint64_t> value.u.i) * <uint64_t> 0x100000001B3
    return h ^ (h >> 29)


cdef bint same_resource(const BatchData *b, int32_t one, int32_t other) noexcept nogil:
    cdef int32_t k
    for k in range(b.nkeys):
        if b.resource_attrs[k].form == FORM_NONE or b.resource_attrs[k].form == FORM_CONST:
            continue
        if not same_value(b, column_get(&b.resource_attrs[k], one), column_get(&b.resource_attrs[k], other)):
            return False
    return True


cdef int group_resources(BatchData *b, int32_t *firsts, int32_t *count) noexcept nogil:
    """Number the distinct resources: ``b.resource`` is set and ``firsts`` gets a row of each. A status."""
    cdef int32_t size = 64
    cdef int32_t row
    cdef uint64_t at
    cdef int32_t *slots
    while size < 2 * b.rows:
        size *= 2
    slots = <int32_t *> slab_alloc(&b.slab, size * sizeof(int32_t))
    b.resource = <int32_t *> slab_alloc(&b.slab, b.rows * sizeof(int32_t))
    if slots == NULL or b.resource == NULL:
        return ERR_MEMORY
    memset(slots, 0xFF, size * sizeof(int32_t))
    count[0] = 0
    for row in range(b.rows):
        b.resource[row] = 0
        if b.flags[row] & ROW_DROPPED:
            continue
        at = hash_resource(b, row) & <uint64_t> (size - 1)
        while slots[at] >= 0 and not same_resource(b, firsts[slots[at]], row):
            at = (at + 1) & <uint64_t> (size - 1)
        if slots[at] < 0:
            slots[at] = count[0]
            firsts[count[0]] = row
            count[0] += 1
        b.resource[row] = slots[at]
    return 0


def columns_to_resource(Batch batch):
    """Make the batch's resource table of its resource columns, which are gone then."""
    cdef BatchData *b = &batch.d
    cdef int32_t count = 0, i, k
    cdef Value value
    cdef int32_t *firsts
    if b.resource_attrs == NULL or b.rows == 0:
        return
    firsts = <int32_t *> slab_alloc(&b.slab, b.rows * sizeof(int32_t))
    if firsts == NULL:
        raise MemoryError
    batch.check(group_resources(b, firsts, &count))
    resources = []
    for i in range(count):
        attributes = {}
        for k in range(b.nkeys):
            value = column_get(&b.resource_attrs[k], firsts[i])
            if value.kind != KIND_ABSENT:
                attributes[batch.key(k).decode()] = batch.python_value(value)
        resources.append(Resource(attributes))
    batch.resources = resources or [Resource()]
    free(b.resource_attrs)
    b.resource_attrs = NULL
