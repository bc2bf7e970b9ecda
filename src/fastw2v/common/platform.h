/* What differs between compilers and operating systems: inlining, prefetching, bit scans, atomic counters, sleeping.
 *
 * The atomic counters carry the only data that threads exchange with ordering guarantees: which worker has which job,
 * and the progress of each worker. The weights are shared without any ordering, as in Hogwild (Niu et al. 2011). */
#ifndef FASTW2V_PLATFORM_H
#define FASTW2V_PLATFORM_H

#include <stdint.h>

#if defined(_WIN32)
#  define WIN32_LEAN_AND_MEAN
#  include <windows.h>
#else
#  include <time.h>
#endif
#if defined(_MSC_VER) && !defined(__clang__)
#  include <intrin.h>
#  define FW_INLINE static __forceinline
#  define FW_APART static __declspec(noinline)
#  if defined(_M_X64)
#    define FW_PREFETCH(p) _mm_prefetch((const char *)(p), _MM_HINT_T0)
#  else
#    define FW_PREFETCH(p) ((void)(p))
#  endif
#  define FW_PREFETCH_TO_READ(p) FW_PREFETCH(p)
#  define FW_UNROLL
#  define FW_UNROLL_4
FW_INLINE int lowest_bit(uint64_t bits) {
    unsigned long index;
    _BitScanForward64(&index, bits);
    return (int)index;
}
#else
#  define FW_INLINE static inline __attribute__((always_inline))
#  define FW_APART static __attribute__((noinline))
/* Every row that is read is also updated. A prefetch for writing saves a second transfer of a cache line that another
 * core has. GCC and Clang compile __builtin_prefetch(p, 1) to a prefetch for reading unless PREFETCHW is part of the
 * baseline; every x86-64 processor decodes PREFETCHW, those that lack it as a no-op. */
#  if defined(__x86_64__)
#    define FW_PREFETCH(p) __asm__ volatile("prefetchw %0" : : "m"(*(const char *)(p)))
#  else
#    define FW_PREFETCH(p) __builtin_prefetch((p), 1, 3)
#  endif
#  define FW_PREFETCH_TO_READ(p) __builtin_prefetch(p)
#  define lowest_bit(bits) __builtin_ctzll(bits)
#  if defined(__clang__)
#    define FW_UNROLL _Pragma("clang loop unroll(full)")
#    define FW_UNROLL_4 _Pragma("clang loop unroll_count(4)")
#  else
#    define FW_UNROLL _Pragma("GCC unroll 16")
#    define FW_UNROLL_4 _Pragma("GCC unroll 4")
#  endif
#endif

/* Keep a loaded value in a register. Otherwise compilers repeat the load as a memory operand of each use, and loads are
 * the scarce resource. */
#if defined(__x86_64__) && !defined(_MSC_VER)
#  define IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#  define IN_REGISTER(v) ((void)0)
#endif

#define FW_CACHE_LINE 64

/* Prefetch n_lines cache lines of a row that is only read. */
FW_INLINE void prefetch_row_to_read(const float *row, int64_t n_lines) {
    const char *line = (const char *)row;
    for (; n_lines > 0; n_lines--, line += FW_CACHE_LINE) FW_PREFETCH_TO_READ(line);
}

/* Prefetch n_lines cache lines of a row. Up to eight lines take one instruction each, as this function is called so
 * often that the overhead of a loop would matter. */
FW_INLINE void prefetch_row(const float *row, int64_t n_lines) {
    const char *line = (const char *)row, *end = line + n_lines * FW_CACHE_LINE;
    for (; n_lines > 8; n_lines--, line += FW_CACHE_LINE) FW_PREFETCH(line);
    switch (n_lines) {
    case 8: FW_PREFETCH(end - 8 * FW_CACHE_LINE); /* fall through */
    case 7: FW_PREFETCH(end - 7 * FW_CACHE_LINE); /* fall through */
    case 6: FW_PREFETCH(end - 6 * FW_CACHE_LINE); /* fall through */
    case 5: FW_PREFETCH(end - 5 * FW_CACHE_LINE); /* fall through */
    case 4: FW_PREFETCH(end - 4 * FW_CACHE_LINE); /* fall through */
    case 3: FW_PREFETCH(end - 3 * FW_CACHE_LINE); /* fall through */
    case 2: FW_PREFETCH(end - 2 * FW_CACHE_LINE); /* fall through */
    case 1: FW_PREFETCH(end - 1 * FW_CACHE_LINE);
    }
}

#if defined(_MSC_VER) && !defined(__clang__)
FW_INLINE int64_t counter_load(const int64_t *c) { return InterlockedOr64((volatile LONG64 *)c, 0); }
FW_INLINE void counter_store(int64_t *c, int64_t v) { InterlockedExchange64((volatile LONG64 *)c, v); }
FW_INLINE int counter_advance(int64_t *c, int64_t seen) {
    return InterlockedCompareExchange64((volatile LONG64 *)c, seen + 1, seen) == seen;
}
FW_INLINE void counter_add(int64_t *c, int64_t v) { InterlockedExchangeAdd64((volatile LONG64 *)c, v); }
#else
FW_INLINE int64_t counter_load(const int64_t *c) { return __atomic_load_n(c, __ATOMIC_ACQUIRE); }
FW_INLINE void counter_store(int64_t *c, int64_t v) { __atomic_store_n(c, v, __ATOMIC_RELEASE); }
/* Change the counter from seen to seen + 1; return false if another thread has changed it first. */
FW_INLINE int counter_advance(int64_t *c, int64_t seen) {
    return __atomic_compare_exchange_n(c, &seen, seen + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}
FW_INLINE void counter_add(int64_t *c, int64_t v) { __atomic_fetch_add(c, v, __ATOMIC_ACQ_REL); }
#endif

#if defined(_WIN32)
FW_INLINE void short_sleep(void) { Sleep(1); }
#else
FW_INLINE void short_sleep(void) {
    const struct timespec pause = {0, 50000};
    nanosleep(&pause, 0);
}
#endif

#endif
