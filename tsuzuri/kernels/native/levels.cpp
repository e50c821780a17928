// Which levels were compiled, and which of them this processor and its system can run. setup.py says which were:
// TSUZURI_HAS_NAME for each.
#include "kernels.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tsuzuri {

namespace {

[[maybe_unused]] bool always() { return true; }

#if defined(__x86_64__)
[[maybe_unused]] bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

[[maybe_unused]] bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

[[maybe_unused]] bool has_avx512bf16() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
}

// AMX's tiles must be in the processor, and Linux must grant their state to the process, which it does when asked.
[[maybe_unused]] bool has_amx() {
#if defined(__linux__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!has_avx512bf16() || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    constexpr unsigned BF16 = 1u << 22, TILE = 1u << 24;
    constexpr long ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18;
    return (d & BF16) && (d & TILE) && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}
#endif

}  // namespace

#define DECLARE(name) \
    namespace name {  \
    extern const Level level; \
    }
#if defined(TSUZURI_HAS_AMX)
DECLARE(amx)
#endif
#if defined(TSUZURI_HAS_AVX512BF16)
DECLARE(avx512bf16)
#endif
#if defined(TSUZURI_HAS_AVX512)
DECLARE(avx512)
#endif
#if defined(TSUZURI_HAS_AVX2)
DECLARE(avx2)
#endif
#if defined(TSUZURI_HAS_EMULATED)
DECLARE(emulated)
#endif
DECLARE(portable)

const LevelHere LEVELS[] = {
#if defined(TSUZURI_HAS_AMX)
    {&amx::level, has_amx},
#endif
#if defined(TSUZURI_HAS_AVX512BF16)
    {&avx512bf16::level, has_avx512bf16},
#endif
#if defined(TSUZURI_HAS_AVX512)
    {&avx512::level, has_avx512},
#endif
#if defined(TSUZURI_HAS_AVX2)
    {&avx2::level, has_avx2},
#endif
    {&portable::level, always},
#if defined(TSUZURI_HAS_EMULATED)  // for tests: AMX's tiles as plain code; last, so that it is never chosen
#if defined(__x86_64__)
    {&emulated::level, has_avx2},
#else
    {&emulated::level, always},
#endif
#endif
};
const int LEVEL_COUNT = sizeof LEVELS / sizeof *LEVELS;

}  // namespace tsuzuri
