// One step of the model, for generation: a word of each stream through the LSTM layers to the logits of the next.
//
// Weights are read as they lie, each row's K values side by side: nothing is cut into panels, which a single stream
// would use only once. A stream's value is the sum over k of x[k] w[k] in W lanes, each in order of k, and then of
// the lanes: neither the streams beside it nor the threads show in it.
#pragma once

#include "product.hpp"

namespace tsuzuri {
namespace LEVEL {

#if defined(__AVX512F__) || defined(__aarch64__)  // 32 registers
constexpr long STREAMS = 6;  // that meet a row of weights while it is in a register
#else
constexpr long STREAMS = 3;
#endif
constexpr long ROWS = 4 * W;            // of weights in a block: the gates of W units
constexpr long STEP_BYTES = 64 << 10;   // of weights in a task: they stay in the L2 cache while all streams pass
constexpr long NEAR_BYTES = 16 << 10;   // of weights that stay in the L1 cache while all streams pass
constexpr long STEP_ALONE = 128 << 10;  // multiply-adds that are done before another thread has woken up

// The sum of the lanes, in halves until four are left.
static inline Four fold(V v) {
    Four part[W / 4];
    memcpy(part, &v, sizeof v);
    for (long half = W / 8; half; half /= 2)
        for (long i = 0; i < half; i++) part[i] += part[i + half];
    return part[0];
}

// The sums of the lanes of four vectors.
static inline Four sums_of(const V* v) {
    Four a = fold(v[0]), b = fold(v[1]), c = fold(v[2]), d = fold(v[3]);
    Four ab = TSUZURI_SHUFFLE(a, b, 0, 4, 1, 5) + TSUZURI_SHUFFLE(a, b, 2, 6, 3, 7);  // a0 + a2, b0 + b2, a1 + a3, ...
    Four cd = TSUZURI_SHUFFLE(c, d, 0, 4, 1, 5) + TSUZURI_SHUFFLE(c, d, 2, 6, 3, 7);
    return TSUZURI_SHUFFLE(ab, cd, 0, 1, 4, 5) + TSUZURI_SHUFFLE(ab, cd, 2, 3, 6, 7);
}

// What a product reads: B rows of K values, spread so that they meet rows of weights without a read beyond those. Where
// K is no multiple of W, one vector more holds the values that are left, at its end and after zeros, and meets the last
// W weights of a row; or, where a row has fewer than W, is the only one.
struct Inputs {
    long K, whole, rest, stride;
    float* data;

    Inputs(Context& context, long B, long K)
        : K(K), whole(K / W * W), rest(K % W), stride(whole + (rest ? W : 0)),
          data(context.shared.take<float>(B * stride)) {
        memset(data, 0, B * stride * sizeof *data);
    }
    // Where values k.. of row b go, k being a multiple of W.
    float* at(long b, long k) const { return data + b * stride + (k < whole || K < W ? k : k + W - rest); }

    void put(long b, const float* row) const {
        memcpy(at(b, 0), row, whole * sizeof *row);
        memcpy(at(b, whole), row + whole, rest * sizeof *row);
    }
};

struct Weights {
    const float *w, *b;  // (rows, K), (rows,)
};

struct Block {  // of rows of weights, ROWS or the fewer that are left
    long first, rows;
};

// sums += the products of M rows of x with the four rows of weights.
template <long M>
TSUZURI_INLINE void meet(V (&sums)[M][4], const float* x, const Inputs& in, const float* const (&rows)[4]) {
    for (long k = 0; k < in.whole; k += W) {
        V values[M];
        for (long m = 0; m < M; m++) values[m] = load(x + m * in.stride + k);
        for (long r = 0; r < 4; r++) {
            V weights = load(rows[r] + k);
            for (long m = 0; m < M; m++) sums[m][r] = multiply_add(values[m], weights, sums[m][r]);
        }
    }
    if (!in.rest) return;
#pragma GCC unroll 4
    for (long r = 0; r < 4; r++) {
        V weights = in.K < W ? load(rows[r], in.K) : load(rows[r] + in.K - W);
        for (long m = 0; m < M; m++) sums[m][r] = multiply_add(load(x + m * in.stride + in.whole), weights, sums[m][r]);
    }
}

// y (M, ROWS), from column ``row`` on: M rows of x against four rows of the block of weights ``first``.
template <long M, long INPUTS>
static void tile(const Inputs* const (&in)[INPUTS], const Weights (&weights)[INPUTS], long b, const Block& block,
                 long row, float* y) {
    V sums[M][4] = {};
    for (long i = 0; i < INPUTS; i++) {
        const float* rows[4];  // the last row again where four are not left
        for (long r = 0; r < 4; r++) rows[r] = weights[i].w + (block.first + least(row + r, block.rows - 1)) * in[i]->K;
        meet<M>(sums, in[i]->data + b * in[i]->stride, *in[i], rows);
    }
    for (long m = 0; m < M; m++) {
        Four z = sums_of(sums[m]);
        memcpy(y + m * ROWS + row, &z, sizeof z);
    }
}

template <long INPUTS>
static void tiles(long M, const Inputs* const (&in)[INPUTS], const Weights (&weights)[INPUTS], long b,
                  const Block& block, long row, float* y) {
    switch (M) {
        case 1: return tile<1>(in, weights, b, block, row, y);
        case 2: return tile<2>(in, weights, b, block, row, y);
        case 3: return tile<3>(in, weights, b, block, row, y);
        case 4: return tile<STREAMS < 4 ? 1 : 4>(in, weights, b, block, row, y);
        case 5: return tile<STREAMS < 5 ? 1 : 5>(in, weights, b, block, row, y);
        default: return tile<STREAMS>(in, weights, b, block, row, y);
    }
}

// For every stream b and each block of rows: done(b, first, y), y (ROWS,) being the sums of all products and biases.
template <long INPUTS, class Done>
static void products_of(Context& context, long B, long rows, const Inputs* const (&in)[INPUTS],
                        const Weights (&weights)[INPUTS], const Done& done) {
    long K = 0, blocks = parts(rows, ROWS);
    for (long i = 0; i < INPUTS; i++) K += in[i]->K;
    long size = most(1, least(STEP_BYTES / (ROWS * K * 4), blocks / (4 * context.pool.threads())));
    if (B * rows * K < STEP_ALONE) size = blocks;
    long near = most(4, NEAR_BYTES / (K * 4) / 4 * 4);
    context.pool.each(parts(blocks, size), [&](long task, int thread) {
        Workspace& scratch = context.scratch[thread];
        scratch.reset();
        float* y = scratch.take<float>(B * ROWS);
        memset(y, 0, B * ROWS * sizeof *y);
        for (long i = task * size; i < least(blocks, (task + 1) * size); i++) {
            Block block{i * ROWS, least(ROWS, rows - i * ROWS)};
            for (long start = 0; start < block.rows; start += near)
                for (long b = 0; b < B; b += STREAMS)
                    for (long row = start; row < least(block.rows, start + near); row += 4)
                        tiles(least(STREAMS, B - b), in, weights, b, block, row, y + b * ROWS);
            V bias[4] = {};
            for (long k = 0; k < INPUTS; k++)
                for (long r = 0; r * W < block.rows; r++)
                    bias[r] += load(weights[k].b + block.first + r * W, block.rows - r * W);
            for (long b = 0; b < B; b++) {
                for (long r = 0; r < 4; r++) store(y + b * ROWS + r * W, load(y + b * ROWS + r * W) + bias[r]);
                done(b, block.first, y + b * ROWS);
            }
        }
    });
}

// The gates of W units of one stream, interleaved in z, to their new state; c points at the n that are left of N.
static inline V unit_step(const float* z, const float* c, float* new_c, long n) {
    float gates[4][W];
    for (long u = 0; u < W; u++)
        for (long k = 0; k < 4; k++) gates[k][u] = z[4 * u + k];
    V a = tanh(load(gates[0])), i = sigmoid(load(gates[1])), f = sigmoid(load(gates[2])), o = sigmoid(load(gates[3]));
    V next = f * load(c, n) + i * a;
    store(new_c, next, n);
    return o * tanh(next);
}

static void step(Context& context, const ModelStep& s) {
    long width = s.layers[0].I;
    Inputs x(context, s.B, width);  // what a layer reads, then what it writes
    for (long b = 0; b < s.B; b++) x.put(b, s.embedding + s.words[b] * width);
    for (long l = 0; l < s.L; l++) {
        const LayerStep& layer = s.layers[l];
        long N = layer.N;
        Inputs h_before(context, s.B, N), y(context, s.B, N);
        for (long b = 0; b < s.B; b++) h_before.put(b, layer.h + b * N);
        const Inputs* inputs[2] = {&x, &h_before};
        const Weights weights[2] = {{layer.w_x, layer.b_x}, {layer.w_h, layer.b_h}};
        const bool skips = s.skip && l && layer.I == N;  // what the layer below hands on lies in x as this one's in y
        products_of(context, s.B, 4 * N, inputs, weights, [&](long b, long first, const float* z) {
            long unit = first / 4, n = least(W, N - unit), at = b * N + unit;
            V h = unit_step(z, layer.c + at, layer.new_c + at, n);
            store(layer.new_h + at, h, n);
            store(y.at(b, unit), skips ? h + load(x.at(b, unit), n) : h, n);
        });
        x = y;
    }
    const Inputs* last[1] = {&x};
    const Weights weights[1] = {{s.w, s.b}};
    products_of(context, s.B, s.V, last, weights, [&](long b, long first, const float* z) {
        memcpy(s.logits + b * s.V + first, z, least(ROWS, s.V - first) * sizeof *z);
    });
}

}  // namespace LEVEL
}  // namespace tsuzuri
