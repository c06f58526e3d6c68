"""Runs compiled OTTL (pkg/ottl v0.160) over a batch: expressions on windows of selected rows, no row at a time.

A statement's condition narrows a list of rows, its expressions fill one Value a selected row, its editor stores them.
``fastlog/processors/transform/compiler.py`` makes the nodes; OPS, PLACES and EDITORS are the names it uses.
An expression that fails for a row gives KIND_ERROR there, and the statement is then not run for that row.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, strtod
from libc.string cimport memcmp, memcpy, memset

from fastlog._core.batch cimport (
    Batch,
    BatchData,
    attr_delete,
    attr_get,
    attr_set,
    batch_begin_severity,
    batch_find_key,
    batch_intern,
    batch_intern_span,
    column_get,
    column_set,
)
from fastlog._core.json cimport JSON_ANY, JSON_NO_MEMORY, JSON_OK, Json, json_free, json_parse, json_value
from fastlog._core.memory cimport Bytes, bytes_append, bytes_reserve, slab_alloc
from fastlog._core.regex cimport Program, Regex, regex_match
from fastlog._core.text cimport value_text
from fastlog._core.types cimport (
    ERR_MEMORY,
    FORM_CONST,
    FORM_NONE,
    FORM_VALUES,
    KIND_ABSENT,
    KIND_ANY,
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
from fastlog._core.value cimport (
    ANY_ARRAY,
    Name,
    Pair,
    absent,
    append_map,
    find_pair,
    is_map,
    map_entries,
    map_merge,
    map_with,
    map_without,
    next_pair,
    pair_size,
    put_pair_header,
    put_pair_value,
    read_value,
    read_varint,
)

cdef enum:
    WINDOW = 256
    KIND_ERROR = 64         # of a Value: the expression failed for this row
    MOST_TAGS = 1024

cdef enum Place:
    PLACE_BODY
    PLACE_BODY_STRING
    PLACE_ATTRIBUTES
    PLACE_CACHE
    PLACE_SEVERITY_NUMBER
    PLACE_SEVERITY_TEXT
    PLACE_TIME
    PLACE_OBSERVED

cdef enum Op:
    OP_LITERAL
    OP_PATH
    OP_INDEX                # a[i], or a[names]
    OP_EQ
    OP_NE
    OP_LT
    OP_LE
    OP_GT
    OP_GE
    OP_AND
    OP_OR
    OP_NOT
    OP_ADD
    OP_SUB
    OP_MUL
    OP_DIV
    OP_IS_KIND              # i: bit mask of kinds
    OP_IS_MAP
    OP_IS_LIST
    OP_IS_MATCH
    OP_LEN
    OP_SUBSTRING            # a, b, c
    OP_CASE                 # i: 0 lower, 1 upper
    OP_CONCAT               # children, delimiter in a
    OP_EXTRACT              # named groups of the regular expression as a map
    OP_PARSE_JSON
    OP_STRING
    OP_INT
    OP_DOUBLE
    OP_HAS_PREFIX
    OP_HAS_SUFFIX
    OP_STRING_ONLY          # a, an error unless it is a string

cdef enum Editor:
    EDIT_SET
    EDIT_MERGE              # flag: 0 insert, 1 update, 2 upsert
    EDIT_FLATTEN            # flag: the deepest level; value: the prefix, or nothing
    EDIT_DELETE_KEY
    EDIT_DELETE_MATCHING
    EDIT_KEEP_KEYS
    EDIT_KEEP_MATCHING

PLACES = {
    "body": PLACE_BODY, "body.string": PLACE_BODY_STRING, "attributes": PLACE_ATTRIBUTES, "cache": PLACE_CACHE,
    "severity_number": PLACE_SEVERITY_NUMBER, "severity_text": PLACE_SEVERITY_TEXT, "time_unix_nano": PLACE_TIME,
    "observed_time_unix_nano": PLACE_OBSERVED,
}
OPS = {
    "literal": OP_LITERAL, "path": OP_PATH, "index": OP_INDEX, "==": OP_EQ, "!=": OP_NE, "<": OP_LT, "<=": OP_LE,
    ">": OP_GT, ">=": OP_GE, "and": OP_AND, "or": OP_OR, "not": OP_NOT, "+": OP_ADD, "-": OP_SUB, "*": OP_MUL,
    "/": OP_DIV, "is_kind": OP_IS_KIND, "is_map": OP_IS_MAP, "is_list": OP_IS_LIST, "is_match": OP_IS_MATCH,
    "len": OP_LEN, "substring": OP_SUBSTRING, "case": OP_CASE, "concat": OP_CONCAT, "extract": OP_EXTRACT,
    "parse_json": OP_PARSE_JSON, "string": OP_STRING, "int": OP_INT, "double": OP_DOUBLE,
    "has_prefix": OP_HAS_PREFIX, "has_suffix": OP_HAS_SUFFIX, "string_only": OP_STRING_ONLY,
}
EDITORS = {
    "set": EDIT_SET, "merge_maps": EDIT_MERGE, "flatten": EDIT_FLATTEN, "delete_key": EDIT_DELETE_KEY,
    "delete_matching_keys": EDIT_DELETE_MATCHING, "keep_keys": EDIT_KEEP_KEYS, "keep_matching_keys": EDIT_KEEP_MATCHING,
}
KINDS = {
    "string": KIND_STRING,
    "bool": KIND_BOOL,
    "int": KIND_INT,
    "double": KIND_DOUBLE,
    "bytes": KIND_BYTES,
    "any": KIND_ANY,
}


cdef struct Node:
    int op
    int32_t a               # children, -1 = none
    int32_t b
    int32_t c
    int32_t first           # OP_CONCAT: its children in Code.children
    int32_t count
    int32_t place
    int32_t depth           # OP_PATH, OP_INDEX: names below the place
    int32_t text            # OP_LITERAL with bytes: which of Code.texts
    int64_t i
    const Name *names
    const Regex *regex
    int32_t ngroups         # OP_EXTRACT
    const int32_t *group
    const Name *group_name
    Value literal


cdef struct Command:
    int editor
    int32_t where           # -1 = every row
    int32_t place
    int32_t depth
    const Name *names
    int32_t value           # the node of the value, -1 = none
    int32_t flag
    const Regex *regex
    const Name *keys
    int32_t nkeys


cdef struct Group:
    int32_t first           # conditions in Code.children; a row needs one of them
    int32_t count
    int32_t begin           # commands
    int32_t end
    bint propagate          # an error drops the whole batch


# Simple case mappings (Unicode, UnicodeData.txt) of what is not ASCII, sorted by the code point.
cdef struct CaseMap:
    const uint32_t *source
    const uint32_t *target
    int32_t count


cdef struct Code:
    const Node *nodes
    const int32_t *children
    const Command *commands
    const Group *groups
    int32_t ngroups
    const Name *texts
    int32_t ntexts
    CaseMap[2] cases


cdef struct Run:
    const Code *code
    BatchData *b
    Span *texts             # the constants' bytes in the arena
    Value *cache            # a map a row of the window
    int32_t lo
    Json json
    Bytes scratch
    Value empty_map
    int64_t errors


# ---- values

cdef inline Value error_value() noexcept nogil:
    cdef Value value
    value.kind = KIND_ERROR
    value.u.i = 0
    return value


cdef inline Value bool_value(bint yes) noexcept nogil:
    cdef Value value
    value.kind = KIND_BOOL
    value.u.i = yes
    return value


cdef inline Value int_value(int64_t i) noexcept nogil:
    cdef Value value
    value.kind = KIND_INT
    value.u.i = i
    return value


cdef inline bint is_list(const Run *r, Value value) noexcept nogil:
    return value.kind == KIND_ANY and r.b.arena.data[value.u.s.off] == ANY_ARRAY


cdef inline Value plain(Value value) noexcept nogil:
    """OTTL knows no empty value, only nil."""
    if value.kind == KIND_NULL:
        value.kind = KIND_ABSENT
    return value


cdef int text_of(Run *r, Value value, Value *out) noexcept nogil:
    """``value`` as a string in the arena (pdata's AsString; StringLikeGetter). A status."""
    cdef int status
    if value.kind == KIND_STRING or value.kind == KIND_ABSENT or value.kind == KIND_ERROR:
        out[0] = value
        return 0
    r.scratch.len = 0
    status = value_text(&r.scratch, value, r.b.arena.data)
    return status if status else string_from(r, out)


cdef int string_from(Run *r, Value *out) noexcept nogil:
    """The scratch as a string value in the arena. A status."""
    out.kind = KIND_STRING
    out.u.s.off = <int32_t> r.b.arena.len
    out.u.s.len = <int32_t> r.scratch.len
    return bytes_append(&r.b.arena, r.scratch.data, r.scratch.len)


cdef Value list_item(const Run *r, Value list_, int64_t index) noexcept nogil:
    """KIND_ERROR when there is none."""
    cdef const uint8_t *arena = r.b.arena.data
    cdef int32_t at = list_.u.s.off + 1
    cdef int32_t end
    cdef Span message
    end = read_varint(arena, &at)
    end += at
    while at < end:
        at += 1
        message.len = read_varint(arena, &at)
        message.off = at
        if index == 0:
            return plain(read_value(arena, message))
        index -= 1
        at += message.len
    return error_value()


cdef int64_t count_items(const Run *r, Value value) noexcept nogil:
    cdef const uint8_t *arena = r.b.arena.data
    cdef int32_t at = value.u.s.off + 1
    cdef int32_t end, size
    cdef int64_t n = 0
    end = read_varint(arena, &at)
    end += at
    while at < end:
        at += 1
        size = read_varint(arena, &at)
        at += size
        n += 1
    return n


cdef int whole_attributes(Run *r, int32_t row, Value *out) noexcept nogil:
    """The row's attributes as a map value. A status."""
    cdef BatchData *b = r.b
    cdef int32_t k, size = 0
    cdef Value value
    cdef Span key
    cdef uint8_t *at
    cdef int status
    for k in range(b.nkeys):
        value = attr_get(b, row, k)
        if value.kind != KIND_ABSENT:
            size += pair_size(b.keys[k].len, &value)
    status = append_map(b, size, out)
    if status:
        return status
    for k in range(b.nkeys):
        value = attr_get(b, row, k)
        if value.kind != KIND_ABSENT:
            key = b.keys[k]
            at = put_pair_header(b.arena.data + b.arena.len, key.len, &value)
            memcpy(at, b.arena.data + key.off, key.len)
            b.arena.len = put_pair_value(at + key.len, b.arena.data, &value) - b.arena.data
    return 0


# ---- expressions

cdef int get_path(Run *r, const Node *node, int32_t row, Value *out) noexcept nogil:
    cdef BatchData *b = r.b
    cdef int32_t key
    cdef int32_t depth = node.depth
    cdef const Name *names = node.names
    cdef Value value = absent()
    cdef int status = 0
    if node.place == PLACE_ATTRIBUTES:
        if depth == 0:
            return whole_attributes(r, row, out)
        key = batch_find_key(b, names[0].s, names[0].len)
        if key >= 0:
            value = attr_get(b, row, key)
        names += 1
        depth -= 1
    elif node.place == PLACE_BODY:
        value = column_get(&b.body, row)
    elif node.place == PLACE_BODY_STRING:
        value = column_get(&b.body, row)
        if value.kind == KIND_ABSENT or value.kind == KIND_NULL:
            value.kind = KIND_STRING
            value.u.s.off = 0
            value.u.s.len = 0
        return text_of(r, value, out)
    elif node.place == PLACE_CACHE:
        value = r.cache[row - r.lo]
    elif node.place == PLACE_SEVERITY_NUMBER:
        value = int_value(b.severity[row] if b.severity != NULL else 0)
    elif node.place == PLACE_SEVERITY_TEXT:
        value.kind = KIND_STRING
        value.u.s.off = value.u.s.len = 0
        if b.severity_text != NULL:
            value.u.s = b.severity_text[row]
    elif node.place == PLACE_TIME:
        value = int_value(b.time_ns[row])
    elif node.place == PLACE_OBSERVED:
        value = int_value(b.observed_ns)
    if depth:
        value = keys_of(r, value, names, depth)
    out[0] = plain(value)
    return status


cdef void get_attributes(const Run *r, const Name *name, const int32_t *rows, int32_t n, Value *out) noexcept nogil:
    """One attribute of every row: its key is looked up once."""
    cdef int32_t key = batch_find_key(r.b, name.s, name.len)
    cdef int32_t i
    for i in range(n):
        out[i] = plain(attr_get(r.b, rows[i], key)) if key >= 0 else absent()


cdef Value keys_of(const Run *r, Value value, const Name *names, int32_t depth) noexcept nogil:
    """nil where a map lacks the key, an error where there is no map."""
    cdef Pair pair
    cdef int32_t i
    for i in range(depth):
        value = plain(value)
        if value.kind == KIND_ABSENT:
            return value
        if not is_map(r.b, value):
            return error_value()
        if not find_pair(r.b.arena.data, value, names[i].s, names[i].len, &pair):
            return absent()
        value = pair.value
    return value


cdef bint compare(const Run *r, int op, Value a, Value b) noexcept nogil:
    """pkg/ottl compare.go: nil equals nil and nothing else; values of different types are just different."""
    cdef double x, y
    cdef int order, size
    if a.kind == KIND_ABSENT and b.kind == KIND_ABSENT:
        return op == OP_EQ or op == OP_LE or op == OP_GE
    if (a.kind == KIND_STRING and b.kind == KIND_STRING) or (a.kind == KIND_BYTES and b.kind == KIND_BYTES):
        size = min(a.u.s.len, b.u.s.len)
        order = memcmp(r.b.arena.data + a.u.s.off, r.b.arena.data + b.u.s.off, size) if size else 0
        if order == 0:
            order = (a.u.s.len > b.u.s.len) - (a.u.s.len < b.u.s.len)
    elif a.kind == b.kind and (a.kind == KIND_INT or a.kind == KIND_BOOL):
        order = (a.u.i > b.u.i) - (a.u.i < b.u.i)
    elif (a.kind == KIND_INT or a.kind == KIND_DOUBLE) and (b.kind == KIND_INT or b.kind == KIND_DOUBLE):
        x = <double> a.u.i if a.kind == KIND_INT else a.u.d
        y = <double> b.u.i if b.kind == KIND_INT else b.u.d
        if x != x or y != y:
            return op == OP_NE
        order = (x > y) - (x < y)
    elif a.kind == KIND_ANY and b.kind == KIND_ANY and (op == OP_EQ or op == OP_NE):
        order = a.u.s.len != b.u.s.len or memcmp(r.b.arena.data + a.u.s.off, r.b.arena.data + b.u.s.off, a.u.s.len) != 0
    else:
        return op == OP_NE
    if op == OP_EQ:
        return order == 0
    if op == OP_NE:
        return order != 0
    if op == OP_LT:
        return order < 0
    if op == OP_LE:
        return order <= 0
    if op == OP_GT:
        return order > 0
    return order >= 0


cdef Value arithmetic(int op, Value a, Value b) noexcept nogil:
    cdef Value out
    cdef double x, y
    if a.kind == KIND_INT and b.kind == KIND_INT:
        out.kind = KIND_INT
        if op == OP_ADD:
            out.u.i = <int64_t> (<unsigned long long> a.u.i + <unsigned long long> b.u.i)
        elif op == OP_SUB:
            out.u.i = <int64_t> (<unsigned long long> a.u.i - <unsigned long long> b.u.i)
        elif op == OP_MUL:
            out.u.i = <int64_t> (<unsigned long long> a.u.i * <unsigned long long> b.u.i)
        elif b.u.i == 0:
            return error_value()
        else:
            out.u.i = a.u.i if b.u.i == 1 else -a.u.i if b.u.i == -1 else a.u.i / b.u.i
        return out
    if (a.kind != KIND_INT and a.kind != KIND_DOUBLE) or (b.kind != KIND_INT and b.kind != KIND_DOUBLE):
        return error_value()
    x = <double> a.u.i if a.kind == KIND_INT else a.u.d
    y = <double> b.u.i if b.kind == KIND_INT else b.u.d
    out.kind = KIND_DOUBLE
    if op == OP_DIV and y == 0:
        return error_value()
    out.u.d = x + y if op == OP_ADD else x - y if op == OP_SUB else x * y if op == OP_MUL else x / y
    return out


cdef int match(Run *r, const Regex *regex, const uint8_t *s, int32_t size, bint *found) noexcept nogil:
    cdef int32_t[MOST_TAGS] tags
    found[0] = regex_match(regex, s, s + size, tags) != 0
    return 0


cdef int extract(Run *r, const Node *node, Value text, Value *out) noexcept nogil:
    """A map of the named groups; an empty one where the pattern does not match. A status."""
    cdef int32_t[MOST_TAGS] tags
    cdef const uint8_t *s = r.b.arena.data + text.u.s.off
    cdef int32_t i, start, size = 0
    cdef Value part
    cdef uint8_t *at
    cdef int status
    out[0] = r.empty_map
    if not regex_match(node.regex, s, s + text.u.s.len, tags):
        return 0
    part.kind = KIND_STRING
    for i in range(node.ngroups):
        start = tags[2 * node.group[i]]
        part.u.s.len = tags[2 * node.group[i] + 1] - start if start >= 0 else 0
        size += pair_size(node.group_name[i].len, &part)
    status = append_map(r.b, size, out)
    if status:
        return status
    for i in range(node.ngroups):
        start = tags[2 * node.group[i]]
        part.u.s.off = text.u.s.off + (start if start >= 0 else 0)
        part.u.s.len = tags[2 * node.group[i] + 1] - start if start >= 0 else 0
        at = put_pair_header(r.b.arena.data + r.b.arena.len, node.group_name[i].len, &part)
        memcpy(at, node.group_name[i].s, node.group_name[i].len)
        r.b.arena.len = put_pair_value(at + node.group_name[i].len, r.b.arena.data, &part) - r.b.arena.data
    return 0


cdef int parse_json(Run *r, Value text, Value *out) noexcept nogil:
    cdef int code = json_parse(&r.json, r.b, text.u.s, JSON_ANY)
    if code == JSON_NO_MEMORY:
        return ERR_MEMORY
    if code != JSON_OK:
        out[0] = error_value()
        return 0
    code = json_value(&r.json, r.b, 0, out)
    if out.kind != KIND_ANY:
        out[0] = error_value()      # only objects and arrays: pkg/ottl ottlfuncs/func_parse_json.go
    return code


cdef uint32_t map_rune(const CaseMap *cases, uint32_t rune) noexcept nogil:
    cdef int32_t low = 0, high = cases.count, middle
    while low < high:
        middle = (low + high) >> 1
        if cases.source[middle] < rune:
            low = middle + 1
        else:
            high = middle
    if low < cases.count and cases.source[low] == rune:
        return cases.target[low]
    return rune


cdef int put_rune(Bytes *out, uint32_t rune) noexcept nogil:
    cdef uint8_t *to
    if bytes_reserve(out, 4):
        return ERR_MEMORY
    to = out.data + out.len
    if rune < 0x80:
        to[0] = <uint8_t> rune
        out.len += 1
    elif rune < 0x800:
        to[0] = <uint8_t> (0xC0 | rune >> 6)
        to[1] = <uint8_t> (0x80 | rune & 0x3F)
        out.len += 2
    elif rune < 0x10000:
        to[0] = <uint8_t> (0xE0 | rune >> 12)
        to[1] = <uint8_t> (0x80 | rune >> 6 & 0x3F)
        to[2] = <uint8_t> (0x80 | rune & 0x3F)
        out.len += 3
    else:
        to[0] = <uint8_t> (0xF0 | rune >> 18)
        to[1] = <uint8_t> (0x80 | rune >> 12 & 0x3F)
        to[2] = <uint8_t> (0x80 | rune >> 6 & 0x3F)
        to[3] = <uint8_t> (0x80 | rune & 0x3F)
        out.len += 4
    return 0


cdef int change_case(Run *r, Value text, int upper, Value *out) noexcept nogil:
    """Lower or upper case rune by rune (Go's strings.ToLower, ToUpper); the same value when nothing changes. A
    status."""
    cdef const uint8_t *s = r.b.arena.data + text.u.s.off
    cdef const CaseMap *cases = &r.code.cases[upper]
    cdef uint8_t first = 97 if upper else 65
    cdef int32_t i = 0, size = text.u.s.len
    cdef uint32_t rune
    out[0] = text
    while i < size and s[i] < 0x80 and <uint8_t> (s[i] - first) > 25:
        i += 1
    if i == size:
        return 0
    r.scratch.len = 0
    i = 0
    while i < size:
        if s[i] < 0x80:
            rune = s[i] ^ 32 if <uint8_t> (s[i] - first) <= 25 else s[i]
            i += 1
        elif s[i] < 0xE0:
            rune = map_rune(cases, (s[i] & 0x1F) << 6 | (s[i + 1] & 0x3F))
            i += 2
        elif s[i] < 0xF0:
            rune = map_rune(cases, (s[i] & 0x0F) << 12 | (s[i + 1] & 0x3F) << 6 | (s[i + 2] & 0x3F))
            i += 3
        else:
            rune = map_rune(cases, <uint32_t> (s[i] & 7) << 18 | (s[i + 1] & 0x3F) << 12 | (s[i + 2] & 0x3F) << 6
                            | (s[i + 3] & 0x3F))
            i += 4
        if put_rune(&r.scratch, rune):
            return ERR_MEMORY
    return string_from(r, out)


cdef Value parsed_int(const Run *r, Value value) noexcept nogil:
    """The converter Int: nil where a string is no decimal number."""
    cdef const uint8_t *s
    cdef int32_t i = 0, size
    cdef bint negative
    cdef unsigned long long n = 0
    if value.kind == KIND_INT:
        return value
    if value.kind == KIND_BOOL:
        return int_value(value.u.i)
    if value.kind == KIND_DOUBLE:
        if -9.2233720368547758e18 <= value.u.d < 9.2233720368547758e18:
            return int_value(<int64_t> value.u.d)
        return int_value(<int64_t> (<unsigned long long> 1 << 63))
    if value.kind != KIND_STRING:
        return absent()
    s = r.b.arena.data + value.u.s.off
    size = value.u.s.len
    negative = size > 0 and s[0] == 45
    if size > 0 and (s[0] == 45 or s[0] == 43):
        i = 1
    if i == size or size - i > 19:
        return absent()
    while i < size:
        if <uint8_t> (s[i] - 48) > 9:
            return absent()
        n = n * 10 + (s[i] - 48)
        i += 1
    if n > (<unsigned long long> 1 << 63) - (0 if negative else 1):
        return absent()
    return int_value(<int64_t> (0 - n if negative else n))


cdef int parsed_double(Run *r, Value value, Value *out) noexcept nogil:
    """The converter Double: nil where a string is no number. A status."""
    cdef char *end
    out[0] = value
    if value.kind == KIND_INT or value.kind == KIND_BOOL:
        out.kind = KIND_DOUBLE
        out.u.d = <double> value.u.i
    elif value.kind == KIND_STRING and value.u.s.len and r.b.arena.data[value.u.s.off] > 32:
        r.scratch.len = 0
        if (bytes_append(&r.scratch, r.b.arena.data + value.u.s.off, value.u.s.len)
                or bytes_append(&r.scratch, <const uint8_t *> b"\0", 1)):
            return ERR_MEMORY
        out.kind = KIND_DOUBLE
        out.u.d = strtod(<const char *> r.scratch.data, &end)
        if end != <char *> r.scratch.data + value.u.s.len:
            out[0] = absent()
    elif value.kind != KIND_DOUBLE:
        out[0] = absent()
    return 0


cdef int evaluate_row(Run *r, const Node *node, Value a, Value b, Value c, Value *out) noexcept nogil:
    """The operators of one to three values, for one row. A status."""
    cdef bint found = False
    cdef int status
    cdef int32_t size
    if a.kind == KIND_ERROR or b.kind == KIND_ERROR or c.kind == KIND_ERROR:
        out[0] = error_value()
        return 0
    if OP_EQ <= node.op <= OP_GE:
        out[0] = bool_value(compare(r, node.op, a, b))
    elif OP_ADD <= node.op <= OP_DIV:
        out[0] = arithmetic(node.op, a, b)
    elif node.op == OP_NOT:
        out[0] = bool_value(not a.u.i) if a.kind == KIND_BOOL else error_value()
    elif node.op == OP_INDEX:
        if node.depth:
            out[0] = plain(keys_of(r, a, node.names, node.depth))
        else:
            out[0] = list_item(r, a, node.i) if is_list(r, a) and node.i >= 0 else error_value()
    elif node.op == OP_IS_KIND:
        out[0] = bool_value(a.kind < 32 and node.i >> a.kind & 1)
    elif node.op == OP_IS_MAP:
        out[0] = bool_value(is_map(r.b, a))
    elif node.op == OP_IS_LIST:
        out[0] = bool_value(is_list(r, a))
    elif node.op == OP_IS_MATCH:
        status = text_of(r, a, &a)
        if status == 0 and a.kind == KIND_STRING:
            status = match(r, node.regex, r.b.arena.data + a.u.s.off, a.u.s.len, &found)
        out[0] = bool_value(found)
        return status
    elif node.op == OP_LEN:
        if a.kind == KIND_STRING or a.kind == KIND_BYTES:
            out[0] = int_value(a.u.s.len)
        else:
            out[0] = int_value(count_items(r, a)) if a.kind == KIND_ANY else error_value()
    elif node.op == OP_SUBSTRING:
        out[0] = error_value()
        if a.kind == KIND_STRING and b.kind == KIND_INT and c.kind == KIND_INT and b.u.i >= 0 and c.u.i > 0:
            if b.u.i <= a.u.s.len and c.u.i <= a.u.s.len - b.u.i:
                a.u.s.off += <int32_t> b.u.i
                a.u.s.len = <int32_t> c.u.i
                out[0] = a
    elif node.op == OP_CASE:
        out[0] = error_value()
        if a.kind == KIND_STRING:
            return change_case(r, a, <int> node.i, out)
    elif node.op == OP_EXTRACT:
        out[0] = error_value()
        if a.kind == KIND_STRING:
            return extract(r, node, a, out)
    elif node.op == OP_PARSE_JSON:
        out[0] = error_value()
        if a.kind == KIND_STRING:
            return parse_json(r, a, out)
    elif node.op == OP_STRING:
        return text_of(r, a, out)
    elif node.op == OP_INT:
        out[0] = parsed_int(r, a)
    elif node.op == OP_DOUBLE:
        return parsed_double(r, a, out)
    elif node.op == OP_STRING_ONLY:
        out[0] = a if a.kind == KIND_STRING else error_value()
    else:
        out[0] = error_value()
        if a.kind == KIND_STRING and b.kind == KIND_STRING:
            size = b.u.s.len
            if size <= a.u.s.len:
                a.u.s.off += 0 if node.op == OP_HAS_PREFIX else a.u.s.len - size
                found = memcmp(r.b.arena.data + a.u.s.off, r.b.arena.data + b.u.s.off, size) == 0
            out[0] = bool_value(found)
    return 0


cdef int concat(Run *r, const Node *node, const int32_t *rows, int32_t n, Value *out) noexcept nogil:
    """Texts of the children with the delimiter between them; what has no simple text is left out."""
    cdef Value[WINDOW] part
    cdef Value delimiter = r.code.nodes[node.a].literal
    cdef Value joined
    cdef int32_t i, j
    cdef int status
    delimiter.u.s = r.texts[r.code.nodes[node.a].text]
    for i in range(n):
        out[i].kind = KIND_STRING
        out[i].u.s.off = out[i].u.s.len = 0
    for j in range(node.count):
        status = evaluate(r, r.code.children[node.first + j], rows, n, part)
        if status:
            return status
        for i in range(n):
            if part[i].kind == KIND_ERROR:
                out[i] = part[i]
            if out[i].kind == KIND_ERROR:
                continue
            r.scratch.len = 0
            status = bytes_append(&r.scratch, r.b.arena.data + out[i].u.s.off, out[i].u.s.len)
            if status == 0 and j:
                status = bytes_append(&r.scratch, r.b.arena.data + delimiter.u.s.off, delimiter.u.s.len)
            if status == 0 and part[i].kind == KIND_ABSENT:
                status = bytes_append(&r.scratch, <const uint8_t *> b"<nil>", 5)
            elif status == 0:
                status = value_text(&r.scratch, part[i], r.b.arena.data)
            if status == 0:
                status = string_from(r, &joined)
            if status:
                return status
            out[i] = joined
    return 0


cdef int evaluate(Run *r, int32_t index, const int32_t *rows, int32_t n, Value *out) noexcept nogil:
    """The expression at node ``index`` for each of ``rows``. A status."""
    cdef const Node *node = &r.code.nodes[index]
    cdef Value[WINDOW] b
    cdef Value[WINDOW] c
    cdef int32_t[WINDOW] rest
    cdef Value value
    cdef int32_t i, m
    cdef int status = 0
    if node.op == OP_LITERAL:
        value = node.literal
        if node.text >= 0:
            value.u.s = r.texts[node.text]
        for i in range(n):
            out[i] = value
        return 0
    if node.op == OP_PATH:
        if node.place == PLACE_ATTRIBUTES and node.depth == 1:
            get_attributes(r, &node.names[0], rows, n, out)
            return 0
        for i in range(n):
            status = get_path(r, node, rows[i], &out[i])
            if status:
                return status
        return 0
    if node.op == OP_CONCAT:
        return concat(r, node, rows, n, out)
    status = evaluate(r, node.a, rows, n, out)
    if status:
        return status
    if node.op == OP_AND or node.op == OP_OR:
        m = 0
        for i in range(n):
            if out[i].kind != KIND_BOOL:
                out[i] = error_value()
            elif (out[i].u.i != 0) == (node.op == OP_AND):
                rest[m] = rows[i]
                m += 1
        if m:
            status = evaluate(r, node.b, rest, m, b)
            m = 0
            for i in range(n):
                if out[i].kind == KIND_BOOL and (out[i].u.i != 0) == (node.op == OP_AND):
                    out[i] = b[m] if b[m].kind == KIND_BOOL else error_value()
                    m += 1
        return status
    if node.b >= 0:
        status = evaluate(r, node.b, rows, n, b)
        if status:
            return status
    if node.c >= 0:
        status = evaluate(r, node.c, rows, n, c)
        if status:
            return status
    value = absent()
    for i in range(n):
        status = evaluate_row(r, node, out[i], b[i] if node.b >= 0 else value, c[i] if node.c >= 0 else value, &out[i])
        if status:
            return status
    return 0


# ---- editors

cdef int set_keys(Run *r, Value root, const Name *names, int32_t depth, Value value, Value *out) noexcept nogil:
    """``root`` with the value at ``names``; maps are made where nothing is. KIND_ERROR where something else is."""
    cdef Value inner = absent()
    cdef Pair pair
    cdef int status
    if depth == 0:
        out[0] = value
        return 0
    root = plain(root)
    if root.kind != KIND_ABSENT and not is_map(r.b, root):
        out[0] = error_value()
        return 0
    if find_pair(r.b.arena.data, root, names[0].s, names[0].len, &pair):
        inner = pair.value
    status = set_keys(r, inner, names + 1, depth - 1, value, &inner)
    if status or inner.kind == KIND_ERROR:
        out[0] = inner
        return status
    return map_with(r.b, root, names[0], inner, out)


cdef int clear_attributes(BatchData *b, int32_t row) noexcept nogil:
    cdef int32_t k
    cdef int status
    for k in range(b.nkeys):
        if b.attrs[k].form != FORM_NONE:
            status = column_set(b, &b.attrs[k], row, absent())
            if status:
                return status
    if b.sparse != NULL:
        b.sparse[row].len = 0
    return 0


cdef int put_entries(BatchData *b, int32_t row, Value map_) noexcept nogil:
    """Set every entry of the map as an attribute."""
    cdef Span rest = map_entries(b.arena.data, map_)
    cdef Pair pair
    cdef int32_t key
    cdef int status
    while next_pair(b.arena.data, &rest, &pair):
        key = batch_intern_span(b, pair.key)
        if key < 0:
            return ERR_MEMORY
        status = attr_set(b, row, key, pair.value)
        if status:
            return status
    return 0


cdef int store(Run *r, const Command *command, int32_t row, Value value) noexcept nogil:
    """Set the command's target; a value of a type that it can't take is counted as an error. A status."""
    cdef BatchData *b = r.b
    cdef int32_t key
    cdef int status = 0
    cdef Value root
    if value.kind == KIND_ABSENT:
        return 0
    if command.place == PLACE_ATTRIBUTES:
        if command.depth == 0:
            if not is_map(r.b, value):
                r.errors += 1
                return 0
            status = clear_attributes(b, row)
            return status if status else put_entries(b, row, value)
        key = batch_intern(b, command.names[0].s, command.names[0].len)
        if key < 0:
            return ERR_MEMORY
        status = set_keys(r, attr_get(b, row, key), command.names + 1, command.depth - 1, value, &root)
        if status == 0 and root.kind != KIND_ERROR:
            return attr_set(b, row, key, root)
    elif command.place == PLACE_BODY or command.place == PLACE_BODY_STRING:
        root = value
        if command.depth:
            status = set_keys(r, column_get(&b.body, row), command.names, command.depth, value, &root)
        if status == 0 and root.kind != KIND_ERROR:
            return column_set(b, &b.body, row, root)
    elif command.place == PLACE_CACHE:
        root = value
        if command.depth:
            status = set_keys(r, r.cache[row - r.lo], command.names, command.depth, value, &root)
        elif not is_map(r.b, value):
            root = error_value()
        if status == 0 and root.kind != KIND_ERROR:
            r.cache[row - r.lo] = root
            return 0
    elif command.place == PLACE_SEVERITY_NUMBER:
        root = value if value.kind == KIND_INT else error_value()
        if root.kind != KIND_ERROR:
            status = batch_begin_severity(b)
            if status == 0:
                b.severity[row] = <uint8_t> value.u.i
            return status
    elif command.place == PLACE_SEVERITY_TEXT:
        root = value if value.kind == KIND_STRING else error_value()
        if root.kind != KIND_ERROR:
            status = batch_begin_severity(b)
            if status == 0:
                b.severity_text[row] = value.u.s
            return status
    else:
        root = value if value.kind == KIND_INT else error_value()
        if root.kind != KIND_ERROR:
            if command.place == PLACE_TIME:
                b.time_ns[row] = value.u.i
            return 0
    r.errors += 1
    return status


cdef int target_map(Run *r, const Command *command, int32_t row, Value *out) noexcept nogil:
    """The map that the command is about; KIND_ERROR where it is none. A status."""
    cdef Node node
    cdef int status
    memset(&node, 0, sizeof(node))
    node.op = OP_PATH
    node.place = command.place
    node.depth = command.depth
    node.names = command.names
    status = get_path(r, &node, row, out)
    if status == 0 and not is_map(r.b, out[0]):
        out[0] = error_value()
    return status


cdef int merge(Run *r, const Command *command, int32_t row, Value extra) noexcept nogil:
    cdef BatchData *b = r.b
    cdef Span rest
    cdef Pair pair, other
    cdef Value target
    cdef int32_t key
    cdef int status = 0
    cdef bint present
    cdef Name name
    if not is_map(r.b, extra):
        r.errors += 1
        return 0
    rest = map_entries(b.arena.data, extra)
    if command.place == PLACE_ATTRIBUTES and command.depth == 0:
        while status == 0 and next_pair(b.arena.data, &rest, &pair):
            key = batch_intern_span(b, pair.key)
            if key < 0:
                return ERR_MEMORY
            if command.flag != 2:
                present = attr_get(b, row, key).kind != KIND_ABSENT
                if present != (command.flag == 1):
                    continue
            status = attr_set(b, row, key, pair.value)
        return status
    status = target_map(r, command, row, &target)
    if status:
        return status
    if target.kind == KIND_ERROR:
        r.errors += 1
        return 0
    if command.flag == 2:
        status = map_merge(b, target, extra, &target)
    else:
        while status == 0 and next_pair(b.arena.data, &rest, &pair):
            present = find_pair(b.arena.data, target, b.arena.data + pair.key.off, pair.key.len, &other)
            if present == (command.flag == 1):
                # The key is copied out of the arena, which grows.
                r.scratch.len = 0
                status = bytes_append(&r.scratch, b.arena.data + pair.key.off, pair.key.len)
                name.s = r.scratch.data
                name.len = pair.key.len
                if status == 0:
                    status = map_with(b, target, name, pair.value, &target)
    return status if status else store(r, command, row, target)


cdef int flat_put(Run *r, int32_t row, Value *map_, bint attributes, Value value) noexcept nogil:
    """One entry of the result, called as the scratch says."""
    cdef int32_t key
    cdef Name name
    if attributes:
        key = batch_intern(r.b, r.scratch.data, <int32_t> r.scratch.len)
        return attr_set(r.b, row, key, value) if key >= 0 else ERR_MEMORY
    name.s = r.scratch.data
    name.len = <int32_t> r.scratch.len
    return map_with(r.b, map_[0], name, value, map_)


cdef int flat_index(Bytes *out, int64_t index) noexcept nogil:
    cdef uint8_t[20] digits
    cdef int n = 20
    while True:
        n -= 1
        digits[n] = <uint8_t> (48 + index % 10)
        index = index // 10
        if index == 0:
            return bytes_append(out, digits + n, 20 - n)


cdef int flat_map(Run *r, int32_t row, Value *map_, bint attributes, Value source, int64_t depth,
                  int64_t deepest) noexcept nogil:
    """flattenMap of ottlfuncs/func_flatten.go; the scratch is the prefix and is left as it was."""
    cdef size_t prefix = r.scratch.len
    cdef size_t base
    cdef Span rest = map_entries(r.b.arena.data, source)
    cdef Pair pair
    cdef int status = 0
    if prefix:
        status = bytes_append(&r.scratch, <const uint8_t *> b".", 1)
    base = r.scratch.len
    while status == 0 and next_pair(r.b.arena.data, &rest, &pair):
        status = bytes_append(&r.scratch, r.b.arena.data + pair.key.off, pair.key.len)
        if status == 0:
            status = flat_value(r, row, map_, attributes, pair.value, depth, deepest)
        r.scratch.len = base
    r.scratch.len = prefix
    return status


cdef int flat_value(Run *r, int32_t row, Value *map_, bint attributes, Value value, int64_t depth,
                    int64_t deepest) noexcept nogil:
    """flattenValue: the scratch is prefix + key."""
    cdef size_t key = r.scratch.len
    cdef int64_t i, count, j
    cdef Value item
    cdef int status = 0
    if depth >= deepest or value.kind != KIND_ANY:
        return flat_put(r, row, map_, attributes, value)
    if is_map(r.b, value):
        return flat_map(r, row, map_, attributes, value, depth + 1, deepest)
    count = count_items(r, value)
    for i in range(count):
        item = list_item_raw(r, value, i)
        status = bytes_append(&r.scratch, <const uint8_t *> b".", 1)
        if status == 0:
            status = flat_index(&r.scratch, i)
        if status:
            return status
        if is_map(r.b, item) and depth + 1 < deepest:
            status = flat_map(r, row, map_, attributes, item, depth + 2, deepest)
        elif is_list(r, item) and depth + 1 < deepest:
            # flattenSlice puts no dot between its prefix and the index
            for j in range(count_items(r, item)):
                prefix = r.scratch.len
                status = flat_index(&r.scratch, j)
                if status == 0:
                    status = flat_value(r, row, map_, attributes, list_item_raw(r, item, j), depth + 3, deepest)
                r.scratch.len = prefix
                if status:
                    return status
        else:
            status = flat_put(r, row, map_, attributes, item)
        r.scratch.len = key
        if status:
            return status
    return 0


cdef Value list_item_raw(const Run *r, Value list_, int64_t index) noexcept nogil:
    """As list_item, an empty value kept as one."""
    cdef Value value = list_item(r, list_, index)
    if value.kind == KIND_ABSENT:
        value.kind = KIND_NULL
    return value


cdef bint has_nested(const BatchData *b, int32_t row) noexcept nogil:
    cdef int32_t k, i
    for k in range(b.nkeys):
        if b.attrs[k].form == FORM_VALUES and b.attrs[k].values[row].kind == KIND_ANY:
            return True
        if b.attrs[k].form == FORM_CONST and b.attrs[k].constant.kind == KIND_ANY:
            return True
    if b.sparse != NULL:
        for i in range(b.sparse[row].off, b.sparse[row].off + b.sparse[row].len):
            if b.items[i].value.kind == KIND_ANY:
                return True
    return False


cdef int flatten(Run *r, const Command *command, int32_t row, Value prefix) noexcept nogil:
    cdef bint attributes = command.place == PLACE_ATTRIBUTES and command.depth == 0
    cdef Value source, result = r.empty_map
    cdef int status
    if attributes and prefix.kind == KIND_ABSENT and not has_nested(r.b, row):
        return 0
    status = target_map(r, command, row, &source)
    if status:
        return status
    if source.kind == KIND_ERROR:
        r.errors += 1
        return 0
    if attributes:
        status = clear_attributes(r.b, row)
    r.scratch.len = 0
    if status == 0 and prefix.kind == KIND_STRING:
        status = bytes_append(&r.scratch, r.b.arena.data + prefix.u.s.off, prefix.u.s.len)
    if status == 0:
        status = flat_map(r, row, &result, attributes, source, 0, command.flag)
    if status or attributes:
        return status
    return store(r, command, row, result)


cdef bint selects(Run *r, const Command *command, const uint8_t *key, int32_t size) noexcept nogil:
    """Whether the command's keys or pattern name ``key``."""
    cdef bint found = False
    cdef int32_t i
    if command.regex != NULL:
        match(r, command.regex, key, size, &found)
        return found
    for i in range(command.nkeys):
        if command.keys[i].len == size and memcmp(command.keys[i].s, key, size) == 0:
            return True
    return False


cdef int remove_keys(Run *r, const Command *command, int32_t row, bint keep) noexcept nogil:
    """Delete the selected entries, or all others when ``keep``."""
    cdef BatchData *b = r.b
    cdef Value target
    cdef Span rest
    cdef Pair pair
    cdef int32_t k
    cdef int status = 0
    if command.place == PLACE_ATTRIBUTES and command.depth == 0:
        for k in range(b.nkeys):
            if attr_get(b, row, k).kind != KIND_ABSENT:
                if selects(r, command, b.arena.data + b.keys[k].off, b.keys[k].len) != keep:
                    status = attr_delete(b, row, k)
                    if status:
                        return status
        return 0
    status = target_map(r, command, row, &target)
    if status:
        return status
    if target.kind == KIND_ERROR:
        r.errors += 1
        return 0
    rest = map_entries(b.arena.data, target)
    while status == 0 and next_pair(b.arena.data, &rest, &pair):
        if selects(r, command, b.arena.data + pair.key.off, pair.key.len) != keep:
            status = map_without(b, target, pair.whole, &target)
            rest = map_entries(b.arena.data, target)
    return status if status else store(r, command, row, target)


cdef int edit(Run *r, const Command *command, int32_t row, Value value) noexcept nogil:
    if command.editor == EDIT_SET:
        return store(r, command, row, value)
    if command.editor == EDIT_MERGE:
        return merge(r, command, row, value)
    if command.editor == EDIT_FLATTEN:
        return flatten(r, command, row, value)
    return remove_keys(r, command, row, command.editor == EDIT_KEEP_KEYS or command.editor == EDIT_KEEP_MATCHING)


# ---- the run

cdef int narrow(Run *r, int32_t node, int32_t *rows, int32_t *n) noexcept nogil:
    """Keep the rows for which the condition holds; a row where it fails counts as an error. A status."""
    cdef Value[WINDOW] yes
    cdef int32_t i, m = 0
    cdef int status = evaluate(r, node, rows, n[0], yes)
    for i in range(n[0]):
        if yes[i].kind == KIND_BOOL and yes[i].u.i:
            rows[m] = rows[i]
            m += 1
        elif yes[i].kind != KIND_BOOL:
            r.errors += 1
    n[0] = m
    return status


cdef int run_command(Run *r, const Command *command, const int32_t *rows, int32_t n) noexcept nogil:
    cdef Value[WINDOW] values
    cdef int32_t[WINDOW] chosen
    cdef int32_t i
    cdef int status = 0
    memcpy(chosen, rows, n * sizeof(int32_t))
    if command.where >= 0:
        status = narrow(r, command.where, chosen, &n)
    if status or n == 0:
        return status
    if command.value >= 0:
        status = evaluate(r, command.value, chosen, n, values)
    for i in range(n):
        if status:
            return status
        if command.value < 0:
            status = edit(r, command, chosen[i], absent())
        elif values[i].kind == KIND_ERROR:
            r.errors += 1
        else:
            status = edit(r, command, chosen[i], values[i])
    return status


cdef int select_rows(Run *r, const Group *group, int32_t hi, int32_t *rows, int32_t *n) noexcept nogil:
    """The rows of the window that one of the group's conditions holds for. A status."""
    cdef int32_t[WINDOW] some
    cdef uint8_t[WINDOW] wanted
    cdef int32_t row, i, m
    cdef int status
    n[0] = 0
    for row in range(r.lo, hi):
        if not r.b.flags[row] & ROW_DROPPED:
            rows[n[0]] = row
            n[0] += 1
    if group.count == 0:
        return 0
    memset(wanted, 0, WINDOW)
    for i in range(group.count):
        m = n[0]
        memcpy(some, rows, m * sizeof(int32_t))
        status = narrow(r, r.code.children[group.first + i], some, &m)
        if status:
            return status
        for row in range(m):
            wanted[some[row] - r.lo] = 1
    m = 0
    for i in range(n[0]):
        if wanted[rows[i] - r.lo]:
            rows[m] = rows[i]
            m += 1
    n[0] = m
    return 0


cdef int run_window(Run *r, int32_t hi, bint *failed) noexcept nogil:
    cdef const Group *group
    cdef int32_t[WINDOW] rows
    cdef int32_t g, i, n
    cdef int64_t before
    cdef int status
    for g in range(r.code.ngroups):
        group = &r.code.groups[g]
        before = r.errors
        for i in range(hi - r.lo):
            r.cache[i] = r.empty_map
        status = select_rows(r, group, hi, rows, &n)
        for i in range(group.begin, group.end):
            if status or n == 0:
                break
            status = run_command(r, &r.code.commands[i], rows, n)
        if status:
            return status
        if group.propagate and r.errors > before:
            failed[0] = True
            return 0
    return 0


cdef int run_all(Run *r, bint *failed) noexcept nogil:
    """All groups over all rows. A status; ``failed`` when an error is to drop the batch."""
    cdef BatchData *b = r.b
    cdef int32_t i, hi
    cdef int status
    r.texts = <Span *> slab_alloc(&b.slab, (r.code.ntexts + 1) * sizeof(Span))
    r.cache = <Value *> slab_alloc(&b.slab, WINDOW * sizeof(Value))
    if r.texts == NULL or r.cache == NULL:
        return ERR_MEMORY
    for i in range(r.code.ntexts):
        r.texts[i].off = <int32_t> b.arena.len
        r.texts[i].len = r.code.texts[i].len
        status = bytes_append(&b.arena, r.code.texts[i].s, r.code.texts[i].len)
        if status:
            return status
    status = append_map(b, 0, &r.empty_map)
    while status == 0 and r.lo < b.rows and not failed[0]:
        hi = min(r.lo + WINDOW, b.rows)
        status = run_window(r, hi, failed)
        r.lo = hi
    return status


cdef class OttlProgram:
    """Compiled statement groups. :meth:`run` changes a batch in place; several threads may run one program.

    ``nodes``, ``commands`` and ``groups`` are dicts of the fields of the structs above; ``children`` a list of node
    indexes; ``texts`` the constants' bytes; ``cases`` two lists of (code point, mapped), lower and upper.
    """

    cdef Code code
    cdef list kept          # what the pointers in code point into
    cdef list blocks

    def __init__(self, list nodes, list children, list commands, list groups, list texts, tuple cases):
        cdef Py_ssize_t i, j
        cdef Node *made
        cdef Command *command
        cdef Group *group
        cdef int32_t *ints
        cdef uint32_t *runes
        self.kept = []
        self.code.nodes = made = <Node *> self.allocate(len(nodes) * sizeof(Node))
        for i, node in enumerate(nodes):
            made[i].op = node["op"]
            made[i].a, made[i].b, made[i].c = node.get("a", -1), node.get("b", -1), node.get("c", -1)
            made[i].first, made[i].count = node.get("first", 0), node.get("count", 0)
            made[i].place = node.get("place", 0)
            made[i].text = node.get("text", -1)
            made[i].i = node.get("i", 0)
            made[i].names = self.names(node.get("names", ()))
            made[i].depth = len(node.get("names", ()))
            made[i].regex = self.regex(node.get("program"))
            groups_ = node.get("groups", {})
            made[i].ngroups = len(groups_)
            ints = <int32_t *> self.allocate(len(groups_) * sizeof(int32_t))
            for j, number in enumerate(groups_):
                ints[j] = number
            made[i].group = ints
            made[i].group_name = self.names(groups_.values())
            made[i].literal.kind = node.get("kind", KIND_ABSENT)
            if "d" in node:
                made[i].literal.u.d = node["d"]
            else:
                made[i].literal.u.i = node.get("literal", 0)
        self.code.children = ints = <int32_t *> self.allocate(len(children) * sizeof(int32_t))
        for i, child in enumerate(children):
            ints[i] = child
        self.code.commands = command = <Command *> self.allocate(len(commands) * sizeof(Command))
        for i, given in enumerate(commands):
            command[i].editor = given["editor"]
            command[i].where = given.get("where", -1)
            command[i].place = given["place"]
            command[i].names = self.names(given.get("names", ()))
            command[i].depth = len(given.get("names", ()))
            command[i].value = given.get("value", -1)
            command[i].flag = given.get("flag", 0)
            command[i].regex = self.regex(given.get("program"))
            command[i].keys = self.names(given.get("keys", ()))
            command[i].nkeys = len(given.get("keys", ()))
        self.code.groups = group = <Group *> self.allocate(len(groups) * sizeof(Group))
        self.code.ngroups = len(groups)
        for i, (first, count, begin, end, propagate) in enumerate(groups):
            group[i].first, group[i].count, group[i].begin, group[i].end = first, count, begin, end
            group[i].propagate = propagate
        self.code.texts = self.names(texts)
        self.code.ntexts = len(texts)
        for i in range(2):
            self.code.cases[i].count = len(cases[i])
            runes = <uint32_t *> self.allocate(2 * len(cases[i]) * sizeof(uint32_t))
            for j, (source, target) in enumerate(cases[i]):
                runes[j] = source
                runes[len(cases[i]) + j] = target
            self.code.cases[i].source = runes
            self.code.cases[i].target = runes + len(cases[i])

    cdef void *allocate(self, size_t size) except NULL:
        """Zeroed memory that lives as long as the program."""
        block = bytearray(size + 16)
        self.kept.append(block)
        return <void *> <char *> block

    cdef const Name *names(self, names) except NULL:
        cdef list given = list(names)
        cdef Name *out = <Name *> self.allocate(len(given) * sizeof(Name))
        cdef Py_ssize_t i
        for i, name in enumerate(given):
            self.kept.append(name)
            out[i].s = <const uint8_t *> <char *> (<bytes> name)
            out[i].len = <int32_t> len(name)
        return out

    cdef const Regex *regex(self, program):
        if program is None:
            return NULL
        if (<Program> program).rx.slots > MOST_TAGS:
            raise ValueError(
                f"{program.groups} groups in {program.pattern!r} are too many here; use non-capturing (?:...)"
            )
        self.kept.append(program)
        return &(<Program> program).rx

    def run(self, Batch batch):
        """Run every group over the rows of ``batch``. Returns how many evaluations failed; -1 when a group with
        ``propagate`` had one: the caller drops the batch, as the collector does."""
        cdef Run r
        cdef bint failed = False
        cdef int status
        if batch.d.rows == 0:
            return 0
        memset(&r, 0, sizeof(r))
        r.code = &self.code
        r.b = &batch.d
        with nogil:
            status = run_all(&r, &failed)
            json_free(&r.json)
            free(r.scratch.data)
        batch.check(status)
        return -1 if failed else r.errors


def drop_all(Batch batch):
    """Flag every row as dropped; encoders skip it."""
    cdef int32_t row
    for row in range(batch.d.rows):
        batch.d.flags[row] |= ROW_DROPPED
