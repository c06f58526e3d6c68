"""The Python side of a Batch: filling it, naming its resource, and reading it back a record at a time (for tests and
tools)."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free
from libc.string cimport memset

from fastlog._core.anyvalue import decode_any, encode_any, encode_map
from fastlog._core.memory cimport bytes_append, bytes_reserve, slab_alloc, slab_free, slab_reset
from fastlog._core.types cimport (
    ERR_ARENA,
    FORM_CONST,
    FORM_NONE,
    KIND_ABSENT,
    KIND_ANY,
    KIND_BOOL,
    KIND_BYTES,
    KIND_DOUBLE,
    KIND_INT,
    KIND_NULL,
    KIND_STRING,
    ROW_DROPPED,
    Column,
    Span,
    Value,
)


cdef class Resource:
    """One resource: its attributes and the URL of their schema, encoded once. Treat it as immutable; equal contents
    make equal resources."""

    def __init__(self, attributes=None, schema_url=""):
        self.attributes = dict(attributes or {})
        self.schema_url = schema_url

    cpdef bytes encoded(self):
        """The attributes as repeated KeyValue fields 1 of an OTLP Resource (resource/v1/resource.proto)."""
        if self._encoded is None:
            self._encoded = encode_map(self.attributes, 1)
        return self._encoded

    def __eq__(self, other):
        if not isinstance(other, Resource):
            return NotImplemented
        return self.encoded() == (<Resource> other).encoded() and self.schema_url == (<Resource> other).schema_url

    def __hash__(self):
        if self._hash is None:
            self._hash = hash((self.encoded(), self.schema_url))
        return self._hash

    def __repr__(self):
        url = f", {self.schema_url!r}" if self.schema_url else ""
        return f"Resource({self.attributes!r}{url})"


cdef class Batch:
    """N log records as columns over one arena.

    ``Batch(keys)`` interns ``keys`` (bytes) as the first columns, in that order. A receiver fills the arena through
    :meth:`writable` and :meth:`commit`; a plan's framing makes rows of it. One owner at a time: it is handed over,
    never shared.
    """

    def __cinit__(self, keys=()):
        cdef const uint8_t[::1] view
        memset(&self.d, 0, sizeof(BatchData))
        for key in keys:
            view = key or b"\0"
            if batch_intern(&self.d, &view[0], len(key)) < 0:
                raise MemoryError
        self.fixed_keys = self.d.nkeys
        self.preamble = self.d.arena.len
        self.resources = [Resource()]
        self.d.data_start = self.d.data_end = <int32_t> self.preamble

    def __dealloc__(self):
        free(self.d.arena.data)
        free(self.d.keys)
        free(self.d.attrs)
        free(self.d.resource_attrs)
        free(self.d.key_slots)
        free(self.d.items)
        slab_free(&self.d.slab)

    cdef int check(self, int status) except -1:
        if status == ERR_ARENA:
            raise OverflowError("a batch holds at most 2 GiB; submit smaller blocks")
        if status:
            raise MemoryError
        return 0

    cdef int check_unpinned(self) except -1:
        if self.pins:
            raise BufferError("columns of the batch are in use; drop them, and the arrays made of them, first")
        return 0

    cpdef reset(self):
        """Empty the batch for the next block; its memory and its fixed keys stay. BufferError while a column is in
        use."""
        cdef int32_t k
        cdef bint extra = self.d.nkeys > self.fixed_keys
        self.check_unpinned()
        if self.views:
            raise BufferError("the batch is being written to; release the view first")
        slab_reset(&self.d.slab)
        self.d.arena.len = self.preamble
        self.d.data_start = self.d.data_end = <int32_t> self.preamble
        self.d.rows = 0
        self.d.nkeys = self.fixed_keys
        for k in range(self.d.nkeys):
            self.d.attrs[k].form = FORM_NONE
        if extra:
            self.check(batch_reindex_keys(&self.d))
        self.d.body.form = FORM_NONE
        self.d.flags = NULL
        self.d.lines = NULL
        self.d.time_ns = NULL
        self.d.observed_ns = 0
        self.d.severity = NULL
        self.d.severity_text = NULL
        self.d.sparse = NULL
        self.d.nitems = 0
        free(self.d.resource_attrs)
        self.d.resource_attrs = NULL
        self.d.resource = NULL
        self.resources = [Resource()]
        self.origin = None
        self.state = None

    # ---- filling

    def writable(self, Py_ssize_t size):
        """A writable memoryview of ``size`` bytes behind the raw block so far. Release it, then :meth:`commit`."""
        if self.d.rows:
            raise ValueError("the batch has rows already; reset() it first")
        if size < 0:
            raise ValueError(f"cannot reserve {size} bytes")
        if self.views:
            raise BufferError("the batch is being written to; release the view first")
        self.check_unpinned()
        if self.d.data_start == self.d.data_end:
            self.d.data_start = self.d.data_end = <int32_t> self.d.arena.len
        elif <size_t> self.d.data_end != self.d.arena.len:
            raise ValueError("a constant was set behind the raw block; fill the block first")
        self.check(bytes_reserve(&self.d.arena, size))
        self.window = <int32_t> size
        return memoryview(self)

    def commit(self, Py_ssize_t size):
        """Take the first ``size`` bytes of the last writable view into the raw block."""
        if self.views:
            raise BufferError("the batch is being written to; release the view first")
        if not 0 <= size <= self.window:
            raise ValueError(f"{size} bytes were not reserved; the last writable view had {self.window}")
        self.window = 0
        self.d.arena.len += size
        self.d.data_end += <int32_t> size

    def fill(self, data):
        """Append a copy of ``data`` to the raw block."""
        cdef Py_ssize_t size = len(data)
        with self.writable(size) as view:
            view[:] = data
        self.commit(size)

    def last_newline(self):
        """How many bytes of the raw block end with its last LF; 0 when it has none."""
        cdef int32_t at = self.d.data_end
        while at > self.d.data_start and self.d.arena.data[at - 1] != 10:
            at -= 1
        return at - self.d.data_start

    def truncate(self, Py_ssize_t size):
        """Keep the first ``size`` bytes of the raw block."""
        if not 0 <= size <= self.d.data_end - self.d.data_start or self.d.rows:
            raise ValueError(f"cannot keep {size} bytes of a block of {self.d.data_end - self.d.data_start}")
        self.d.data_end = self.d.data_start + <int32_t> size
        self.d.arena.len = self.d.data_end

    def clone_raw(self):
        """A batch of the same keys with a copy of the raw block, its origin and resources; for a second pipeline."""
        cdef Batch twin = self.plan.new_batch() if self.plan is not None else Batch(self.key_names()[:self.fixed_keys])
        twin.fill(self.raw())
        twin.origin = self.origin
        twin.resources = list(self.resources)
        twin.d.observed_ns = self.d.observed_ns
        for k in range(self.d.nkeys):
            if self.d.attrs[k].form == FORM_CONST:
                twin.set_constant(self.key(k), self.python_value(self.d.attrs[k].constant))
        return twin

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.d.arena.data + self.d.arena.len, self.window, 0, flags)
        self.views += 1

    def __releasebuffer__(self, Py_buffer *view):
        self.views -= 1

    cdef Span append(self, data):
        cdef const uint8_t[::1] view
        cdef Span span
        span.off = <int32_t> self.d.arena.len
        span.len = <int32_t> len(data)
        if span.len:
            view = data
            self.check(bytes_append(&self.d.arena, &view[0], view.shape[0]))
        return span

    cdef Value arena_value(self, object value):
        """``value`` with its bytes in the arena."""
        cdef Value out
        out.u.i = 0
        if value is None:
            out.kind = KIND_NULL
        elif isinstance(value, str):
            out.kind = KIND_STRING
            out.u.s = self.append(value.encode())
        elif isinstance(value, bool):
            out.kind = KIND_BOOL
            out.u.i = value
        elif isinstance(value, int):
            out.kind = KIND_INT
            out.u.i = value
        elif isinstance(value, float):
            out.kind = KIND_DOUBLE
            out.u.d = value
        elif isinstance(value, bytes):
            out.kind = KIND_BYTES
            out.u.s = self.append(value)
        else:
            out.kind = KIND_ANY
            out.u.s = self.append(encode_any(value))
        return out

    cdef int32_t intern(self, bytes key) except -1:
        cdef const uint8_t *s = <const uint8_t *> <char *> key
        cdef int32_t k = batch_intern(&self.d, s, <int32_t> len(key))
        if k < 0:
            raise MemoryError
        return k

    def set_constant(self, bytes key, value):
        """Give every row the attribute ``key`` = ``value``, before or after framing; a row's own value is replaced. Not
        between two pieces of the raw block, which has to stay in one piece."""
        cdef int32_t k
        self.check_unpinned()
        k = self.intern(key)
        self.d.attrs[k].constant = self.arena_value(value)
        self.check(attr_promote(&self.d, k))
        self.d.attrs[k].form = FORM_CONST

    # ---- reading back

    @property
    def rows(self):
        """Rows, dropped ones included."""
        return self.d.rows

    @property
    def records(self):
        """Rows that are not dropped."""
        cdef int32_t row, n = 0
        for row in range(self.d.rows):
            n += not self.d.flags[row] & ROW_DROPPED
        return n

    @property
    def raw_size(self):
        """Bytes of the raw block."""
        return self.d.data_end - self.d.data_start

    @property
    def observed_time_unix_nano(self):
        """When the block was read, ns since the Unix epoch; the same for every record."""
        return self.d.observed_ns

    @observed_time_unix_nano.setter
    def observed_time_unix_nano(self, int64_t value):
        self.d.observed_ns = value

    @property
    def columns(self):
        """The names that :meth:`column` takes: ``time_unix_nano``, ``body``, ..., ``attributes.<key>``."""
        from fastlog._core.arrow import column_names
        return column_names(self)

    def column(self, name):
        """The :class:`~fastlog.Column` ``name``; KeyError when there is none, TypeError when its values have several
        kinds. Until it is gone, and every array made of it, the batch can't be released, reset or changed."""
        from fastlog._core.arrow import Column
        return Column(self, name)

    def __arrow_c_array__(self, requested_schema=None):
        """All columns as an Arrow struct, without copying text: ``pyarrow.record_batch(batch)``. TypeError when one has
        values of several kinds."""
        from fastlog._core.arrow import export_batch
        return export_batch(self)

    def raw(self):
        """A copy of the raw block."""
        return <bytes> self.d.arena.data[self.d.data_start:self.d.data_end]

    def line(self, int32_t row):
        """A copy of the bytes that made ``row``; IndexError beyond the last."""
        if not 0 <= row < self.d.rows:
            raise IndexError(f"row {row} of {self.d.rows}")
        return self.span_bytes(self.d.lines[row])

    cdef bytes span_bytes(self, Span span):
        return <bytes> self.d.arena.data[span.off:span.off + span.len]

    cdef bytes key(self, int32_t k):
        return self.span_bytes(self.d.keys[k])

    def key_names(self):
        """The interned attribute keys (bytes), fixed ones first."""
        return [self.key(k) for k in range(self.d.nkeys)]

    cdef object python_value(self, Value value):
        if value.kind == KIND_STRING:
            return self.span_bytes(value.u.s).decode("utf-8", "surrogateescape")
        if value.kind == KIND_BOOL:
            return bool(value.u.i)
        if value.kind == KIND_INT:
            return value.u.i
        if value.kind == KIND_DOUBLE:
            return value.u.d
        if value.kind == KIND_BYTES:
            return self.span_bytes(value.u.s)
        if value.kind == KIND_ANY:
            return decode_any(self.span_bytes(value.u.s))
        return None

    cdef dict row_attributes(self, int32_t row):
        cdef int32_t k, i
        cdef Value value
        out = {}
        for k in range(self.d.nkeys):
            value = column_get(&self.d.attrs[k], row)
            if value.kind != KIND_ABSENT:
                out[self.key(k).decode()] = self.python_value(value)
        if self.d.sparse != NULL:
            for i in range(self.d.sparse[row].off, self.d.sparse[row].off + self.d.sparse[row].len):
                out[self.key(self.d.items[i].key).decode()] = self.python_value(self.d.items[i].value)
        return out

    def record(self, int32_t row):
        """The record in ``row`` as a dict of Python values: time_unix_nano, observed_time_unix_nano, severity_number,
        severity_text, body, attributes, resource."""
        if not 0 <= row < self.d.rows:
            raise IndexError(f"row {row} of {self.d.rows}")
        text = None
        if self.d.severity_text != NULL and self.d.severity_text[row].len > 0:
            text = self.span_bytes(self.d.severity_text[row]).decode()
        resource = dict(self.resources[self.d.resource[row] if self.d.resource != NULL else 0].attributes)
        if self.d.resource_attrs != NULL:
            for k in range(self.d.nkeys):
                value = column_get(&self.d.resource_attrs[k], row)
                if value.kind != KIND_ABSENT:
                    resource[self.key(k).decode()] = self.python_value(value)
        return {
            "time_unix_nano": self.d.time_ns[row],
            "observed_time_unix_nano": self.d.observed_ns,
            "severity_number": self.d.severity[row] if self.d.severity != NULL else 0,
            "severity_text": text or "",
            "body": self.python_value(column_get(&self.d.body, row)),
            "attributes": self.row_attributes(row),
            "resource": resource,
        }

    def to_records(self):
        """Every record that is not dropped, as :meth:`record` gives it. Slow: a look at a batch, not a way to process
        it."""
        return [self.record(row) for row in range(self.d.rows) if not self.d.flags[row] & ROW_DROPPED]

    @staticmethod
    def from_records(records):
        """A batch of the dicts that :meth:`to_records` gives (missing keys take their defaults). Slow."""
        cdef Batch batch = Batch()
        cdef int32_t row
        records = list(records)
        batch.check(batch_begin_rows(&batch.d, <int32_t> len(records)))
        memset(batch.d.lines, 0, len(records) * sizeof(Span))
        memset(batch.d.body.spans, 0, len(records) * sizeof(Span))
        batch.check(column_values(&batch.d, &batch.d.body))
        batch.resources = []
        batch.d.resource = <int32_t *> slab_alloc(&batch.d.slab, len(records) * sizeof(int32_t))
        for row, record in enumerate(records):
            batch.d.time_ns[row] = record.get("time_unix_nano", 0)
            batch.d.observed_ns = record.get("observed_time_unix_nano", batch.d.observed_ns)
            batch.check(batch_begin_severity(&batch.d))
            batch.d.severity[row] = record.get("severity_number", 0)
            batch.d.severity_text[row] = batch.append(record.get("severity_text", "").encode())
            batch.d.body.values[row] = batch.arena_value(record.get("body"))
            for key, value in record.get("attributes", {}).items():
                k = batch.intern(key.encode())
                batch.check(sparse_append(&batch.d, row, k, batch.arena_value(value)))
            resource = Resource(record.get("resource", {}))
            if resource not in batch.resources:
                batch.resources.append(resource)
            batch.d.resource[row] = batch.resources.index(resource)
        if not batch.resources:
            batch.resources = [Resource()]
        return batch

    def release(self):
        """Hand the batch back to the plan that made it."""
        if self.home is not None:
            self.home.take_back(self)

    def __len__(self):
        return self.d.rows

    def __repr__(self):
        return f"<Batch of {self.d.rows} rows, {self.raw_size} bytes, {self.d.nkeys} keys>"
