"""Plain structs that every kernel shares. Offsets are into the one arena of a Batch, so they survive its growth;
a pointer into the arena does not survive an append to it."""

from libc.stdint cimport int32_t, int64_t, uint8_t


cdef struct Span:
    int32_t off
    int32_t len         # < 0: absent


cdef enum Kind:
    KIND_ABSENT = 0
    KIND_STRING = 1     # u.s, UTF-8
    KIND_BOOL = 2       # u.i, 0 or 1
    KIND_INT = 3        # u.i
    KIND_DOUBLE = 4     # u.d
    KIND_BYTES = 5      # u.s
    KIND_ANY = 6        # u.s is a protobuf-encoded AnyValue message: a map or an array
    KIND_NULL = 7       # the key is there, its AnyValue is empty


cdef union Payload:
    Span s
    int64_t i
    double d


cdef struct Value:
    int32_t kind
    Payload u


cdef enum Form:
    FORM_NONE = 0       # no row has it in this column
    FORM_SPANS = 1      # a string a row, absent where len < 0
    FORM_VALUES = 2     # a typed value a row
    FORM_CONST = 3      # the same value in every row


cdef struct Column:
    int32_t form
    Span *spans         # FORM_SPANS: rows long, in the batch's slab
    Value *values       # FORM_VALUES: rows long, in the batch's slab
    Value constant      # FORM_CONST


cdef struct Item:
    int32_t key         # index into the key table
    Value value


cdef enum RowFlag:
    ROW_DROPPED = 1     # encoders skip it
    ROW_FAILED = 2      # an operator with on_error: send could not parse it


cdef enum Status:
    OK = 0
    ERR_MEMORY = 1      # allocation failed
    ERR_ARENA = 2       # the arena would exceed 2 GiB
