// Products in bfloat16: values are rounded to the upper half of their float32, to nearest and to even between two; sums
// are in float32.
#pragma once

#include "unit_float32.hpp"

#if defined(__AMX_BF16__) || defined(TSUZURI_EMULATE)
#include "amx.hpp"
#elif defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace tsuzuri {
namespace LEVEL {

// The bits of float32 rounded to bfloat16, whose lower half is zero. A NaN stays one, whichever of its bits go.
static inline VU rounded(V x) {
    VU bits = (VU)x;
    VU nearest = bits + 0x7fffu + (bits >> 16 & 1u);
    return (x == x ? nearest : bits | 0x400000u) & 0xffff0000u;
}

// For processors that cannot multiply bfloat16: rounded values in float32. Panels of 16-bit values, which the
// micro-kernel would widen, are half as large, but with AVX2's 16 registers half as fast from three rows on.
struct Rounded : Float32 {
    static constexpr bool AS_IS = false;

    static void row(const float* from, long K, float* to, long filled) {
        for (long k = 0; k < filled; k += W) store(to + k, (V)rounded(load(from + k, K - k)), filled - k);
    }
    static VU join(const float* const* rows, long j, long N) { return rounded((V)Float32::join(rows, j, N)); }
};

// Values as 16 bits, two of k in a lane, the first in the lower half.
struct Halves {
    typedef uint16_t Number;
    static constexpr long PER_LANE = 2, COLUMNS = 4 * W;
    static constexpr bool AS_IS = false;

    static void row(const float* from, long K, uint16_t* to, long filled) {
        typedef uint64_t Wide __attribute__((vector_size(4 * LANES)));
        typedef uint32_t Pairs __attribute__((vector_size(2 * LANES)));
        for (long k = 0; k < filled; k += W) {
            Wide two = (Wide)rounded(load(from + k, K - k));
            Pairs pairs = __builtin_convertvector(two >> 16 | two >> 32, Pairs);
            if (filled - k >= W)
                memcpy(to + k, &pairs, sizeof pairs);
            else
                memcpy(to + k, &pairs, (filled - k) * sizeof *to);
        }
    }
    static VU join(const float* const* rows, long j, long N) {
        return Rounded::join(rows, j, N) >> 16 | Rounded::join(rows + 1, j, N);
    }
};

#if defined(__AMX_BF16__) || defined(TSUZURI_EMULATE)

// AMX: eight tiles of (16, 16) lanes, a product of two of them being the work of an instruction.
struct Tiles : Halves {
    static constexpr long K_ALIGN = 32, M_ALIGN = 16;
    static_assert(COLUMNS == 64, "four tiles are as wide as a panel");

    static void begin() { shape_tiles(); }

    static void panel(const uint16_t* a, long stride, const uint16_t* b, long M, long K, float* c, bool add) {
        // GCC does not know that the intrinsics read memory: what was written must be there.
        __asm__ volatile("" ::: "memory");
        for (long m = 0; m < M; m += 32) {
            const uint16_t* rows = a + m * stride;
            float* to = c + m * COLUMNS;
            if (M - m > 16)
                for (long j = 0; j < COLUMNS; j += 32) square(rows, stride, b + 2 * j, K, to + j, add);
            else
                wide(rows, stride, b, K, to, add);
        }
    }

private:
    static constexpr long C_STRIDE = COLUMNS * sizeof(float), B_STRIDE = 2 * COLUMNS * sizeof(Number);

    // 32 rows and 32 columns: four products for four tiles that are loaded, the fewest that eight tiles allow.
    static void square(const uint16_t* a, long stride, const uint16_t* b, long K, float* c, bool add) {
        float* lower = c + 16 * COLUMNS;
        if (add) {
            tile_load(0, c, C_STRIDE);
            tile_load(1, c + 16, C_STRIDE);
            tile_load(2, lower, C_STRIDE);
            tile_load(3, lower + 16, C_STRIDE);
        } else {
            tile_zero(0);
            tile_zero(1);
            tile_zero(2);
            tile_zero(3);
        }
        for (long k = 0; k < K; k += 32, b += 32 * COLUMNS) {
            tile_load(4, a + k, stride * 2);
            tile_load(6, b, B_STRIDE);
            tile_load(7, b + 32, B_STRIDE);
            tile_multiply(0, 4, 6);
            tile_multiply(1, 4, 7);
            tile_load(5, a + 16 * stride + k, stride * 2);
            tile_multiply(2, 5, 6);
            tile_multiply(3, 5, 7);
        }
        tile_store(0, c, C_STRIDE);
        tile_store(1, c + 16, C_STRIDE);
        tile_store(2, lower, C_STRIDE);
        tile_store(3, lower + 16, C_STRIDE);
    }

    // 16 rows and the whole panel: five loads for four products, and B is read once.
    static void wide(const uint16_t* a, long stride, const uint16_t* b, long K, float* c, bool add) {
        if (add) {
            tile_load(0, c, C_STRIDE);
            tile_load(1, c + 16, C_STRIDE);
            tile_load(2, c + 32, C_STRIDE);
            tile_load(3, c + 48, C_STRIDE);
        } else {
            tile_zero(0);
            tile_zero(1);
            tile_zero(2);
            tile_zero(3);
        }
        for (long k = 0; k < K; k += 32, b += 32 * COLUMNS) {
            tile_load(4, a + k, stride * 2);
            tile_load(5, b, B_STRIDE);
            tile_load(6, b + 32, B_STRIDE);
            tile_load(7, b + 64, B_STRIDE);
            tile_multiply(0, 4, 5);
            tile_multiply(1, 4, 6);
            tile_multiply(2, 4, 7);
            tile_load(5, b + 96, B_STRIDE);
            tile_multiply(3, 4, 5);
        }
        tile_store(0, c, C_STRIDE);
        tile_store(1, c + 16, C_STRIDE);
        tile_store(2, c + 32, C_STRIDE);
        tile_store(3, c + 48, C_STRIDE);
    }
};

#elif defined(__AVX512BF16__)

// VDPBF16PS: 16 lanes at a time. Of a lane, the second product is added first (Intel's manual, its operation).
struct Pairs : Halves, InRegisters<Pairs> {
    static constexpr long K_ALIGN = 2, M_ALIGN = 1;

    static __m512i columns(const uint16_t* b) { return _mm512_loadu_si512(b); }
    static V add(V sum, const uint16_t* a, __m512i columns) {
        int32_t pair;
        memcpy(&pair, a, sizeof pair);
        return (V)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(pair), (__m512bh)columns);
    }
};

#endif

#if defined(__AMX_BF16__) || defined(TSUZURI_EMULATE)
typedef Tiles Bfloat16;
#elif defined(__AVX512BF16__)
typedef Pairs Bfloat16;
#else
typedef Rounded Bfloat16;
#endif

}  // namespace LEVEL
}  // namespace tsuzuri
