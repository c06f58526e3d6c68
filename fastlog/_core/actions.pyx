"""Actions of the ``attributes`` processor on a batch (internal/coreinternal/attraction v0.160).

Constants, copies and deletions are passes without the GIL. :func:`rewrite` calls back into Python for every row that
has the attribute: it is for hash, extract and convert, which few configurations use.
"""

from libc.stdint cimport int32_t

from fastlog._core.batch cimport (
    Batch,
    BatchData,
    attr_delete,
    attr_get,
    attr_set,
    batch_find_key,
)
from fastlog._core.types cimport FORM_CONST, FORM_NONE, KIND_ABSENT, ROW_DROPPED, Value

cdef enum Mode:
    INSERT = 0
    UPDATE = 1
    UPSERT = 2

MODES = {"insert": INSERT, "update": UPDATE, "upsert": UPSERT}


cdef bint unused(const BatchData *b, int32_t key) noexcept nogil:
    """Whether no row has the attribute."""
    cdef int32_t row
    if b.attrs[key].form != FORM_NONE:
        return False
    if b.sparse != NULL:
        for row in range(b.rows):
            if attr_get(b, row, key).kind != KIND_ABSENT:
                return False
    return True


cdef int put(BatchData *b, int32_t key, int32_t source, Value constant, int mode) noexcept nogil:
    """Set the attribute from the attribute ``source`` (>= 0), where a row has it, else from ``constant``, if it is
    one."""
    cdef int32_t row
    cdef Value value
    cdef int status
    cdef bint present
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        value.kind = KIND_ABSENT
        if source >= 0:
            value = attr_get(b, row, source)
        if value.kind == KIND_ABSENT:
            value = constant
        if value.kind == KIND_ABSENT:
            continue
        present = attr_get(b, row, key).kind != KIND_ABSENT
        if mode == UPSERT or present == (mode == UPDATE):
            status = attr_set(b, row, key, value)
            if status:
                return status
    return 0


def set_attribute(Batch batch, bytes key, value, str mode, bytes source=None, bint has_value=True):
    """Insert, update or upsert ``key``: from the attribute ``source``, else ``value`` when ``has_value``."""
    cdef int32_t k, s = -1
    cdef Value constant
    cdef int how = MODES[mode]
    cdef int status
    constant.kind = KIND_ABSENT
    constant.u.i = 0
    if has_value:
        constant = batch.arena_value(value)
    if source is not None:
        s = batch.intern(source)
    k = batch.intern(key)
    if s < 0 and how != UPDATE and unused(&batch.d, k):
        batch.d.attrs[k].constant = constant
        batch.d.attrs[k].form = FORM_CONST
        return
    with nogil:
        status = put(&batch.d, k, s, constant, how)
    batch.check(status)


def delete_attribute(Batch batch, bytes key):
    """Delete ``key`` from every row."""
    cdef int32_t k = batch_find_key(&batch.d, <const unsigned char *> <char *> key, <int32_t> len(key))
    cdef int32_t row
    cdef int status = 0
    if k < 0:
        return
    with nogil:
        for row in range(batch.d.rows):
            status = attr_delete(&batch.d, row, k)
            if status:
                break
        if status == 0:
            batch.d.attrs[k].form = FORM_NONE
    batch.check(status)


def rewrite(Batch batch, bytes key, change):
    """For every row that has ``key``: set the attributes in the dict that ``change(value)`` gives."""
    cdef int32_t k = batch_find_key(&batch.d, <const unsigned char *> <char *> key, <int32_t> len(key))
    cdef int32_t row
    cdef Value value
    if k < 0:
        return
    for row in range(batch.d.rows):
        if batch.d.flags[row] & ROW_DROPPED:
            continue
        value = attr_get(&batch.d, row, k)
        if value.kind == KIND_ABSENT:
            continue
        for name, new in change(batch.python_value(value)).items():
            batch.check(attr_set(&batch.d, row, batch.intern(name.encode()), batch.arena_value(new)))
