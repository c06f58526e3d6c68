"""A field of a record as operators name it (``body``, ``attributes["a"].b``, ``resource.x``): get, set, delete it.

The semantics are stanza's (pkg/stanza 0.160, entry/attribute_field.go, body_field.go, resource_field.go).
"""

from libc.stdint cimport int32_t
from libc.stdlib cimport malloc

from fastlog._core.batch cimport (
    BatchData,
    attr_delete,
    attr_get,
    attr_set,
    batch_intern_span,
    column_get,
    column_set,
    sparse_find,
)
from fastlog._core.types cimport ERR_MEMORY, FORM_NONE, KIND_ABSENT, Column, Span, Value
from fastlog._core.value cimport (
    Name,
    Pair,
    absent,
    is_map,
    map_entries,
    next_pair,
    null_value,
    path_delete,
    path_get,
    path_set,
)


cdef enum:                  # Field.place
    PLACE_ATTRIBUTES = 0
    PLACE_RESOURCE = 1
    PLACE_BODY = 2


cdef struct Field:
    int32_t place
    int32_t key             # of the first name, in the plan's keys; -1: the whole place, or the body
    int32_t depth           # names below the key, or below the body
    const Name *names       # owned by the operator


cdef inline int resource_begin(BatchData *b) noexcept nogil:
    """Give the batch resource columns, empty at first; a no-op when it has them."""
    cdef int32_t k
    if b.resource_attrs != NULL:
        return 0
    b.resource_attrs = <Column *> malloc((b.keys_cap + 1) * sizeof(Column))
    if b.resource_attrs == NULL:
        return ERR_MEMORY
    for k in range(b.nkeys):
        b.resource_attrs[k].form = FORM_NONE
    return 0


cdef inline int attr_put(BatchData *b, int32_t row, int32_t key, Value value) noexcept nogil:
    """Like attr_set, but a key that is in no sparse list of the row goes to its column: for the plan's few keys."""
    cdef int32_t i = sparse_find(b, row, key)
    if i >= 0:
        b.items[i].value = value
        return 0
    return column_set(b, &b.attrs[key], row, value)


cdef inline Value place_get(const BatchData *b, int32_t row, const Field *field) noexcept nogil:
    """The value that the names of ``field`` lead into."""
    if field.place == PLACE_ATTRIBUTES:
        return attr_get(b, row, field.key)
    if field.place == PLACE_RESOURCE:
        return column_get(&b.resource_attrs[field.key], row) if b.resource_attrs != NULL else absent()
    return column_get(&b.body, row)


cdef inline int place_set(BatchData *b, int32_t row, const Field *field, Value value) noexcept nogil:
    cdef int status
    if field.place == PLACE_ATTRIBUTES:
        if value.kind == KIND_ABSENT:
            return attr_delete(b, row, field.key)
        return attr_put(b, row, field.key, value)
    if field.place == PLACE_RESOURCE:
        status = resource_begin(b)
        return status if status else column_set(b, &b.resource_attrs[field.key], row, value)
    return column_set(b, &b.body, row, value)


cdef inline Value field_get(const BatchData *b, int32_t row, const Field *field) noexcept nogil:
    """The value of the field, absent when the row has none. A body that is not set is there, and null."""
    cdef Value value = place_get(b, row, field)
    if field.depth:
        return path_get(b, value, field.names, field.depth)
    if value.kind == KIND_ABSENT and field.place == PLACE_BODY:
        return null_value()
    return value


cdef inline int merge_into_place(BatchData *b, int32_t row, int32_t place, Value map_) noexcept nogil:
    """Set every entry of the map as an attribute of the record or of its resource."""
    cdef Span rest = map_entries(b.arena.data, map_)
    cdef Pair pair
    cdef int32_t key
    cdef int status
    while next_pair(b.arena.data, &rest, &pair):
        key = batch_intern_span(b, pair.key)
        if key < 0:
            return ERR_MEMORY
        if place == PLACE_ATTRIBUTES:
            status = attr_set(b, row, key, pair.value)
        else:
            status = resource_begin(b)
            if status == 0:
                status = column_set(b, &b.resource_attrs[key], row, pair.value)
        if status:
            return status
    return 0


cdef inline int field_set(BatchData *b, int32_t row, const Field *field, Value value) noexcept nogil:
    """Set the field. A map is merged into the map that is there; a whole place takes nothing but a map. A status."""
    cdef Value changed
    cdef int status
    if field.key < 0 and field.place != PLACE_BODY:
        return merge_into_place(b, row, field.place, value)
    if field.depth or is_map(b, value):
        status = path_set(b, place_get(b, row, field), field.names, field.depth, value, &changed)
        if status:
            return status
        value = changed
    return place_set(b, row, field, value)


cdef inline int field_delete(BatchData *b, int32_t row, const Field *field, Value *removed) noexcept nogil:
    """Delete the field, which is no whole place; ``removed`` is what was there, absent when nothing was. A status."""
    cdef Value changed
    cdef int status
    if field.depth == 0:
        removed[0] = field_get(b, row, field)
        return 0 if removed.kind == KIND_ABSENT else place_set(b, row, field, absent())
    status = path_delete(b, place_get(b, row, field), field.names, field.depth, removed, &changed)
    if status or removed.kind == KIND_ABSENT:
        return status
    return place_set(b, row, field, changed)
