// A window of one LSTM layer, or of two as a wavefront, in one launch whose blocks wait for each other.
//
// A block has U units and S streams of a layer for all steps. At a step it needs h of the step before, from the blocks
// with the same streams, and in the upper layer also what the lower one hands up at this step; that layer runs ahead.
// What waits for nobody is done before the waits, and what nobody waits for after the signal.
#include "ptx.cuh"
#include "common.cuh"
#include "recurrence.cuh"

struct Layer {
    const float *w_x, *b_x, *w_h, *b_h;
    float *gates, *hs, *cs;
    Operand *h_op, *out_op;
    const uint64 *out_key, *mask_key;
    unsigned* counters;    // a counter for each group of streams
    int block, U, groups;  // of this layer: which block, units of a block, groups of units
};

template <class Tile, bool INNER>
__device__ inline void run(const Layer& l, const Operand* input, unsigned* below_counters, int below_groups, int T,
                           int B, int N, int S, Dropout out, Dropout projections) {
    const int first_unit = l.block % l.groups * l.U, units = min(l.U, N - first_unit);
    const int group = l.block / l.groups, first_stream = group * S, streams = min(S, B - first_stream), Np = padded(N);
    Counter own{l.counters + group * COUNTER, 0}, below{below_counters + group * COUNTER, 0};
    unsigned char* w_h = shared_memory();
    unsigned char* w_x = w_h + 4 * l.U * row_bytes(N);
    float* partial = reinterpret_cast<float*>(INNER ? w_x + 4 * l.U * row_bytes(N) : w_x);
    load_rows(w_h, l.w_h + 4ll * first_unit * N, 4 * units, N);
    if (INNER) load_rows(w_x, l.w_x + 4ll * first_unit * N, 4 * units, N);

    // Pairs of a unit and a stream, the units side by side.
    bool mine[Tile::PAIRS];
    int unit[Tile::PAIRS], stream[Tile::PAIRS];
    float c[Tile::PAIRS];
#pragma unroll
    for (int p = 0; p < Tile::PAIRS; p++) {
        const int pair = threadIdx.x + p * blockDim.x;
        unit[p] = pair % l.U, stream[p] = pair / l.U;
        mine[p] = unit[p] < units && stream[p] < streams;
        if (mine[p]) c[p] = l.cs[(long long)(first_stream + stream[p]) * N + first_unit + unit[p]];
    }
    Product<Tile> product(4 * units, streams, N);

    for (int t = 0; t < T; t++) {
        const long long row = (long long)t * B + first_stream;
        float4 z[Tile::PAIRS];
        float keep[Tile::PAIRS];
#pragma unroll
        for (int p = 0; p < Tile::PAIRS; p++) {
            if (!mine[p]) continue;
            const int n = first_unit + unit[p];
            z[p] = four(l.b_x, n);
            if (!INNER) {
                z[p] = z[p] + four(l.gates, (row + stream[p]) * N + n);
                z[p] = z[p] * projections_mask(l.mask_key, row + stream[p], n, N, projections);
            }
            z[p] = z[p] + four(l.b_h, n);
            keep[p] = output_mask(l.out_key, row + stream[p], n, N, out);
        }

        product.clear();
        if (INNER) {
            below.wait((t + 1) * below_groups);
            product.add(w_x, input + row * Np, N);
        }
        own.wait(t * l.groups);
        product.add(w_h, l.h_op + row * Np, N);
        product.put(partial);

        float h[Tile::PAIRS];
#pragma unroll
        for (int p = 0; p < Tile::PAIRS; p++) {
            if (!mine[p]) continue;
            const long long at = (row + stream[p]) * Np + first_unit + unit[p];
            z[p] = activate(z[p] + gates_sum<Tile>(partial, unit[p], stream[p]));
            c[p] = z[p].z * c[p] + z[p].y * z[p].x;
            h[p] = z[p].w * tanhf(c[p]);
            store_operand(l.h_op + (long long)B * Np + at, h[p]);
            store_operand(l.out_op + at, h[p] * keep[p]);
        }
        own.tell();
#pragma unroll
        for (int p = 0; p < Tile::PAIRS; p++) {
            if (!mine[p]) continue;
            const long long at = (row + stream[p]) * N + first_unit + unit[p];
            store_four(l.gates + 4 * at, z[p]);
            l.cs[(long long)B * N + at] = c[p];
            l.hs[(long long)B * N + at] = h[p];
        }
    }
}

// `counters`: one for who left, then those of each layer, a group of streams each; zeros, and zeros again afterwards.
// With one layer the second's arrays are not looked at.
extern "C" __global__ void __launch_bounds__(THREADS, 1) forward(
    const float* b_x1, const float* w_h1, const float* b_h1, float* gates1, float* hs1, float* cs1, Operand* h_op1,
    Operand* out_op1, const uint64* out_key1, const uint64* mask_key1, const float* w_x2, const float* b_x2,
    const float* w_h2, const float* b_h2, float* gates2, float* hs2, float* cs2, Operand* h_op2, Operand* out_op2,
    const uint64* out_key2, unsigned* counters, int T, int B, int N, int S, int stream_groups, int U1, int groups1,
    int U2, int groups2, unsigned out_threshold1, float out_scale1, int out_period1, unsigned out_threshold2,
    float out_scale2, int out_period2, unsigned mask_threshold, float mask_scale) {
    const int block = blockIdx.x, lower = groups1 * stream_groups;
    unsigned *counters1 = counters + COUNTER, *counters2 = counters1 + stream_groups * COUNTER;
    const Dropout projections{mask_threshold, mask_scale, 0};
    if constexpr (LAYERS == 2)
        if (block >= lower) {
            const Layer l{w_x2,    b_x2,     w_h2,    b_h2,      gates2,        hs2, cs2,    h_op2,
                          out_op2, out_key2, nullptr, counters2, block - lower, U2,  groups2};
            const Dropout out{out_threshold2, out_scale2, out_period2};
            run<Upper, true>(l, out_op1, counters1, groups1, T, B, N, S, out, projections);
        }
    if (block < lower) {
        const Layer l{nullptr, b_x1,     w_h1,      b_h1,      gates1, hs1, cs1,    h_op1,
                      out_op1, out_key1, mask_key1, counters1, block,  U1,  groups1};
        const Dropout out{out_threshold1, out_scale1, out_period1};
        run<Lower, false>(l, nullptr, counters1, 0, T, B, N, S, out, projections);
    }
    leave(counters, 1 + LAYERS * stream_groups);
}
