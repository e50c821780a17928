// Products in float32, and the micro-kernel of the units whose sums lie in vector registers.
#pragma once

#include "simd.hpp"

namespace tsuzuri {
namespace LEVEL {

// A unit multiplies rows of a matrix A (M, K) by a panel of B: its columns j..j + COLUMNS - 1, laid out as (K, COLUMNS).
// Four vectors a panel, so that the four gates of W units are one panel. Values lie in lanes of four bytes, each
// of PER_LANE values that follow one another in k: a panel is (K / PER_LANE, COLUMNS) lanes, a row of A K / PER_LANE.
//   Number     the type of their values
//   AS_IS      whether rows of float32 are read where they lie
//   K_ALIGN    K is filled up to a multiple of it with zeros
//   M_ALIGN    rows that are read, though not used, are filled up to a multiple of it
//   row        from K float32 values to ``filled`` of a row of A, zeros after the K-th
//   join       the lanes of columns j..j + W - 1 from PER_LANE rows of N float32 values, null being zeros
//   begin      to be called by a thread that is about to use panel(), in each task
//   panel      c (M, COLUMNS) = a b, or c + a b: a (M, K) with rows ``stride`` apart

// panel() for a unit that gives
//   columns    W lanes of a panel, as add() reads them
//   add        sum + what PER_LANE values of a row of A make with W columns
template <class U>
struct InRegisters {
    static void begin() {}

    template <class Number>
    static void panel(const Number* a, long stride, const Number* b, long M, long K, float* c, bool add) {
        constexpr long L1 = 16384 / (sizeof(Number) * 4 * W), BLOCK = L1 < 128 ? 128 : L1;  // of a panel, to stay in L1
        for (long k = 0; k < K; k += BLOCK) {
            long block = K - k < BLOCK ? K - k : BLOCK;
            for (long m = 0; m < M;) {
                long rows = M - m;
                if (rows > ROWS) rows = rows < 2 * ROWS ? (rows + 1) / 2 : ROWS;
                tile(rows, a + m * stride + k, stride, b + k * 4 * W, block, c + m * 4 * W, add || k);
                m += rows;
            }
        }
    }

private:
#if defined(__AVX512F__) || defined(__aarch64__)  // 32 registers
    static constexpr long ROWS = 6;
#else
    static constexpr long ROWS = 3;
#endif

    // Each value of c is one chain of multiply-adds over k in order, whatever the tile: tiles do not show in results.
    template <long M, class Number>
    static void rows_of(const Number* __restrict__ a, long stride, const Number* __restrict__ b, long K,
                        float* __restrict__ c, bool add) {
        constexpr long STEP = U::PER_LANE;
        V sums[M][4];
        for (long m = 0; m < M; m++)
            for (long v = 0; v < 4; v++) sums[m][v] = add ? load(c + (m * 4 + v) * W) : V{};
        for (long k = 0; k < K; k += STEP, b += STEP * 4 * W) {
            auto first = U::columns(b), second = U::columns(b + STEP * W);
            auto third = U::columns(b + STEP * 2 * W), fourth = U::columns(b + STEP * 3 * W);
            for (long m = 0; m < M; m++) {
                const Number* row = a + m * stride + k;
                sums[m][0] = U::add(sums[m][0], row, first);
                sums[m][1] = U::add(sums[m][1], row, second);
                sums[m][2] = U::add(sums[m][2], row, third);
                sums[m][3] = U::add(sums[m][3], row, fourth);
            }
        }
        for (long m = 0; m < M; m++)
            for (long v = 0; v < 4; v++) store(c + (m * 4 + v) * W, sums[m][v]);
    }

    template <class Number>
    static void tile(long rows, const Number* a, long stride, const Number* b, long K, float* c, bool add) {
        switch (rows) {
            case 1: return rows_of<1>(a, stride, b, K, c, add);
            case 2: return rows_of<2>(a, stride, b, K, c, add);
            case 3: return rows_of<3>(a, stride, b, K, c, add);
            case 4: return rows_of<ROWS < 4 ? 1 : 4>(a, stride, b, K, c, add);
            case 5: return rows_of<ROWS < 5 ? 1 : 5>(a, stride, b, K, c, add);
            default: return rows_of<ROWS>(a, stride, b, K, c, add);
        }
    }
};

struct Float32 : InRegisters<Float32> {
    typedef float Number;
    static constexpr long PER_LANE = 1, K_ALIGN = 1, M_ALIGN = 1, COLUMNS = 4 * W;
    static constexpr bool AS_IS = true;

    static void row(const float* from, long K, float* to, long filled) {
        for (long k = 0; k < filled; k += W) store(to + k, load(from + k, K - k), filled - k);
    }
    static VU join(const float* const* rows, long j, long N) { return rows[0] ? (VU)load(rows[0] + j, N - j) : VU{}; }

    static V columns(const float* b) { return load(b); }
    static V add(V sum, const float* a, V columns) { return multiply_add(all(*a), columns, sum); }
};

}  // namespace LEVEL
}  // namespace tsuzuri
