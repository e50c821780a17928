// The output layer with softmax cross-entropy, in blocks of rows: the logits of a block are made, become their own
// gradients, are used and dropped. They have the layout of a matrix in panels (each of COLUMNS words, with all the
// block's rows), which the gradient of the weights reads as it is.
#pragma once

#include "product.hpp"

namespace tsuzuri {
namespace LEVEL {

constexpr long LOGITS = 4 << 20;  // values of a block
constexpr long SLAB = 8;          // rows that are passed over together, to stay in cache between two passes

// A block of logits: word v of row r in panel v / COLUMNS.
template <class U>
struct Logits {
    float* data;
    long rows, panels, V_;
    float* panel(long p) const { return data + p * rows * U::COLUMNS; }
    float& at(long r, long v) const { return panel(v / U::COLUMNS)[r * U::COLUMNS + v % U::COLUMNS]; }
};

// -log softmax of the rows first.. first + count - 1 at their targets, in nats; the logits become their gradients, of
// targets that are smoothed.
template <class U>
static void softmax(const Logits<U>& z, long first, long count, const int32_t* target, float scale, float smoothing,
                    bool gradients, double* loss) {
    constexpr long C = U::COLUMNS;
    const float low = -3.0e38f;
    V most_[SLAB], total[SLAB];
    for (long r = 0; r < count; r++) most_[r] = all(low), total[r] = V{};
    // Words beyond V count as ``low``, so that they come to nothing; nobody reads what becomes of their gradients.
    for (long j = z.V_ % C; j && j < C; j++)
        for (long r = 0; r < count; r++) z.panel(z.panels - 1)[(first + r) * C + j] = low;
    for (long p = 0; p < z.panels; p++)
        for (long r = 0; r < count; r++)
            for (long v = 0; v < C; v += W) most_[r] = larger(load(z.panel(p) + (first + r) * C + v), most_[r]);
    float chosen[SLAB];
    for (long r = 0; r < count; r++) {
        most_[r] = all(largest(most_[r]));
        chosen[r] = target[r] < 0 ? 0.0f : z.at(first + r, target[r]) - most_[r][0];
    }
    for (long p = 0; p < z.panels; p++)
        for (long r = 0; r < count; r++)
            for (long v = 0; v < C; v += W) {
                float* at = z.panel(p) + (first + r) * C + v;
                V e = exp(load(at) - most_[r]);
                total[r] += e;
                if (gradients) store(at, e);
            }
    float factor[SLAB], even[SLAB];
    for (long r = 0; r < count; r++) {
        float whole = sum(total[r]);
        loss[r] = target[r] < 0 ? 0.0 : __builtin_log(static_cast<double>(whole)) - chosen[r];
        factor[r] = target[r] < 0 ? 0.0f : scale / whole;
        even[r] = target[r] < 0 ? 0.0f : scale * smoothing / z.V_;
    }
    if (!gradients) return;
    for (long p = 0; p < z.panels; p++)
        for (long r = 0; r < count; r++)
            for (long v = 0; v < C; v += W) {
                float* at = z.panel(p) + (first + r) * C + v;
                store(at, multiply_add(load(at), all(factor[r]), all(-even[r])));
            }
    for (long r = 0; r < count; r++)
        if (target[r] >= 0) z.at(first + r, target[r]) -= scale * (1 - smoothing);
}

// Rows of A from logits.
template <class U>
static auto rows_at(const Logits<U>& z) {
    return [=](long m, long rows, long k, long depth, typename U::Number* room) {
        long filled = aligned(depth, U::K_ALIGN), C = U::COLUMNS;
        for (long p = k / C; p * C < k + depth; p++)
            for (long r = 0; r < rows; r++) {
                long n = least(C, k + depth - p * C);
                U::row(z.panel(p) + (m + r) * C, n, room + r * filled + p * C - k, n);
            }
        for (long r = rows; r < aligned(rows, U::M_ALIGN); r++) memset(room + r * filled, 0, filled * sizeof *room);
        return Rows<U>{room, filled};
    };
}

template <class U>
static double cross_entropy(Context& context, const CrossEntropy& l) {
    constexpr long C = U::COLUMNS;
    long N = l.N, panels = parts(l.V, C);
    long blocks = parts(l.R * panels * C, LOGITS), size = parts(l.R, blocks);
    float* data = context.shared.take<float>(size * panels * C);
    double* losses = context.shared.take<double>(l.R);
    Panels<U> w = panels_of_columns<U>(context, N, l.V, [&](long j) { return l.w + j * N; });
    Panels<U> back{};
    if (l.g_h) back = panels_of_rows<U>(context, panels * C, N, [&](long k, long j) {
        return k < l.V ? l.w + k * N + j : nullptr;
    });
    for (long start = 0; start < l.R; start += size) {
        long rows = least(size, l.R - start);
        const float* h = l.h + start * N;
        Logits<U> z{data, rows, panels, l.V};
        multiply<U>(context, rows, w, rows_at<U>(h, N, N), [&](long m, long count, long p, const float* c) {
            for (long v = 0; v < 4; v++) {
                long left = l.V - p * C - v * W;
                V b = left > 0 ? load(l.b + p * C + v * W, left) : V{};
                for (long r = 0; r < count; r++)
                    store(z.panel(p) + (m + r) * C + v * W, load(c + r * C + v * W) + b);
            }
        });
        context.pool.each(parts(rows, SLAB), [&](long slab, int) {
            long first = slab * SLAB, count = least(SLAB, rows - first);
            softmax<U>(z, first, count, l.target + start + first, l.scale, l.smoothing, l.g_h, losses + start + first);
        });
        if (!l.g_h) continue;
        multiply<U>(context, rows, back, rows_at<U>(z), [&](long m, long count, long p, const float* c) {
            long n = least(C, N - p * C);
            for (long r = 0; r < count; r++)
                memcpy(l.g_h + (start + m + r) * N + p * C, c + r * C, n * sizeof(float));
        });
        context.pool.each(panels, [&](long p, int) {
            V sums[4] = {};
            for (long r = 0; r < rows; r++)
                for (long v = 0; v < 4; v++) sums[v] += load(z.panel(p) + r * C + v * W);
            for (long j = 0; j < least(C, l.V - p * C); j++)
                l.g_b[p * C + j] = sums[j / W][j % W] + (start ? l.g_b[p * C + j] : 0.0f);
        });
        Panels<U> gradients;
        if constexpr (U::AS_IS)
            gradients = {data, rows, l.V};
        else
            gradients = panels_of_rows<U>(context, rows, l.V, [&](long k, long j) { return z.panel(j / C) + k * C; });
        Rows<U> from = transposed<U>(context, rows, N, [=](long r) { return h + r * N; });
        multiply<U>(context, N, gradients, rows_at<U>(from), [&](long m, long count, long p, const float* c) {
            store_columns(c, count, least(C, l.V - p * C), C, start > 0, [&](long j) {
                return l.g_w + (p * C + j) * N + m;
            });
        });
    }
    double loss = 0;
    for (long r = 0; r < l.R; r++) loss += losses[r];
    return loss;
}

}  // namespace LEVEL
}  // namespace tsuzuri
