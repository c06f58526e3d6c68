"""The parsers, with their embedded blocks: JSON, regular expressions, times and severities.

Each works on fields of any kind. What is common and hot has a loop of its own that touches nothing but columns of
spans: a regular expression over the body into attributes that are new, and a time out of such an attribute.
"""

from array import array

from libc.stdint cimport int32_t, uint8_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from fastlog._core.batch cimport (
    Batch,
    BatchData,
    batch_begin_severity,
    batch_intern_span,
    column_set,
    column_spans,
    items_reserve,
    sparse_begin,
)
from fastlog._core.blocks cimport Blocks
from fastlog._core.embedded cimport Embedded, run_embedded
from fastlog._core.failure cimport FAIL_JSON, FAIL_MISSING, FAIL_NO_MATCH, FAIL_TIME, FAIL_TYPE, fail
from fastlog._core.field cimport (
    PLACE_ATTRIBUTES,
    PLACE_BODY,
    PLACE_RESOURCE,
    Field,
    attr_put,
    field_get,
    field_set,
    resource_begin,
)
from fastlog._core.fieldref cimport FieldRef
from fastlog._core.json cimport (
    JSON_INTS,
    JSON_NO_MEMORY,
    JSON_OBJECT,
    JSON_OPEN,
    JSON_STREAM,
    Json,
    json_free,
    json_parse,
    json_same_key,
    json_value,
)
from fastlog._core.memory cimport bytes_reserve
from fastlog._core.plan cimport Op, Tally
from fastlog._core.regex cimport Program, Regex, regex_match
from fastlog._core.timestamp cimport TimeCache, TimeProgram, time_parse
from fastlog._core.types cimport (
    ERR_MEMORY,
    FORM_NONE,
    FORM_SPANS,
    KIND_ABSENT,
    KIND_STRING,
    ROW_DROPPED,
    Column,
    Span,
    Value,
)
from fastlog._core.utf8 cimport utf8_sequence, utf8_valid_prefix
from fastlog._core.value cimport append_map, pair_size, put_pair_header, put_pair_value, string_value

cdef enum:
    MOST_PREDICTED = 64     # members of an object whose keys are guessed from the object before
    MOST_COLUMNS = 64       # groups of a regular expression that are columns of their own


cdef int begin_blocks(const Embedded *embedded, BatchData *b) noexcept nogil:
    return batch_begin_severity(b) if embedded.severity != NULL else 0


# ---- json_parser

cdef struct JsonParser:
    Field source
    Field target
    Embedded embedded
    int32_t fixed_keys      # of the plan: their attributes are columns, any other goes to the rows' sparse lists
    int flags
    int on_error


cdef struct KeyGuess:
    int32_t key[MOST_PREDICTED]     # of the member in this place of the object before
    int32_t count
    int32_t *last                   # per key: the item that had it last, wherever that was
    int32_t last_size


cdef inline int32_t member_key(KeyGuess *guess, BatchData *b, int32_t place, Span key) noexcept nogil:
    """The index of a member's key: most objects repeat the keys of the one before, in order. -1: memory is out."""
    cdef int32_t k
    if place < guess.count:
        k = guess.key[place]
        if json_same_key(b.arena.data, b.keys[k], key):
            return k
    k = batch_intern_span(b, key)
    if place < MOST_PREDICTED and place <= guess.count and k >= 0:
        guess.key[place] = k
        if place == guess.count:
            guess.count += 1
    return k


cdef int grow_last(KeyGuess *guess, int32_t size) noexcept nogil:
    cdef int32_t *last = <int32_t *> realloc(guess.last, size * sizeof(int32_t))
    if last == NULL:
        return ERR_MEMORY
    memset(last + guess.last_size, 0, (size - guess.last_size) * sizeof(int32_t))
    guess.last = last
    guess.last_size = size
    return 0


cdef int open_list(KeyGuess *guess, BatchData *b, int32_t row, int32_t more) noexcept nogil:
    """Make the row's sparse list the last one, with room for ``more`` items, and note where its keys are. A status."""
    cdef Span *list_
    cdef int32_t i
    if sparse_begin(b) or items_reserve(b, b.sparse[row].len + more):
        return ERR_MEMORY
    list_ = &b.sparse[row]
    if list_.off + list_.len != b.nitems:
        for i in range(list_.len):
            b.items[b.nitems + i] = b.items[list_.off + i]
        list_.off = b.nitems
        b.nitems += list_.len
    if guess.last_size < b.keys_cap and grow_last(guess, b.keys_cap):
        return ERR_MEMORY
    for i in range(list_.off, list_.off + list_.len):
        guess.last[b.items[i].key] = i
    return 0


cdef int object_to_attributes(Json *j, KeyGuess *guess, BatchData *b, int32_t row, int32_t fixed_keys) noexcept nogil:
    """Set every member of the parsed object as an attribute of the row. A status."""
    cdef int32_t i = 1, place = 0, key, item
    cdef Span *list_
    cdef Value value
    cdef int status = open_list(guess, b, row, j.count)
    if status:
        return status
    list_ = &b.sparse[row]
    while i < j.count:
        key = member_key(guess, b, place, j.tokens[i].key)
        if key < 0:
            return ERR_MEMORY
        if key >= guess.last_size and grow_last(guess, b.keys_cap):
            return ERR_MEMORY
        status = json_value(j, b, i, &value)
        if status:
            return status
        item = guess.last[key]
        if list_.off <= item < list_.off + list_.len and b.items[item].key == key:
            b.items[item].value = value
        elif key < fixed_keys or b.attrs[key].form != FORM_NONE:
            status = column_set(b, &b.attrs[key], row, value)
            if status:
                return status
        else:
            guess.last[key] = b.nitems
            b.items[b.nitems].key = key
            b.items[b.nitems].value = value
            b.nitems += 1
            list_.len += 1
        i = j.tokens[i].end
        place += 1
    return 0


cdef int object_to_resource(Json *j, BatchData *b, int32_t row) noexcept nogil:
    cdef int32_t i = 1, key
    cdef Value value
    cdef int status = resource_begin(b)
    while i < j.count and status == 0:
        key = batch_intern_span(b, j.tokens[i].key)
        if key < 0:
            return ERR_MEMORY
        status = json_value(j, b, i, &value)
        if status == 0:
            status = column_set(b, &b.resource_attrs[key], row, value)
        i = j.tokens[i].end
    return status


cdef int store_object(
    const JsonParser *parser, Json *j, KeyGuess *guess, BatchData *b, int32_t row
) noexcept nogil:
    """The parsed object, or null, to where the operator wants it. A status."""
    cdef Value value
    cdef int status
    if parser.target.key < 0 and parser.target.place == PLACE_ATTRIBUTES:
        return object_to_attributes(j, guess, b, row, parser.fixed_keys)
    if parser.target.key < 0 and parser.target.place == PLACE_RESOURCE:
        return object_to_resource(j, b, row)
    if j.tokens[0].value.kind == JSON_OBJECT:
        status = json_value(j, b, 0, &value)
    else:
        status = append_map(b, 0, &value)
    return status if status else field_set(b, row, &parser.target, value)


cdef int json_row(
    const JsonParser *parser, Json *j, KeyGuess *guess, TimeCache *cache, BatchData *b, int32_t row, int32_t *failure
) noexcept nogil:
    cdef Value value = field_get(b, row, &parser.source)
    cdef int status
    if value.kind != KIND_STRING:
        failure[0] = FAIL_MISSING if value.kind == KIND_ABSENT else FAIL_TYPE
        return 0
    failure[0] = json_parse(j, b, value.u.s, parser.flags)
    if failure[0] == JSON_NO_MEMORY:
        return ERR_MEMORY
    if failure[0]:
        failure[0] += FAIL_JSON
        return 0
    status = store_object(parser, j, guess, b, row)
    return status if status else run_embedded(&parser.embedded, b, row, cache, failure)


cdef int json_prepare(void *ctx, BatchData *b) noexcept nogil:
    return begin_blocks(&(<const JsonParser *> ctx).embedded, b)


cdef int json_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef const JsonParser *parser = <const JsonParser *> ctx
    cdef Json j
    cdef KeyGuess guess
    cdef TimeCache cache
    cdef int32_t row, failure
    cdef int status = 0
    memset(&j, 0, sizeof(j))
    memset(&guess, 0, sizeof(guess))
    memset(&cache, 0, sizeof(cache))
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        status = json_row(parser, &j, &guess, &cache, b, row, &failure)
        if status:
            break
        if failure:
            fail(b, row, parser.on_error, tally, failure)
    json_free(&j)
    free(guess.last)
    return status


cdef class JsonOp(Op):
    """Parses the text in ``source`` as a JSON object and merges it into ``target``.

    ``fixed_keys``: how many keys the plan has in all; their attributes become columns.
    """

    cdef JsonParser parser
    cdef readonly Blocks blocks
    cdef object kept

    def __init__(
        self,
        str name,
        FieldRef source,
        FieldRef target,
        Blocks blocks,
        *,
        bint parse_ints=False,
        int on_error=0,
    ):
        self.name = name
        self.kept = (source, target)
        self.blocks = blocks
        self.parser.source = source.f
        self.parser.target = target.f
        self.parser.embedded = blocks.e
        self.parser.on_error = on_error
        if parse_ints:
            self.parser.flags |= JSON_INTS | JSON_STREAM
        if target.f.key < 0 and target.f.place != PLACE_BODY:
            self.parser.flags |= JSON_OPEN
        self.ctx = &self.parser
        self.prepare = json_prepare
        self.run = json_run

    def finish(self, int32_t fixed_keys):
        """Called once the plan's keys are known: attributes of these become columns."""
        self.parser.fixed_keys = fixed_keys


# ---- regex_parser

cdef struct Group:
    int32_t key             # the plan's key of its name
    int32_t number


cdef struct RegexParser:
    Field source
    Field target
    Embedded embedded
    const Regex *rx
    const Group *groups     # the named ones, one a name
    int32_t count
    bint columns            # from the body into attributes that are columns of its own
    bint blocks             # there are embedded blocks
    bint raw                # the text may be ill-formed UTF-8
    int on_error


cdef inline Value group_value(const int32_t *tags, int32_t number, int32_t start) noexcept nogil:
    """The text of a group; of one that took no part, the empty text."""
    cdef Span span
    span.off = start
    span.len = 0
    if tags[2 * number] >= 0:
        span.off += tags[2 * number]
        span.len = tags[2 * number + 1] - tags[2 * number]
    return string_value(span)


cdef int groups_to_map(
    const RegexParser *parser, BatchData *b, const int32_t *tags, int32_t start, Value *out
) noexcept nogil:
    """A map of the named groups. A status."""
    cdef int32_t i, size = 0
    cdef Value value
    cdef Span name
    cdef uint8_t *to
    cdef int status
    for i in range(parser.count):
        value = group_value(tags, parser.groups[i].number, start)
        size += pair_size(b.keys[parser.groups[i].key].len, &value)
    status = append_map(b, size, out)
    if status:
        return status
    to = b.arena.data + b.arena.len
    for i in range(parser.count):
        value = group_value(tags, parser.groups[i].number, start)
        name = b.keys[parser.groups[i].key]
        to = put_pair_header(to, name.len, &value)
        memcpy(to, b.arena.data + name.off, name.len)
        to = put_pair_value(to + name.len, b.arena.data, &value)
    b.arena.len = to - b.arena.data
    return 0


cdef int store_groups(
    const RegexParser *parser, BatchData *b, int32_t row, const int32_t *tags, int32_t start
) noexcept nogil:
    """The named groups to where the operator wants them. A status."""
    cdef int32_t i
    cdef Value value
    cdef int status = 0
    if parser.target.key >= 0 or parser.target.place == PLACE_BODY:
        status = groups_to_map(parser, b, tags, start, &value)
        return status if status else field_set(b, row, &parser.target, value)
    if parser.target.place == PLACE_RESOURCE:
        status = resource_begin(b)
    for i in range(parser.count):
        value = group_value(tags, parser.groups[i].number, start)
        if status == 0 and parser.target.place == PLACE_RESOURCE:
            status = column_set(b, &b.resource_attrs[parser.groups[i].key], row, value)
        elif status == 0:
            status = attr_put(b, row, parser.groups[i].key, value)
    return status


cdef int match_ill_formed(const Regex *rx, BatchData *b, Span text, int32_t *tags, bint *found) noexcept nogil:
    """Match text that is no UTF-8 as Go does: each byte that is none is a U+FFFD one byte long. A status."""
    cdef int32_t at = 0, size, i, shift
    cdef const uint8_t *s
    cdef uint8_t *copy
    cdef uint8_t *to
    cdef int status = bytes_reserve(&b.arena, 3 * <size_t> text.len)
    if status:
        return status
    s = b.arena.data + text.off
    copy = to = b.arena.data + b.arena.len      # scratch behind the arena's end
    while at < text.len:
        size = utf8_sequence(s + at, text.len - at)
        if size > 0:
            memcpy(to, s + at, size)
            to += size
            at += size
        else:
            to[0] = 0xEF
            to[1] = 0xBF
            to[2] = 0xBD
            to += 3
            at += 1
    found[0] = regex_match(rx, copy, to, tags)
    for i in range(rx.tags if found[0] else 0):
        # Back to offsets in the text: two less for each byte before that was none.
        at = shift = 0
        while at + shift < tags[i]:
            size = utf8_sequence(s + at, text.len - at)
            at += size if size > 0 else 1
            shift += 0 if size > 0 else 2
        if tags[i] >= 0:
            tags[i] = at
    return 0


cdef int regex_row(
    const RegexParser *parser, TimeCache *cache, BatchData *b, int32_t row, int32_t *tags, int32_t *failure
) noexcept nogil:
    cdef Value value = field_get(b, row, &parser.source)
    cdef const uint8_t *s
    cdef bint found = False
    cdef int status = 0
    if value.kind != KIND_STRING:
        failure[0] = FAIL_MISSING if value.kind == KIND_ABSENT else FAIL_TYPE
        return 0
    s = b.arena.data + value.u.s.off
    if parser.raw and utf8_valid_prefix(s, value.u.s.len) != value.u.s.len:
        status = match_ill_formed(parser.rx, b, value.u.s, tags, &found)
        if status:
            return status
    else:
        found = regex_match(parser.rx, s, s + value.u.s.len, tags)
    if not found:
        failure[0] = FAIL_NO_MATCH
        return 0
    status = store_groups(parser, b, row, tags, value.u.s.off)
    return status if status else run_embedded(&parser.embedded, b, row, cache, failure)


cdef int regex_prepare(void *ctx, BatchData *b) noexcept nogil:
    cdef const RegexParser *parser = <const RegexParser *> ctx
    cdef int32_t i
    cdef int status
    if parser.columns:
        for i in range(parser.count):
            status = column_spans(b, &b.attrs[parser.groups[i].key])
            if status:
                return status
    return begin_blocks(&parser.embedded, b)


cdef int match_columns(
    const RegexParser *parser, TimeCache *cache, BatchData *b, int32_t lo, int32_t hi, int32_t *tags, Tally *tally
) noexcept nogil:
    """The body's spans matched into the groups' columns, which no operator before has written to. A status."""
    cdef const Regex *rx = parser.rx
    cdef const Group *group
    cdef const uint8_t *arena = b.arena.data
    cdef const Span *bodies = b.body.spans
    cdef Span *spans[MOST_COLUMNS]
    cdef Span body
    cdef int32_t row, i, start, failure, count = parser.count
    cdef int status
    for i in range(count):
        spans[i] = b.attrs[parser.groups[i].key].spans
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        body = bodies[row]
        if body.len < 0:
            fail(b, row, parser.on_error, tally, FAIL_TYPE)
        elif regex_match(rx, arena + body.off, arena + body.off + body.len, tags):
            group = parser.groups
            for i in range(count):
                start = tags[2 * group.number]
                spans[i][row].off = body.off + start
                spans[i][row].len = tags[2 * group.number + 1] - start
                group += 1
            if parser.blocks:
                status = run_embedded(&parser.embedded, b, row, cache, &failure)
                if status:
                    return status
                if failure:
                    fail(b, row, parser.on_error, tally, failure)
                arena = b.arena.data
        else:
            fail(b, row, parser.on_error, tally, FAIL_NO_MATCH)
    return 0


cdef int regex_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef const RegexParser *parser = <const RegexParser *> ctx
    cdef TimeCache cache
    cdef int32_t row, failure
    cdef int status = 0
    cdef int32_t *tags = <int32_t *> malloc(parser.rx.slots * sizeof(int32_t))
    if tags == NULL:
        return ERR_MEMORY
    memset(&cache, 0, sizeof(cache))
    if parser.columns and b.body.form == FORM_SPANS:
        status = match_columns(parser, &cache, b, lo, hi, tags, tally)
        hi = lo
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        status = regex_row(parser, &cache, b, row, tags, &failure)
        if status:
            break
        if failure:
            fail(b, row, parser.on_error, tally, failure)
    free(tags)
    return status


cdef class RegexOp(Op):
    """Matches the text in ``source`` and merges the named groups into ``target``.

    ``groups``: (the plan's key of a name, group number) of each name. ``columns=True`` when the source is the body, the
    target are the attributes, and no row can have one of these names before. A ``program`` that is no Program is any
    object with its ``match``; the operator is then slow, and holds the GIL. ``raw``: the text may be ill-formed UTF-8.
    """

    cdef RegexParser parser
    cdef Group *groups
    cdef readonly Blocks blocks
    cdef object matcher, kept

    def __init__(
        self,
        str name,
        program,
        groups,
        FieldRef source,
        FieldRef target,
        Blocks blocks,
        *,
        bint columns=False,
        bint raw=False,
        int on_error=0,
    ):
        cdef int32_t i
        self.name = name
        self.kept = (source, target)
        self.blocks = blocks
        self.parser.source = source.f
        self.parser.target = target.f
        self.parser.embedded = blocks.e
        self.matcher = program
        self.parser.on_error = on_error
        self.parser.count = <int32_t> len(groups)
        self.parser.blocks = blocks.e.has_body or blocks.e.time != NULL or blocks.e.severity != NULL
        self.parser.raw = raw
        self.parser.columns = columns and not raw and len(groups) <= MOST_COLUMNS
        free(self.groups)
        self.groups = <Group *> malloc((len(groups) + 1) * sizeof(Group))
        if self.groups == NULL:
            raise MemoryError
        for i, (key, number) in enumerate(groups):
            self.groups[i].key = key
            self.groups[i].number = number
        self.parser.groups = self.groups
        self.ctx = &self.parser
        if isinstance(program, Program):
            self.parser.rx = &(<Program> program).rx
            self.prepare = regex_prepare
            self.run = regex_run

    def __dealloc__(self):
        free(self.groups)

    cpdef run_python(self, Batch batch):
        cdef const RegexParser *parser = &self.parser
        cdef BatchData *b = &batch.d
        cdef TimeCache cache
        cdef Tally tally
        cdef Value value
        cdef int32_t row, failure
        cdef int32_t[::1] tags
        memset(&cache, 0, sizeof(cache))
        memset(&tally, 0, sizeof(tally))
        batch.check(begin_blocks(&parser.embedded, b))
        for row in range(b.rows):
            if b.flags[row] & ROW_DROPPED:
                continue
            value = field_get(b, row, &parser.source)
            failure = 0
            if value.kind != KIND_STRING:
                failure = FAIL_MISSING if value.kind == KIND_ABSENT else FAIL_TYPE
            else:
                found = self.matcher.match(batch.span_bytes(value.u.s))
                if found is None:
                    failure = FAIL_NO_MATCH
                else:
                    tags = array("i", [edge for span in found for edge in span])
                    batch.check(store_groups(parser, b, row, &tags[0], value.u.s.off))
                    batch.check(run_embedded(&parser.embedded, b, row, &cache, &failure))
            if failure:
                fail(b, row, parser.on_error, &tally, failure)
        return tally.failed, tally.first_row, tally.code


# ---- time_parser and severity_parser

cdef struct Converter:
    Embedded embedded
    int on_error


cdef int convert_prepare(void *ctx, BatchData *b) noexcept nogil:
    return begin_blocks(&(<const Converter *> ctx).embedded, b)


cdef inline const Column *text_column(const BatchData *b, const Field *field) noexcept nogil:
    """The column of spans that has the field in every row that has it; NULL when there is none."""
    cdef const Column *column = &b.body
    if field.depth or field.place == PLACE_RESOURCE:
        return NULL
    if field.place == PLACE_ATTRIBUTES:
        if b.sparse != NULL:
            return NULL
        column = &b.attrs[field.key]
    return column if column.form == FORM_SPANS else NULL


cdef void time_column(
    const Converter *converter, BatchData *b, const Column *column, int32_t lo, int32_t hi, Tally *tally
) noexcept nogil:
    """Times out of a column of spans."""
    cdef const TimeProgram *program = converter.embedded.time
    cdef const uint8_t *arena = b.arena.data
    cdef TimeCache cache
    cdef Span span
    cdef int32_t row
    cdef int code
    memset(&cache, 0, sizeof(cache))
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        span = column.spans[row]
        if span.len < 0:
            fail(b, row, converter.on_error, tally, FAIL_MISSING)
            continue
        code = time_parse(program, &cache, arena + span.off, span.len, &b.time_ns[row])
        if code:
            fail(b, row, converter.on_error, tally, FAIL_TIME + code)


cdef int convert_run(void *ctx, BatchData *b, int32_t lo, int32_t hi, Tally *tally) noexcept nogil:
    cdef const Converter *converter = <const Converter *> ctx
    cdef const Column *column = NULL
    cdef TimeCache cache
    cdef int32_t row, failure
    cdef int status
    if converter.embedded.severity == NULL and converter.embedded.zone_count == 0:
        column = text_column(b, &converter.embedded.time_from)
        if column != NULL:
            time_column(converter, b, column, lo, hi, tally)
            return 0
    memset(&cache, 0, sizeof(cache))
    for row in range(lo, hi):
        if b.flags[row] & ROW_DROPPED:
            continue
        status = run_embedded(&converter.embedded, b, row, &cache, &failure)
        if status:
            return status
        if failure:
            fail(b, row, converter.on_error, tally, failure)
    return 0


cdef class ConvertOp(Op):
    """Sets time or severity, or both, from fields of any kind."""

    cdef Converter converter
    cdef readonly Blocks blocks

    def __init__(self, str name, Blocks blocks, *, int on_error=0):
        self.name = name
        self.blocks = blocks
        self.converter.embedded = blocks.e
        self.converter.on_error = on_error
        self.ctx = &self.converter
        self.prepare = convert_prepare
        self.run = convert_run
