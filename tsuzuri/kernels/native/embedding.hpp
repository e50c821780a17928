// Rows of a matrix by number, and the gradient of that.
#pragma once

#include "product.hpp"

namespace tsuzuri {
namespace LEVEL {

// Rows of N values that a task moves: some 64 KiB of them.
static inline long rows_a_task(long N) { return most(1, 16384 / most(1, N)); }

static void embed(Context& context, const Embed& l) {
    long rows = rows_a_task(l.N);
    context.pool.each(parts(l.R, rows), [&](long task, int) {
        for (long r = task * rows; r < least(l.R, (task + 1) * rows); r++)
            memcpy(l.y + r * l.N, l.w + l.ids[r] * l.N, l.N * sizeof(float));
    });
}

// Each word's row of the gradient is the sum of the rows that read it, in their order, made by one thread.
static void embed_backward(Context& context, const EmbedBackward& l) {
    long* first = context.shared.take<long>(l.V);  // the first row of each word, -1 where there is none
    long* next = context.shared.take<long>(l.R);   // the row of the same word after each row
    for (long v = 0; v < l.V; v++) first[v] = -1;
    for (long r = l.R - 1; r >= 0; r--) {
        next[r] = first[l.ids[r]];
        first[l.ids[r]] = r;
    }
    long words = rows_a_task(l.N);
    context.pool.each(parts(l.V, words), [&](long task, int) {
        for (long v = task * words; v < least(l.V, (task + 1) * words); v++) {
            float* to = l.g_w + v * l.N;
            long r = first[v];
            if (r < 0) {
                memset(to, 0, l.N * sizeof *to);
                continue;
            }
            memcpy(to, l.g + r * l.N, l.N * sizeof *to);
            while ((r = next[r]) >= 0) {
                const float* from = l.g + r * l.N;
                for (long j = 0; j < l.N; j += W) {
                    long n = l.N - j;
                    store(to + j, load(to + j, n) + load(from + j, n), n);
                }
            }
        }
    });
}

}  // namespace LEVEL
}  // namespace tsuzuri
