"""The columns of a batch for others to read: through the buffer protocol (numpy) and the Arrow C data interface.

Formats: PEP 3118 (buffers), https://arrow.apache.org/docs/format/CDataInterface.html with its PyCapsule interface, and
Columnar.html#variable-size-binary-view-layout for strings, which are views of the batch's arena.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset, strcpy

from fastlog._core.batch cimport Batch, BatchData, attr_get, column_get
from fastlog._core.types cimport (
    FORM_SPANS,
    KIND_ABSENT,
    KIND_BOOL,
    KIND_BYTES,
    KIND_DOUBLE,
    KIND_INT,
    KIND_NULL,
    KIND_STRING,
    ROW_DROPPED,
    Span,
    Value,
)
from fastlog._core.types cimport Column as Values

cdef enum:
    INLINE = 12             # the longest string that lies in its view
    ARROW_FLAG_NULLABLE = 2


cdef struct ArrowSchema:
    const char *format
    const char *name
    const char *metadata
    int64_t flags
    int64_t n_children
    ArrowSchema **children
    ArrowSchema *dictionary
    void (*release)(ArrowSchema *) noexcept nogil
    void *private_data


cdef struct ArrowArray:
    int64_t length
    int64_t null_count
    int64_t offset
    int64_t n_buffers
    int64_t n_children
    const void **buffers
    ArrowArray **children
    ArrowArray *dictionary
    void (*release)(ArrowArray *) noexcept nogil
    void *private_data


# What an array of ours frees: the buffers it made, and the Python object that the others belong to.
cdef struct Holdings:
    PyObject *owner
    void *made
    const void *buffers[4]
    int64_t variadic_size


# A string or bytes value in 16 bytes: inline when it has at most 12, else its first four and where it lies.
cdef struct View:
    int32_t size
    uint8_t[4] prefix
    int32_t buffer
    int32_t offset


KINDS = {
    # kind: (PEP 3118 format, bytes an item, Arrow format)
    "timestamp": (b"q", 8, b"tsn:UTC"),
    "int64": (b"q", 8, b"l"),
    "uint8": (b"B", 1, b"C"),
    "double": (b"d", 8, b"g"),
    "bool": (b"?", 1, b"b"),
    "string": (b"T{i:offset:i:length:}", 8, b"vu"),
    "bytes": (b"T{i:offset:i:length:}", 8, b"vz"),
}
FIXED = ("time_unix_nano", "observed_time_unix_nano", "severity_number", "severity_text", "body")
ATTRIBUTES = "attributes."


# ---- reading

cdef int32_t count_rows(const BatchData *b) noexcept nogil:
    """Rows that are not dropped."""
    cdef int32_t row, n = 0
    for row in range(b.rows):
        n += (b.flags[row] & ROW_DROPPED) == 0
    return n


cdef inline Value value_at(const BatchData *b, int32_t key, int32_t row) noexcept nogil:
    """The attribute ``key`` of a row, or its body where ``key`` < 0."""
    return attr_get(b, row, key) if key >= 0 else column_get(&b.body, row)


cdef int survey(const BatchData *b, int32_t key) noexcept nogil:
    """The kinds of value that the rows have, as bits 1 << kind; KIND_NULL is none."""
    cdef int32_t row
    cdef int kinds = 0
    for row in range(b.rows):
        if (b.flags[row] & ROW_DROPPED) == 0:
            kinds |= 1 << value_at(b, key, row).kind
    return kinds & ~((1 << KIND_ABSENT) | (1 << KIND_NULL))


cdef void gather(const BatchData *b, int32_t key, int kind, void *out) noexcept nogil:
    """Write the values of the rows that are not dropped; 0, or a length < 0, where there is none."""
    cdef int32_t row, i = 0
    cdef Value value
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        value = value_at(b, key, row)
        if kind == KIND_STRING or kind == KIND_BYTES:
            if value.kind != KIND_STRING and value.kind != KIND_BYTES:
                value.u.s.off = 0
                value.u.s.len = -1
            (<Span *> out)[i] = value.u.s
        elif kind == KIND_BOOL:
            (<uint8_t *> out)[i] = value.kind == KIND_BOOL and value.u.i != 0
        elif kind == KIND_DOUBLE:
            if value.kind == KIND_DOUBLE:
                (<double *> out)[i] = value.u.d
            else:
                (<double *> out)[i] = <double> value.u.i if value.kind == KIND_INT else 0.0
        else:
            (<int64_t *> out)[i] = value.u.i if value.kind == KIND_INT else 0
        i += 1


cdef void find_values(const BatchData *b, int32_t key, uint8_t *bits) noexcept nogil:
    """Set the bit of every row that has a value."""
    cdef int32_t row, i = 0
    cdef int kind
    for row in range(b.rows):
        if b.flags[row] & ROW_DROPPED:
            continue
        kind = value_at(b, key, row).kind
        if kind != KIND_ABSENT and kind != KIND_NULL:
            bits[i >> 3] |= <uint8_t> (1 << (i & 7))
        i += 1


cdef void keep(const BatchData *b, const uint8_t *source, int size, uint8_t *out) noexcept nogil:
    """Copy the items of the rows that are not dropped."""
    cdef int32_t row
    for row in range(b.rows):
        if (b.flags[row] & ROW_DROPPED) == 0:
            memcpy(out, source + <size_t> row * size, size)
            out += size


cdef int64_t count_missing(const uint8_t *bits, int64_t n) noexcept nogil:
    cdef int64_t i, missing = 0
    for i in range(n):
        missing += not (bits[i >> 3] >> (i & 7)) & 1
    return missing


cdef class Exported:
    """Memory of a batch, or made for it, that others read. While it lives the batch refuses to change."""

    cdef Batch batch
    cdef void *data
    cdef void *made         # data when it was allocated for this object
    cdef Py_ssize_t length
    cdef Py_ssize_t itemsize
    cdef bytes format

    def __cinit__(self, Batch batch not None, *args):
        self.batch = batch
        batch.pins += 1

    def __dealloc__(self):
        free(self.made)
        if self.batch is not None:
            self.batch.pins -= 1

    cdef void *make(self, size_t size) except NULL:
        self.made = self.data = calloc(size + 1, 1)
        if self.data == NULL:
            raise MemoryError
        return self.data

    def __getbuffer__(self, Py_buffer *view, int flags):
        if flags & PyBUF_WRITABLE:
            raise BufferError("the columns of a batch are read-only")
        view.buf = self.data if self.data != NULL else <void *> &self.itemsize
        view.obj = self
        view.len = self.length * self.itemsize
        view.itemsize = self.itemsize
        view.readonly = 1
        view.ndim = 1
        view.format = <char *> self.format if flags & PyBUF_FORMAT else NULL
        view.shape = &self.length if flags & PyBUF_ND else NULL
        view.strides = &self.itemsize if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL

    def __len__(self):
        return self.length


cdef class Column(Exported):
    """One column of a batch: ``len(column)`` = ``batch.records`` items, one for each record that is not dropped.

    ``kind`` says what an item is, to numpy (``numpy.asarray(column)``) and to Arrow:

    ===========  ==========================================  =====================================
    kind         numpy                                       Arrow
    ===========  ==========================================  =====================================
    timestamp    int64, ns since the Unix epoch, 0 = unset   timestamp[ns, UTC], null = unset
    int64        int64, 0 = none                             int64, null = none
    uint8        uint8                                       uint8
    double       float64, 0.0 = none                         double, null = none
    bool         bool, False = none                          bool, null = none
    string       (offset, length) int32, length -1 = none    string_view, null = none
    bytes        (offset, length) int32, length -1 = none    binary_view, null = none
    ===========  ==========================================  =====================================

    Offsets are into :attr:`arena`. Times, severity numbers and columns of strings are the batch's own memory as long
    as no record was dropped and every row has its value in the column; any other is a copy.
    """

    cdef readonly str name
    cdef readonly str kind
    cdef int32_t key        # -1 = the body; -2 = a column without absent values but those that `unset` finds
    cdef bytes arrow

    def __init__(self, Batch batch, str name):
        cdef BatchData *b = &batch.d
        cdef bint whole
        self.name = name
        self.key = -2
        self.length = count_rows(b)
        whole = self.length == b.rows
        if name == "time_unix_nano":
            self.set_kind("timestamp")
            self.take(b.time_ns, whole)
        elif name == "observed_time_unix_nano":
            self.set_kind("timestamp")
            self.repeat_time(b.observed_ns)
        elif name == "severity_number":
            self.set_kind("uint8")
            self.take(b.severity, whole)
        elif name == "severity_text":
            self.set_kind("string")
            self.take(b.severity_text, whole)
        elif name == "body":
            self.key = -1
            self.take_values(&b.body, whole)
        else:
            keys = batch.key_names()
            if not name.startswith(ATTRIBUTES) or name[len(ATTRIBUTES):].encode() not in keys:
                raise KeyError(f"no column {name!r}; the columns are {', '.join(column_names(batch))}")
            self.key = keys.index(name[len(ATTRIBUTES):].encode())
            self.take_values(&b.attrs[self.key], whole and b.sparse == NULL)

    cdef int set_kind(self, str kind) except -1:
        self.kind = kind
        self.format, self.itemsize, self.arrow = KINDS[kind]
        return 0

    cdef int take(self, void *source, bint whole) except -1:
        """An array of the batch: as it is, or without the dropped rows."""
        if whole and source != NULL:
            self.data = source
            return 0
        self.make(self.length * self.itemsize)
        if source != NULL:
            keep(&self.batch.d, <uint8_t *> source, <int> self.itemsize, <uint8_t *> self.made)
        return 0

    cdef int take_values(self, const Values *column, bint whole) except -1:
        """Typed values: the kind is what all of them are."""
        cdef BatchData *b = &self.batch.d
        cdef int32_t key = self.key
        cdef int kinds, kind
        cdef void *out
        if column.form == FORM_SPANS and whole:
            self.set_kind("string")
            self.data = column.spans
            return 0
        with nogil:
            kinds = survey(b, key)
        for kind, name in (
            (KIND_STRING, "string"),
            (KIND_INT, "int64"),
            (KIND_DOUBLE, "double"),
            (KIND_BOOL, "bool"),
            (KIND_BYTES, "bytes"),
        ):
            if kinds & ~(1 << kind) == 0:
                break
        else:
            if kinds & ~((1 << KIND_STRING) | (1 << KIND_BYTES)) == 0:
                kind, name = KIND_BYTES, "bytes"
            elif kinds & ~((1 << KIND_INT) | (1 << KIND_DOUBLE)) == 0:
                kind, name = KIND_DOUBLE, "double"
            else:
                raise TypeError(
                    f"{self.name} holds maps, arrays or values of several kinds, which is no column;"
                    " read it with to_records()"
                )
        self.set_kind(name)
        out = self.make(self.length * self.itemsize)
        with nogil:
            gather(b, key, kind, out)
        return 0

    cdef int repeat_time(self, int64_t value) except -1:
        cdef int64_t *out = <int64_t *> self.make(self.length * 8)
        cdef Py_ssize_t i
        for i in range(self.length):
            out[i] = value
        return 0

    @property
    def arena(self):
        """The bytes that the offsets of a string column are into: a read-only memoryview."""
        cdef Exported whole = Exported(self.batch)
        whole.data = self.batch.d.arena.data
        whole.length = self.batch.d.arena.len
        whole.itemsize = 1
        whole.format = b"B"
        return memoryview(whole)

    def to_pylist(self):
        """The items as Python values, None where there is none; times are int (ns). Slow: for tests and tools."""
        cdef Py_ssize_t i
        cdef uint8_t *valid = self.validity()
        cdef Span *span
        out = []
        try:
            for i in range(self.length):
                if valid != NULL and not (valid[i >> 3] >> (i & 7)) & 1:
                    out.append(None)
                elif self.kind in ("string", "bytes"):
                    span = <Span *> self.data + i
                    text = self.batch.span_bytes(span[0])
                    out.append(text if self.kind == "bytes" else text.decode("utf-8", "replace"))
                else:
                    out.append(memoryview(self)[i])
        finally:
            free(valid)
        return out

    cdef uint8_t *validity(self) except? NULL:
        """A bitmap of the items that have a value, the caller's to free; NULL when all have one."""
        cdef Py_ssize_t i
        cdef BatchData *b = &self.batch.d
        cdef int32_t key = self.key
        cdef uint8_t *bits
        if self.kind == "uint8" or self.length == 0:
            return NULL
        bits = <uint8_t *> calloc((self.length + 7) >> 3, 1)
        if bits == NULL:
            raise MemoryError
        if self.kind == "timestamp":
            for i in range(self.length):
                bits[i >> 3] |= <uint8_t> (((<int64_t *> self.data)[i] != 0) << (i & 7))
        elif self.kind == "string" or self.kind == "bytes":
            for i in range(self.length):
                bits[i >> 3] |= <uint8_t> (((<Span *> self.data)[i].len >= 0) << (i & 7))
        else:
            with nogil:
                find_values(b, key, bits)
        if count_missing(bits, self.length) == 0:
            free(bits)
            return NULL
        return bits

    def __arrow_c_schema__(self):
        """The column's type as an ``arrow_schema`` capsule."""
        cdef ArrowSchema *schema = new_schema()
        capsule = PyCapsule_New(schema, "arrow_schema", drop_schema)
        fill_schema(schema, self.arrow, self.name.encode(), 0)
        return capsule

    def __arrow_c_array__(self, requested_schema=None):
        """(``arrow_schema``, ``arrow_array``) capsules. ``requested_schema`` is not converted to: cast what you get."""
        cdef ArrowArray *array = new_array()
        capsule = PyCapsule_New(array, "arrow_array", drop_array)
        fill_array(array, self)
        return self.__arrow_c_schema__(), capsule

    def __repr__(self):
        return f"<Column {self.name!r} of {self.length} {self.kind} items>"


def column_names(Batch batch):
    """What :meth:`Batch.column` takes: the fixed columns, and ``attributes.<key>`` for each key that a record has."""
    cdef int32_t k
    cdef const BatchData *b = &batch.d
    names = list(FIXED)
    for k in range(b.nkeys):
        if b.attrs[k].form != 0 or survey(b, k):
            names.append(ATTRIBUTES + batch.key(k).decode("utf-8", "replace"))
    return names


def export_batch(Batch batch):
    """(``arrow_schema``, ``arrow_array``) capsules of a struct of all columns."""
    cdef ArrowSchema *schema = new_schema()
    schema_capsule = PyCapsule_New(schema, "arrow_schema", drop_schema)
    cdef ArrowArray *array = new_array()
    array_capsule = PyCapsule_New(array, "arrow_array", drop_array)
    cdef Column column
    cdef Py_ssize_t i
    columns = [Column(batch, name) for name in column_names(batch)]
    fill_schema(schema, b"+s", b"", len(columns))
    fill_struct(array, batch.records, len(columns))
    for i, column in enumerate(columns):
        fill_schema(schema.children[i], column.arrow, column.name.encode(), 0)
        fill_array(array.children[i], column)
    return schema_capsule, array_capsule


# ---- the Arrow structs. A capsule's destructor releases what no consumer has moved out of it.

cdef ArrowSchema *new_schema() except NULL:
    cdef ArrowSchema *schema = <ArrowSchema *> calloc(1, sizeof(ArrowSchema))
    if schema == NULL:
        raise MemoryError
    return schema


cdef ArrowArray *new_array() except NULL:
    cdef ArrowArray *array = <ArrowArray *> calloc(1, sizeof(ArrowArray))
    if array == NULL:
        raise MemoryError
    return array


cdef void drop_schema(object capsule) noexcept:
    cdef ArrowSchema *schema = <ArrowSchema *> PyCapsule_GetPointer(capsule, "arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    free(schema)


cdef void drop_array(object capsule) noexcept:
    cdef ArrowArray *array = <ArrowArray *> PyCapsule_GetPointer(capsule, "arrow_array")
    if array.release != NULL:
        array.release(array)
    free(array)


cdef void release_schema(ArrowSchema *schema) noexcept nogil:
    cdef int64_t i
    for i in range(schema.n_children):
        if schema.children[i] != NULL:
            if schema.children[i].release != NULL:
                schema.children[i].release(schema.children[i])
            free(schema.children[i])
    free(schema.children)
    free(schema.private_data)
    schema.release = NULL


cdef void release_array(ArrowArray *array) noexcept nogil:
    cdef Holdings *held = <Holdings *> array.private_data
    cdef int64_t i
    for i in range(array.n_children):
        if array.children[i] != NULL:
            if array.children[i].release != NULL:
                array.children[i].release(array.children[i])
            free(array.children[i])
    free(array.children)
    if held.owner != NULL:
        with gil:
            Py_DECREF(<object> held.owner)
    free(<void *> held.buffers[0])
    free(held.made)
    free(held)
    array.release = NULL


cdef int fill_schema(ArrowSchema *schema, bytes format, bytes name, int64_t children) except -1:
    cdef int64_t i
    cdef char *text = <char *> malloc(len(format) + len(name) + 2)
    if text == NULL:
        raise MemoryError
    strcpy(text, format)
    strcpy(text + len(format) + 1, name)
    schema.private_data = text
    schema.format = text
    schema.name = text + len(format) + 1
    schema.flags = 0 if children else ARROW_FLAG_NULLABLE
    schema.release = release_schema
    if children:
        schema.children = <ArrowSchema **> calloc(children, sizeof(void *))
        if schema.children == NULL:
            raise MemoryError
        schema.n_children = children
        for i in range(children):
            schema.children[i] = new_schema()
    return 0


cdef Holdings *hold(ArrowArray *array, int64_t length, int64_t buffers) except NULL:
    cdef Holdings *held = <Holdings *> calloc(1, sizeof(Holdings))
    if held == NULL:
        raise MemoryError
    array.private_data = held
    array.buffers = held.buffers
    array.length = length
    array.n_buffers = buffers
    array.release = release_array
    return held


cdef int fill_struct(ArrowArray *array, int64_t length, int64_t children) except -1:
    cdef int64_t i
    hold(array, length, 1)
    array.children = <ArrowArray **> calloc(children, sizeof(void *))
    if array.children == NULL:
        raise MemoryError
    array.n_children = children
    for i in range(children):
        array.children[i] = new_array()
    return 0


cdef int fill_array(ArrowArray *array, Column column) except -1:
    cdef bint text = column.kind == "string" or column.kind == "bytes"
    cdef Holdings *held = hold(array, column.length, 4 if text else 2)
    held.buffers[0] = column.validity()
    if held.buffers[0] != NULL:
        array.null_count = count_missing(<const uint8_t *> held.buffers[0], column.length)
    held.buffers[1] = column.data
    if text or column.kind == "bool":
        held.made = malloc(column.length * sizeof(View) + 1)
        if held.made == NULL:
            raise MemoryError
        held.buffers[1] = held.made
        with nogil:
            if text:
                put_views(<View *> held.made, <const Span *> column.data, column.length, column.batch.d.arena.data)
            else:
                put_bits(<uint8_t *> held.made, <const uint8_t *> column.data, column.length)
    if text:
        held.variadic_size = <int64_t> column.batch.d.arena.len
        held.buffers[2] = column.batch.d.arena.data
        held.buffers[3] = &held.variadic_size
    Py_INCREF(column)
    held.owner = <PyObject *> column
    return 0


cdef void put_views(View *views, const Span *spans, int64_t n, const uint8_t *arena) noexcept nogil:
    cdef int64_t i
    cdef Span span
    memset(views, 0, n * sizeof(View))
    for i in range(n):
        span = spans[i]
        if span.len < 0:
            continue
        views[i].size = span.len
        if span.len <= INLINE:
            memcpy(<uint8_t *> &views[i] + 4, arena + span.off, span.len)
        else:
            memcpy(views[i].prefix, arena + span.off, 4)
            views[i].offset = span.off


cdef void put_bits(uint8_t *bits, const uint8_t *values, int64_t n) noexcept nogil:
    cdef int64_t i
    memset(bits, 0, (n + 7) >> 3)
    for i in range(n):
        bits[i >> 3] |= <uint8_t> ((values[i] != 0) << (i & 7))
