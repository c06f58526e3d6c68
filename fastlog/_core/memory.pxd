"""The one allocator: growable bytes and a slab of row-sized arrays, on libc malloc so that a sanitizer sees it."""

from libc.stdint cimport INT32_MAX, uint8_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from fastlog._core.types cimport ERR_ARENA, ERR_MEMORY

cdef enum:
    PADDING = 256       # readable (and writable) bytes past every capacity: vector loads and stores may overrun


cdef struct Bytes:
    uint8_t *data
    size_t len
    size_t cap


cdef struct SlabBlock:
    SlabBlock *next
    size_t cap


cdef struct Slab:
    SlabBlock *head     # the block in use; older ones follow
    size_t used         # of head
    size_t first        # capacity of the first block


cdef inline int bytes_reserve(Bytes *b, size_t extra) noexcept nogil:
    """Room for ``extra`` more bytes; may move ``data``."""
    cdef size_t need = b.len + extra
    cdef size_t cap
    cdef uint8_t *p
    if need <= b.cap and b.data != NULL:
        return 0
    if need > <size_t> INT32_MAX - PADDING or need < extra:
        return ERR_ARENA
    cap = b.cap + (b.cap >> 1)
    if cap < need:
        cap = need
    if cap < 4096:
        cap = 4096
    if cap > <size_t> INT32_MAX - PADDING:
        cap = <size_t> INT32_MAX - PADDING
    p = <uint8_t *> realloc(b.data, cap + PADDING)
    if p == NULL:
        return ERR_MEMORY
    b.data = p
    b.cap = cap
    return 0


cdef inline int bytes_append(Bytes *b, const void *source, size_t size) noexcept nogil:
    """Append ``size`` bytes that do not lie in ``b`` itself; ``source`` may be NULL when they are none."""
    cdef int status = bytes_reserve(b, size)
    if status == 0 and size:
        memcpy(b.data + b.len, source, size)
        b.len += size
    return status


cdef inline void *slab_alloc(Slab *slab, size_t size) noexcept nogil:
    """``size`` uninitialised bytes, 16-byte aligned, valid until ``slab_reset``; NULL when memory is out."""
    cdef SlabBlock *block = slab.head
    cdef size_t cap
    cdef uint8_t *p
    if size > (<size_t> 1 << 40):
        return NULL
    size = (size + PADDING + 15) & ~<size_t> 15
    if block == NULL or slab.used + size > block.cap:
        cap = slab.first if slab.first else 1 << 18
        if block != NULL:
            cap = block.cap * 2
        if cap < size:
            cap = size
        block = <SlabBlock *> malloc(sizeof(SlabBlock) + cap + 16)
        if block == NULL:
            return NULL
        block.next = slab.head
        block.cap = cap
        slab.head = block
        slab.used = 0
    p = <uint8_t *> block + ((sizeof(SlabBlock) + 15) & ~<size_t> 15) + slab.used
    slab.used += size
    return p


cdef inline void slab_reset(Slab *slab) noexcept nogil:
    """Forget every allocation. What took several blocks will take one the next time, so that a steady stream maps no
    pages."""
    cdef SlabBlock *block = slab.head
    cdef SlabBlock *older
    cdef size_t total = 0
    slab.used = 0
    if block == NULL or block.next == NULL:
        return
    while block != NULL:
        older = block.next
        total += block.cap
        free(block)
        block = older
    slab.head = NULL
    slab.first = total


cdef inline void slab_free(Slab *slab) noexcept nogil:
    slab_reset(slab)
    free(slab.head)
    slab.head = NULL
