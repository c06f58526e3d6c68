"""The compiled kernels. No I/O, no logging, no callback into Python per record, no import from the rest of fastlog."""
