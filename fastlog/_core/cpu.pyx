"""What this processor can do; decides which build of the hot kernels is loaded."""

cdef extern from * nogil:
    """
    #if defined(__x86_64__)
    static int fastlog_x86_64_v3(void) {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
            && __builtin_cpu_supports("fma");
    }
    #else
    static int fastlog_x86_64_v3(void) { return 0; }
    #endif
    """
    int fastlog_x86_64_v3()


def x86_64_v3() -> bool:
    """True on an x86-64 processor with AVX2, BMI1, BMI2 and FMA (psABI level x86-64-v3)."""
    return fastlog_x86_64_v3() != 0
