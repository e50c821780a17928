// The way back through a window of one LSTM layer, or of two as a wavefront; the mirror image of recurrence_forward.cu.
//
// A block has U units and S streams of a layer for all steps, and for each unit its column of the recurrent weights:
// the gradient of h is dz of the step after times w_h. In the lower layer of a wavefront it also has its columns of the
// upper layer's w_x: what comes down is dz of the upper layer at this step times them, times dropout's mask.
#include "ptx.cuh"
#include "common.cuh"
#include "recurrence.cuh"

struct Layer {
    const float *w_h, *cs;
    float* gates;
    Operand *dz_op, *dz_x_op;
    const uint64 *out_key, *mask_key;
    unsigned* counters;    // a counter for each group of streams
    int block, U, groups;  // of this layer: which block, units of a block, groups of units
};

// The gradients at the window's ends, of the state after it and before it, each (B, N), where they are wanted.
struct Ends {
    const float* g_c;
    float *g_h0, *g_c0;
};

template <class Tile, bool INNER>
__device__ inline void run(const Layer& l, const float* g_out, const float* w_x, const Operand* input,
                           unsigned* above_counters, int above_groups, const Ends& ends, int T, int B, int N, int S,
                           Dropout out, Dropout projections) {
    const int first_unit = l.block % l.groups * l.U, units = min(l.U, N - first_unit);
    const int group = l.block / l.groups, first_stream = group * S, streams = min(S, B - first_stream);
    const int Gp = padded(4 * N);
    Counter own{l.counters + group * COUNTER, 0}, above{above_counters + group * COUNTER, 0};
    unsigned char* w_h_columns = shared_memory();
    unsigned char* w_x_columns = w_h_columns + l.U * row_bytes(4 * N);
    float* partial = reinterpret_cast<float*>(INNER ? w_x_columns + l.U * row_bytes(4 * N) : w_x_columns);
    load_columns(w_h_columns, l.w_h, first_unit, units, 4 * N, N);
    if (INNER) load_columns(w_x_columns, w_x, first_unit, units, 4 * N, N);

    // Pairs of a unit and a stream, the units side by side.
    bool mine[Tile::PAIRS];
    int unit[Tile::PAIRS], stream[Tile::PAIRS];
    float g_c[Tile::PAIRS], c_after[Tile::PAIRS];
#pragma unroll
    for (int p = 0; p < Tile::PAIRS; p++) {
        const int pair = threadIdx.x + p * blockDim.x;
        unit[p] = pair % l.U, stream[p] = pair / l.U;
        mine[p] = unit[p] < units && stream[p] < streams;
        if (!mine[p]) continue;
        const long long at = (long long)(first_stream + stream[p]) * N + first_unit + unit[p];
        g_c[p] = ends.g_c ? ends.g_c[at] : 0.0f;
        c_after[p] = l.cs[(long long)T * B * N + at];
    }
    Product<Tile> product(units, streams, 4 * N);

    for (int t = T - 1; t >= 0; t--) {
        const long long row = (long long)t * B + first_stream;
        Slopes slopes[Tile::PAIRS];
        float g[Tile::PAIRS];
#pragma unroll
        for (int p = 0; p < Tile::PAIRS; p++) {
            if (!mine[p]) continue;
            const int n = first_unit + unit[p];
            const long long at = (row + stream[p]) * N + n;
            const float c_before = l.cs[at];
            slopes[p] = Slopes(four(l.gates, at), c_before, c_after[p]);
            c_after[p] = c_before;
            g[p] = output_mask(l.out_key, row + stream[p], n, N, out);
            if (!INNER) g[p] *= g_out[at];
        }
        if (INNER) {
            above.wait((T - t) * above_groups);
            product.clear();
            product.add(w_x_columns, input + row * Gp, 4 * N);
            product.put(partial);
#pragma unroll
            for (int p = 0; p < Tile::PAIRS; p++)
                if (mine[p]) g[p] *= row_sum<Tile>(partial, unit[p], stream[p]);
        }
        own.wait((T - 1 - t) * l.groups);
        if (t < T - 1) {
            product.clear();
            product.add(w_h_columns, l.dz_op + (row + B) * Gp, 4 * N);
            product.put(partial);
        }
        float4 dz[Tile::PAIRS];
#pragma unroll
        for (int p = 0; p < Tile::PAIRS; p++) {
            if (!mine[p]) continue;
            if (t < T - 1) g[p] += row_sum<Tile>(partial, unit[p], stream[p]);
            dz[p] = slopes[p].back(g[p], g_c[p]);
            store_operands(l.dz_op + (row + stream[p]) * Gp + 4 * (first_unit + unit[p]), dz[p]);
        }
        own.tell();
#pragma unroll
        for (int p = 0; p < Tile::PAIRS; p++) {
            if (!mine[p]) continue;
            const int n = first_unit + unit[p];
            store_four(l.gates + 4 * ((row + stream[p]) * N + n), dz[p]);
            if (projections.threshold)
                store_operands(l.dz_x_op + (row + stream[p]) * Gp + 4 * n,
                           dz[p] * projections_mask(l.mask_key, row + stream[p], n, N, projections));
        }
    }
    if (ends.g_h0 == nullptr) return;
    own.wait(T * l.groups);
    product.clear();
    product.add(w_h_columns, l.dz_op + (long long)first_stream * Gp, 4 * N);
    product.put(partial);
#pragma unroll
    for (int p = 0; p < Tile::PAIRS; p++) {
        if (!mine[p]) continue;
        const long long at = (long long)(first_stream + stream[p]) * N + first_unit + unit[p];
        ends.g_h0[at] = row_sum<Tile>(partial, unit[p], stream[p]);
        ends.g_c0[at] = g_c[p];
    }
}

// `counters` as in the kernel forward. `g_out` is the gradient of the upper layer's out_op, of the only one's with one
// layer; then the second's arrays are not looked at. `given`: 2 where g_c is, plus 4 where g_h0 and g_c0 are wanted.
extern "C" __global__ void __launch_bounds__(THREADS, 1) backward(
    const float* g_out, const float* w_h1, const float* cs1, float* gates1, Operand* dz_op1, Operand* dz_x_op1,
    const uint64* out_key1, const uint64* mask_key1, const float* w_x2, const float* w_h2, const float* cs2,
    float* gates2, Operand* dz_op2, const uint64* out_key2, const float* g_c, float* g_h0, float* g_c0, int given,
    unsigned* counters, int T, int B, int N, int S, int stream_groups, int U1, int groups1, int U2, int groups2,
    unsigned out_threshold1, float out_scale1, int out_period1, unsigned out_threshold2, float out_scale2,
    int out_period2, unsigned mask_threshold, float mask_scale) {
    const int block = blockIdx.x, lower = groups1 * stream_groups;
    unsigned *counters1 = counters + COUNTER, *counters2 = counters1 + stream_groups * COUNTER;
    const Dropout out1{out_threshold1, out_scale1, out_period1}, out2{out_threshold2, out_scale2, out_period2};
    const Dropout projections{mask_threshold, mask_scale, 0};
    const Ends asked{given & 2 ? g_c : nullptr, given & 4 ? g_h0 : nullptr, given & 4 ? g_c0 : nullptr};
    const Layer first{w_h1, cs1, gates1, dz_op1, dz_x_op1, out_key1, mask_key1, counters1, block, U1, groups1};
    if constexpr (LAYERS == 2) {
        const Ends none{nullptr, nullptr, nullptr};
        const Layer second{w_h2,    cs2,       gates2,        dz_op2, nullptr, out_key2,
                           nullptr, counters2, block - lower, U2,     groups2};
        if (block < lower)
            run<Lower, true>(first, nullptr, w_x2, dz_op2, counters2, groups2, none, T, B, N, S, out1, projections);
        else
            run<Upper, false>(second, g_out, nullptr, nullptr, counters2, 0, none, T, B, N, S, out2, projections);
    } else {
        run<Lower, false>(first, g_out, nullptr, nullptr, counters1, 0, asked, T, B, N, S, out1, projections);
    }
    leave(counters, 1 + LAYERS * stream_groups);
}
