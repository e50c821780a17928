// Products of matrices: matrices cut into panels, and the loop over blocks that hands each to a unit's micro-kernel.
#pragma once

#include "kernels.hpp"
#include "pool.hpp"
#include "simd.hpp"

namespace tsuzuri {
namespace LEVEL {

static inline long least(long a, long b) { return a < b ? a : b; }
static inline long most(long a, long b) { return a > b ? a : b; }
static inline long parts(long size, long part) { return (size + part - 1) / part; }
static inline long aligned(long size, long to) { return parts(size, to) * to; }

constexpr long M_BLOCK = 96;   // rows of a task: few enough for a block of A to stay in the L2 cache
constexpr long K_OUTER = 512;  // depth of such a block
constexpr long CHUNK = 16;     // panels of a task, or fewer where threads would have nothing to do

// A matrix (K, N) as a unit reads it, panel by panel; ``N`` and K filled up with zeros.
template <class U>
struct Panels {
    typename U::Number* data;
    long K, N;  // K filled up

    long count() const { return parts(N, U::COLUMNS); }
    const typename U::Number* panel(long p, long k = 0) const { return data + (p * K + k) * U::COLUMNS; }
};

// Where four lanes of each of four rows, ``stride`` bytes apart, are turned into four of each of four columns.
struct Square {
    Four columns[4];

    Square(const void* rows, long stride) {
        Four a, b, c, d;
        memcpy(&a, static_cast<const char*>(rows), sizeof a);
        memcpy(&b, static_cast<const char*>(rows) + stride, sizeof b);
        memcpy(&c, static_cast<const char*>(rows) + 2 * stride, sizeof c);
        memcpy(&d, static_cast<const char*>(rows) + 3 * stride, sizeof d);
        Four ac = TSUZURI_SHUFFLE(a, c, 0, 4, 1, 5), bd = TSUZURI_SHUFFLE(b, d, 0, 4, 1, 5);
        columns[0] = TSUZURI_SHUFFLE(ac, bd, 0, 4, 1, 5), columns[1] = TSUZURI_SHUFFLE(ac, bd, 2, 6, 3, 7);
        ac = TSUZURI_SHUFFLE(a, c, 2, 6, 3, 7), bd = TSUZURI_SHUFFLE(b, d, 2, 6, 3, 7);
        columns[2] = TSUZURI_SHUFFLE(ac, bd, 0, 4, 1, 5), columns[3] = TSUZURI_SHUFFLE(ac, bd, 2, 6, 3, 7);
    }
};

constexpr long STRIP = 16;  // values of a row that are turned into a column together: a cache line of float32

// The panels of the matrix whose row k, from column j on, is at row(k, j); null stands for zeros.
template <class U, class Row>
static Panels<U> panels_of_rows(Context& context, long K, long N, const Row& row) {
    long filled = aligned(K, U::K_ALIGN), C = U::COLUMNS;
    Panels<U> made{context.shared.take<typename U::Number>(filled * aligned(N, C)), filled, N};
    context.pool.each(made.count(), [&](long p, int) {
        typename U::Number* to = made.data + p * filled * C;
        for (long k = 0; k < filled; k += U::PER_LANE, to += U::PER_LANE * C) {
            const float* rows[U::PER_LANE];
            for (long i = 0; i < U::PER_LANE; i++) rows[i] = k + i < K ? row(k + i, p * C) : nullptr;
            for (long v = 0; v < C; v += W) {
                VU lanes = U::join(rows, v, N - p * C);
                memcpy(to + v * U::PER_LANE, &lanes, sizeof lanes);
            }
        }
    });
    return made;
}

// The panels of the matrix whose column j is at column(j), its K values side by side; null stands for zeros.
template <class U, class Column>
static Panels<U> panels_of_columns(Context& context, long K, long N, const Column& column) {
    long filled = aligned(K, U::K_ALIGN), C = U::COLUMNS;
    Panels<U> made{context.shared.take<typename U::Number>(filled * aligned(N, C)), filled, N};
    context.pool.each(made.count(), [&](long p, int) {
        typename U::Number* to = made.data + p * filled * C;
        const float* from[U::COLUMNS];
        for (long j = 0; j < C; j++) from[j] = p * C + j < N ? column(p * C + j) : nullptr;
        for (long start = 0; start < filled; start += STRIP)
            for (long j = 0; j < C; j += 4) {
                typename U::Number strips[4][STRIP];
                for (long i = 0; i < 4; i++)
                    if (!from[j + i] || K <= start)
                        memset(strips[i], 0, sizeof strips[i]);
                    else if (K - start >= STRIP)
                        U::row(from[j + i] + start, STRIP, strips[i], STRIP);
                    else
                        U::row(from[j + i] + start, K - start, strips[i], STRIP);
                for (long k = 0; k < STRIP; k += 4 * U::PER_LANE) {
                    Square square(strips[0] + k, sizeof strips[0]);
                    for (long i = 0; i < 4 && start + k + i * U::PER_LANE < filled; i++)
                        memcpy(to + (start + k + i * U::PER_LANE) * C + j * U::PER_LANE, square.columns + i, sizeof(Four));
                }
            }
    });
    return made;
}

// Rows of A, (M, K), where a unit can read them.
template <class U>
struct Rows {
    const typename U::Number* data;
    long stride;
};

// Where rows of float32 can be read as they lie, ``data`` itself; else a copy in ``to``, filled up as the unit asks.
template <class U>
static Rows<U> rows_of(const float* data, long stride, long M, long K, typename U::Number* to) {
    if constexpr (U::AS_IS) {
        return {data, stride};
    } else {
        long filled = aligned(K, U::K_ALIGN);
        for (long m = 0; m < M; m++) U::row(data + m * stride, K, to + m * filled, filled);
        for (long m = M; m < aligned(M, U::M_ALIGN); m++) memset(to + m * filled, 0, filled * sizeof *to);
        return {to, filled};
    }
}

// What ``rows_of`` may need for M rows.
template <class U>
static long room_of(long M, long K) {
    return U::AS_IS ? 0 : aligned(M, U::M_ALIGN) * aligned(K, U::K_ALIGN);
}

// The transpose (M, K) of a matrix (K, M) whose row k is at row(k), for a unit to read as rows.
template <class U, class Row>
static Rows<U> transposed(Context& context, long K, long M, const Row& row) {
    constexpr long LANE_ROWS = STRIP / U::PER_LANE;
    long filled = aligned(K, U::K_ALIGN), height = aligned(M, U::M_ALIGN);
    typename U::Number* to = context.shared.take<typename U::Number>(height * filled);
    context.pool.each(parts(height, STRIP), [&](long strip, int) {
        for (long start = 0; start < filled; start += STRIP) {
            uint32_t lanes[LANE_ROWS][STRIP];
            for (long i = 0; i < LANE_ROWS; i++) {
                const float* rows[U::PER_LANE];
                for (long r = 0; r < U::PER_LANE; r++) {
                    long k = start + i * U::PER_LANE + r;
                    rows[r] = k < K ? row(k) : nullptr;
                }
                for (long j = 0; j < STRIP; j += W) {
                    VU joined = U::join(rows, strip * STRIP + j, M);
                    memcpy(lanes[i] + j, &joined, sizeof joined);
                }
            }
            for (long j = 0; j < STRIP; j += 4)
                for (long i = 0; i < LANE_ROWS && start + i * U::PER_LANE < filled; i += 4) {
                    Square square(lanes[i] + j, sizeof lanes[i]);
                    long k = start + i * U::PER_LANE, size = least(4 * U::PER_LANE, filled - k) * sizeof *to;
                    for (long m = 0; m < 4 && strip * STRIP + j + m < height; m++) {
                        typename U::Number* at = to + (strip * STRIP + j + m) * filled + k;
                        if (size == sizeof(Four))
                            memcpy(at, square.columns + m, sizeof(Four));
                        else
                            memcpy(at, square.columns + m, size);
                    }
                }
        }
    });
    return {to, filled};
}

// For each block of C = A b: done(m, rows, p, c) with c (rows, COLUMNS), C's rows from m on in panel p.
// A's rows come from block(m, rows, k, depth, thread), as ``Rows``.
template <class U, class Block, class Done>
static void multiply(Context& context, long M, const Panels<U>& b, const Block& block, const Done& done) {
    long panels = b.count(), chunk = least(panels, CHUNK), C = U::COLUMNS;
    while (chunk > 1 && parts(M, M_BLOCK) * parts(panels, chunk) < 3 * context.pool.threads()) chunk = (chunk + 1) / 2;
    long chunks = parts(panels, chunk);
    context.pool.each(parts(M, M_BLOCK) * chunks, [&](long task, int thread) {
        long m = task / chunks * M_BLOCK, rows = least(M_BLOCK, M - m);
        long first = task % chunks * chunk, last = least(panels, first + chunk);
        Workspace& scratch = context.scratch[thread];
        scratch.reset();
        U::begin();
        bool deep = b.K > K_OUTER;
        long size = aligned(rows, most(1, U::M_ALIGN)) * C;
        float* c = scratch.take<float>(size * (deep ? chunk : 1));
        typename U::Number* room = scratch.take<typename U::Number>(room_of<U>(M_BLOCK, K_OUTER));
        for (long k = 0; k < b.K; k += K_OUTER) {
            long depth = least(K_OUTER, b.K - k);
            Rows<U> a = block(m, rows, k, depth, room);
            for (long p = first; p < last; p++) {
                float* part = c + (deep ? p - first : 0) * size;
                U::panel(a.data, a.stride, b.panel(p, k), rows, depth, part, k > 0);
                if (k + depth == b.K) done(m, rows, p, part);
            }
        }
    });
}

// Blocks of A that lies as rows of float32, ``stride`` apart.
template <class U>
static auto rows_at(const float* data, long stride, long K) {
    return [=](long m, long rows, long k, long depth, typename U::Number* room) {
        return rows_of<U>(data + m * stride + k, stride, rows, least(depth, K - k), room);
    };
}

// Blocks of A that lies as the unit reads it.
template <class U>
static auto rows_at(const Rows<U>& a) {
    return [=](long m, long, long k, long, typename U::Number*) { return Rows<U>{a.data + m * a.stride + k, a.stride}; };
}

// Store a block (rows, columns) of a panel transposed: to(j) is where column j goes.
template <class To>
static void store_columns(const float* c, long rows, long columns, long C, bool add, const To& to) {
    for (long j = 0; j < columns; j += 4) {
        float* column[4];
        bool whole = true;
        for (long i = 0; i < 4; i++) {
            column[i] = j + i < columns ? to(j + i) : nullptr;
            whole = whole && column[i];
        }
        long m = 0;
        for (; whole && m + 4 <= rows; m += 4) {
            Square square(c + m * C + j, C * sizeof *c);
            for (long i = 0; i < 4; i++) {
                Four sum = square.columns[i], before;
                if (add) memcpy(&before, column[i] + m, sizeof before), sum += before;
                memcpy(column[i] + m, &sum, sizeof sum);
            }
        }
        for (; m < rows; m++)
            for (long i = 0; i < 4; i++)
                if (column[i]) column[i][m] = c[m * C + j + i] + (add ? column[i][m] : 0.0f);
    }
}

}  // namespace LEVEL
}  // namespace tsuzuri
