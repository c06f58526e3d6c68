"""Batch: N log records as columns over one arena (DESIGN, section 2)."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcmp, memcpy, memset

from fastlog._core.memory cimport Bytes, Slab, bytes_append, slab_alloc
from fastlog._core.types cimport (
    ERR_MEMORY,
    FORM_CONST,
    FORM_NONE,
    FORM_SPANS,
    FORM_VALUES,
    KIND_ABSENT,
    KIND_STRING,
    Column,
    Item,
    Span,
    Value,
)


cdef struct BatchData:
    Bytes arena             # preamble (the fixed keys), then the raw block, then whatever was derived from it
    Slab slab               # every row-sized array
    int32_t data_start      # the raw block in the arena
    int32_t data_end
    int32_t rows
    uint8_t *flags          # RowFlag bits
    Span *lines             # the record's bytes in the raw block, untrimmed
    Column body
    int64_t *time_ns        # Unix, 0 = unset
    int64_t observed_ns     # Unix, one for the batch
    uint8_t *severity       # SeverityNumber; NULL = 0 in every row
    Span *severity_text     # NULL = unset in every row
    int32_t nkeys           # the key table: interned attribute keys
    int32_t keys_cap
    Span *keys
    Column *attrs           # one a key; FORM_NONE where the key is only in sparse lists, or nowhere
    Column *resource_attrs  # what operators set on a row's resource; NULL = nothing
    int32_t *key_slots      # open addressing over keys, -1 = empty
    int32_t key_mask
    Span *sparse            # a row's (first, count) in items; NULL = no row has any
    Item *items
    int32_t nitems
    int32_t items_cap
    int32_t *resource       # a row's index into Batch.resources; NULL = 0 in every row


cdef inline uint32_t key_hash(const uint8_t *s, int32_t size) noexcept nogil:
    cdef uint64_t h = <uint64_t> 0x9E3779B97F4A7C15 ^ <uint64_t> size
    cdef uint64_t word
    while size >= 8:
        memcpy(&word, s, 8)
        h = (h ^ word) * <uint64_t> 0xFF51AFD7ED558CCD
        h ^= h >> 32
        s += 8
        size -= 8
    word = 0
    if size:
        memcpy(&word, s, size)
    h = (h ^ word) * <uint64_t> 0xFF51AFD7ED558CCD
    return <uint32_t> (h ^ (h >> 29))


cdef inline int32_t batch_find_key(const BatchData *b, const uint8_t *s, int32_t size) noexcept nogil:
    """The key's index in the key table, or -1."""
    cdef uint32_t slot
    cdef int32_t k
    if b.key_slots == NULL:
        return -1
    slot = key_hash(s, size) & <uint32_t> b.key_mask
    while True:
        k = b.key_slots[slot]
        if k < 0:
            return -1
        if b.keys[k].len == size and memcmp(b.arena.data + b.keys[k].off, s, size) == 0:
            return k
        slot = (slot + 1) & <uint32_t> b.key_mask


cdef inline void batch_index_key(BatchData *b, int32_t k) noexcept nogil:
    cdef uint32_t slot = key_hash(b.arena.data + b.keys[k].off, b.keys[k].len) & <uint32_t> b.key_mask
    while b.key_slots[slot] >= 0:
        slot = (slot + 1) & <uint32_t> b.key_mask
    b.key_slots[slot] = k


cdef inline int batch_reindex_keys(BatchData *b) noexcept nogil:
    """Rebuild the hash index, at most half full."""
    cdef int32_t size = 64
    cdef int32_t k
    cdef int32_t *slots
    while size < 2 * b.nkeys + 2:
        size *= 2
    if b.key_slots == NULL or size > b.key_mask + 1:
        slots = <int32_t *> realloc(b.key_slots, size * sizeof(int32_t))
        if slots == NULL:
            return ERR_MEMORY
        b.key_slots = slots
        b.key_mask = size - 1
    memset(b.key_slots, 0xFF, <size_t> (b.key_mask + 1) * sizeof(int32_t))
    for k in range(b.nkeys):
        batch_index_key(b, k)
    return 0


cdef inline int32_t batch_add_key(BatchData *b, Span key) noexcept nogil:
    """Append a key that lies in the arena and is not in the table yet. Its index, or -1 when memory is out."""
    cdef int32_t cap
    cdef Span *keys
    cdef Column *columns
    if b.nkeys == b.keys_cap:
        cap = 2 * b.keys_cap if b.keys_cap else 32
        keys = <Span *> realloc(b.keys, cap * sizeof(Span))
        if keys == NULL:
            return -1
        b.keys = keys
        columns = <Column *> realloc(b.attrs, cap * sizeof(Column))
        if columns == NULL:
            return -1
        b.attrs = columns
        if b.resource_attrs != NULL:
            columns = <Column *> realloc(b.resource_attrs, cap * sizeof(Column))
            if columns == NULL:
                return -1
            b.resource_attrs = columns
        b.keys_cap = cap
    b.keys[b.nkeys] = key
    b.attrs[b.nkeys].form = FORM_NONE
    if b.resource_attrs != NULL:
        b.resource_attrs[b.nkeys].form = FORM_NONE
    b.nkeys += 1
    if b.key_slots == NULL or 2 * b.nkeys > b.key_mask:
        if batch_reindex_keys(b):
            b.nkeys -= 1
            return -1
    else:
        batch_index_key(b, b.nkeys - 1)
    return b.nkeys - 1


cdef inline int32_t batch_intern_span(BatchData *b, Span key) noexcept nogil:
    """The index of a key that lies in the arena; added when new. -1 when memory is out."""
    cdef int32_t k = batch_find_key(b, b.arena.data + key.off, key.len)
    return k if k >= 0 else batch_add_key(b, key)


cdef inline int32_t batch_intern(BatchData *b, const uint8_t *s, int32_t size) noexcept nogil:
    """The index of a key from outside the arena; copied into it when new. -1 when memory is out."""
    cdef Span key
    cdef int32_t k = batch_find_key(b, s, size)
    if k >= 0:
        return k
    key.off = <int32_t> b.arena.len
    key.len = size
    if bytes_append(&b.arena, s, size):
        return -1
    return batch_add_key(b, key)


cdef inline int column_spans(BatchData *b, Column *column) noexcept nogil:
    """Make ``column`` FORM_SPANS, absent in every row, whatever it was."""
    column.spans = <Span *> slab_alloc(&b.slab, b.rows * sizeof(Span))
    if column.spans == NULL:
        return ERR_MEMORY
    memset(column.spans, 0xFF, b.rows * sizeof(Span))
    column.form = FORM_SPANS
    return 0


cdef inline Value column_get(const Column *column, int32_t row) noexcept nogil:
    """The value of ``row``, of kind KIND_ABSENT where it has none."""
    cdef Value value
    if column.form == FORM_SPANS:
        value.u.s = column.spans[row]
        value.kind = KIND_STRING if value.u.s.len >= 0 else KIND_ABSENT
        return value
    if column.form == FORM_VALUES:
        return column.values[row]
    if column.form == FORM_CONST:
        return column.constant
    value.kind = KIND_ABSENT
    value.u.i = 0
    return value


cdef inline int column_values(BatchData *b, Column *column) noexcept nogil:
    """Turn ``column`` into FORM_VALUES, its values kept."""
    cdef Value *values
    cdef int32_t row
    if column.form == FORM_VALUES:
        return 0
    values = <Value *> slab_alloc(&b.slab, b.rows * sizeof(Value))
    if values == NULL:
        return ERR_MEMORY
    for row in range(b.rows):
        values[row] = column_get(column, row)
    column.values = values
    column.form = FORM_VALUES
    return 0


cdef inline int column_set(BatchData *b, Column *column, int32_t row, Value value) noexcept nogil:
    """Set one row; the column changes its form when the value does not fit it."""
    cdef int status
    if column.form == FORM_SPANS and value.kind == KIND_STRING:
        column.spans[row] = value.u.s
        return 0
    if column.form == FORM_SPANS and value.kind == KIND_ABSENT:
        column.spans[row].len = -1
        return 0
    if column.form == FORM_NONE:
        if value.kind == KIND_ABSENT:
            return 0
        if value.kind == KIND_STRING:
            status = column_spans(b, column)
            if status == 0:
                column.spans[row] = value.u.s
            return status
    status = column_values(b, column)
    if status == 0:
        column.values[row] = value
    return status


cdef inline int batch_begin_rows(BatchData *b, int32_t rows) noexcept nogil:
    """Make room for ``rows`` rows without flags or time. Lines and the body (FORM_SPANS) are the caller's to write."""
    cdef size_t n = <size_t> rows
    b.rows = rows
    b.flags = <uint8_t *> slab_alloc(&b.slab, n)
    b.lines = <Span *> slab_alloc(&b.slab, n * sizeof(Span))
    b.time_ns = <int64_t *> slab_alloc(&b.slab, n * sizeof(int64_t))
    b.body.spans = <Span *> slab_alloc(&b.slab, n * sizeof(Span))
    b.body.form = FORM_SPANS
    if b.flags == NULL or b.lines == NULL or b.time_ns == NULL or b.body.spans == NULL:
        return ERR_MEMORY
    memset(b.flags, 0, n)
    memset(b.time_ns, 0, n * sizeof(int64_t))
    return 0


cdef inline int batch_begin_severity(BatchData *b) noexcept nogil:
    """Give every row a severity, unset at first; a no-op when they have one."""
    if b.severity != NULL:
        return 0
    b.severity = <uint8_t *> slab_alloc(&b.slab, b.rows)
    b.severity_text = <Span *> slab_alloc(&b.slab, b.rows * sizeof(Span))
    if b.severity == NULL or b.severity_text == NULL:
        return ERR_MEMORY
    memset(b.severity, 0, b.rows)
    memset(b.severity_text, 0, b.rows * sizeof(Span))
    return 0


cdef inline int32_t sparse_find(const BatchData *b, int32_t row, int32_t key) noexcept nogil:
    """The index into items of ``key`` in the row's sparse list, or -1."""
    cdef int32_t i
    if b.sparse == NULL:
        return -1
    for i in range(b.sparse[row].off, b.sparse[row].off + b.sparse[row].len):
        if b.items[i].key == key:
            return i
    return -1


cdef inline int items_reserve(BatchData *b, int32_t extra) noexcept nogil:
    cdef int32_t cap
    cdef Item *items
    if b.nitems + extra <= b.items_cap:
        return 0
    cap = b.items_cap + (b.items_cap >> 1) + extra + 256
    items = <Item *> realloc(b.items, cap * sizeof(Item))
    if items == NULL:
        return ERR_MEMORY
    b.items = items
    b.items_cap = cap
    return 0


cdef inline int sparse_begin(BatchData *b) noexcept nogil:
    """Give every row a sparse list, empty at first; a no-op when they have one."""
    if b.sparse != NULL:
        return 0
    b.sparse = <Span *> slab_alloc(&b.slab, b.rows * sizeof(Span))
    if b.sparse == NULL:
        return ERR_MEMORY
    memset(b.sparse, 0, b.rows * sizeof(Span))
    return 0


cdef inline int sparse_append(BatchData *b, int32_t row, int32_t key, Value value) noexcept nogil:
    """Append to the row's list a key that is not in it. A list that is not the last one in items is moved to the
    end."""
    cdef Span *list_
    cdef int32_t i
    if sparse_begin(b) or items_reserve(b, b.sparse[row].len + 1):
        return ERR_MEMORY
    list_ = &b.sparse[row]
    if list_.off + list_.len != b.nitems:
        for i in range(list_.len):
            b.items[b.nitems + i] = b.items[list_.off + i]
        list_.off = b.nitems
        b.nitems += list_.len
    b.items[b.nitems].key = key
    b.items[b.nitems].value = value
    b.nitems += 1
    list_.len += 1
    return 0


cdef inline Value attr_get(const BatchData *b, int32_t row, int32_t key) noexcept nogil:
    """The row's attribute, KIND_ABSENT where it has none."""
    cdef Value value = column_get(&b.attrs[key], row)
    cdef int32_t i
    if value.kind == KIND_ABSENT and b.sparse != NULL:
        i = sparse_find(b, row, key)
        if i >= 0:
            return b.items[i].value
    return value


cdef inline int attr_set(BatchData *b, int32_t row, int32_t key, Value value) noexcept nogil:
    """Insert or replace the row's attribute. A key with a column stays in it, any other goes to the sparse list."""
    cdef int32_t i = sparse_find(b, row, key)
    if i >= 0:
        b.items[i].value = value
        return 0
    if b.attrs[key].form != FORM_NONE:
        return column_set(b, &b.attrs[key], row, value)
    return sparse_append(b, row, key, value)


cdef inline int attr_delete(BatchData *b, int32_t row, int32_t key) noexcept nogil:
    cdef Value absent
    cdef int32_t i = sparse_find(b, row, key)
    if i >= 0:
        b.sparse[row].len -= 1
        b.items[i] = b.items[b.sparse[row].off + b.sparse[row].len]
        return 0
    if b.attrs[key].form == FORM_NONE:
        return 0
    absent.kind = KIND_ABSENT
    absent.u.i = 0
    return column_set(b, &b.attrs[key], row, absent)


cdef inline int attr_promote(BatchData *b, int32_t key) noexcept nogil:
    """Move every sparse value of ``key`` into its column, so that a pass over the column sees the key in every row."""
    cdef int32_t row, i
    cdef int status
    cdef Value value
    if b.sparse == NULL:
        return 0
    for row in range(b.rows):
        i = sparse_find(b, row, key)
        if i < 0:
            continue
        value = b.items[i].value
        b.sparse[row].len -= 1
        b.items[i] = b.items[b.sparse[row].off + b.sparse[row].len]
        status = column_set(b, &b.attrs[key], row, value)
        if status:
            return status
    return 0


cdef class Resource:
    cdef readonly dict attributes
    cdef readonly str schema_url
    cdef bytes _encoded
    cdef object _hash
    cpdef bytes encoded(self)


cdef class Batch:
    cdef BatchData d
    cdef int views
    cdef int pins                   # columns and arrays that others read
    cdef int32_t window
    cdef int32_t fixed_keys         # the plan's, kept through reset()
    cdef size_t preamble
    cdef object home                # the plan that pools this batch
    cdef public object origin       # fastlog.types.Origin
    cdef public object plan
    cdef public list resources      # Resource, one a distinct resource
    cdef public object state        # of the stage that owns the batch
    cdef int check(self, int status) except -1
    cdef int check_unpinned(self) except -1
    cpdef reset(self)
    cdef Span append(self, data)
    cdef Value arena_value(self, object value)
    cdef int32_t intern(self, bytes key) except -1
    cdef bytes span_bytes(self, Span span)
    cdef bytes key(self, int32_t k)
    cdef object python_value(self, Value value)
    cdef dict row_attributes(self, int32_t row)
