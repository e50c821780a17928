// A step of the model, for writing: a word of each of B streams to the logits of the next.
//
// A layer's inputs lie side by side, and an input that is always 1 has the bias for its weight: inputs1 (B, 2K) is the
// word's vector, 1, zeros, h1, 1, zeros; inputs2 (B, 2K) the same of h1 and h2; top (B, K) of h2. K is a multiple of 8.
// Weights have the same places: (4N, 2K), the gates interleaved, and (V, K). A step reads inputs1 and writes h1 into
// inputs2, reads that and writes h2 into top, with a skip h1 + h2 into an array of its own; `enter` then takes the states
// to where the next step reads them.
#include "ptx.cuh"
#include "common.cuh"
#include "escape.cuh"

#ifndef STREAMS
#define STREAMS 1  // B, for `layer` and `output`, where a thread keeps the sums of all streams
#endif
constexpr int AHEAD = STREAMS > 5 ? 2 : 3;  // columns that a thread loads before it uses the first

// sums[r][b] += what a thread has of w[r] x[b]: columns of four values, from `first` on, `step` apart.
template <int ROWS>
__device__ inline void multiply(const float4* const (&w)[ROWS], const float4* x, int columns, int first, int step,
                                float (&sums)[ROWS][STREAMS]) {
    for (int column = first; column < columns; column += AHEAD * step) {
        float4 weights[AHEAD][ROWS];
#pragma unroll
        for (int a = 0; a < AHEAD; a++)
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                // The last column again where none are left: a load that always happens need not wait for a condition.
                weights[a][r] = w[r][min(column + a * step, columns - 1)];
            }
#pragma unroll
        for (int a = 0; a < AHEAD; a++)
#pragma unroll
            for (int b = 0; b < STREAMS; b++) {
                const int at = column + a * step;
                const float4 v = at < columns ? x[b * columns + at] : make_float4(0, 0, 0, 0);
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
                    const float4 u = weights[a][r];
                    sums[r][b] = fmaf(u.x, v.x, fmaf(u.y, v.y, fmaf(u.z, v.z, fmaf(u.w, v.w, sums[r][b]))));
                }
            }
    }
}

// The gates' pre-activations to the new h; c becomes the new one.
__device__ inline float cell(float4 z, float* c) {
    *c = sigmoid(z.z) * *c + sigmoid(z.y) * tanhf(z.x);
    return sigmoid(z.w) * tanhf(*c);
}

// A layer for few streams: block n makes unit n. inputs (B, 2K), w (4N, 2K), c (B, N), h rows of `stride` values.
// Shared memory: 16 STREAMS bytes a warp.
extern "C" __global__ void __launch_bounds__(128, STREAMS > 5 ? 3 : 5)
    layer(const float* inputs, const float* w, float* c, float* h, int N, int K, int stride) {
    const int n = blockIdx.x, columns = K / 2, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const float4* const first = reinterpret_cast<const float4*>(w) + 4ll * n * columns;
    const float4* const rows[4] = {first, first + columns, first + 2 * columns, first + 3 * columns};
    float sums[4][STREAMS] = {};
    multiply(rows, reinterpret_cast<const float4*>(inputs), columns, threadIdx.x, blockDim.x, sums);

    float4* const parts = reinterpret_cast<float4*>(shared_memory());  // (warps, STREAMS)
#pragma unroll
    for (int b = 0; b < STREAMS; b++) {
        const float a = warp_sum(sums[0][b]), i = warp_sum(sums[1][b]), f = warp_sum(sums[2][b]);
        const float4 z = make_float4(a, i, f, warp_sum(sums[3][b]));
        if (lane == 0) parts[warp * STREAMS + b] = z;
    }
    __syncthreads();
    const int b = threadIdx.x;
    if (b >= STREAMS) return;
    float4 z = parts[b];
    for (int i = 1; i < blockDim.x / 32; i++) {
        const float4 part = parts[i * STREAMS + b];
        z = make_float4(z.x + part.x, z.y + part.y, z.z + part.z, z.w + part.w);
    }
    h[(long long)b * stride + n] = cell(z, c + (long long)b * N + n);
}

// The output layer for few streams: each warp makes four words' logits (B, V) from top (B, K) and w (V, K).
extern "C" __global__ void __launch_bounds__(64, STREAMS > 2 ? 8 : 10)
    output(const float* top, const float* w, float* logits, int V, int K) {
    const int lane = threadIdx.x % 32, columns = K / 4;
    const int v = 4 * (blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32);
    const float4* rows[4];  // the last row again where four are not left
#pragma unroll
    for (int r = 0; r < 4; r++) rows[r] = reinterpret_cast<const float4*>(w) + (long long)min(v + r, V - 1) * columns;
    float sums[4][STREAMS] = {};
    multiply(rows, reinterpret_cast<const float4*>(top), columns, lane, 32, sums);
#pragma unroll
    for (int b = 0; b < STREAMS; b++)
#pragma unroll
        for (int r = 0; r < 4; r++) {
            const float sum = warp_sum(sums[r][b]);
            if (lane == 4 * b + r && v + r < V) logits[(long long)b * V + v + r] = sum;
        }
}

// A layer for many streams, after the product of inputs and weights: z (B, 4N), c (B, N), h rows of `stride` values.
extern "C" __global__ void cells(const float* z, float* c, float* h, int B, int N, int stride) {
    const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i < (long long)B * N) h[i / N * stride + i % N] = cell(reinterpret_cast<const float4*>(z)[i], c + i);
}

// sum (B, K) = h1 + h2, which lie in inputs2 (B, 2K) and in top (B, K), for a model whose second layer is skipped.
extern "C" __global__ void skip(const float* inputs2, const float* top, float* sum, int B, int N, int K) {
    const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x, b = i / N, n = i % N;
    if (b < B) sum[b * K + n] = inputs2[b * 2 * K + n] + top[b * K + n];
}

// The words (B,), drawn or given, come in: one block a stream. The vector of each, a row of embedding (V, N), goes into
// inputs1, beside the states that the last step left in inputs2 and in top.
//
// LoopEscape watches where `escape` is not 0: onset_keys (V,), recent and equal (B, PERIOD), place (B, 3), above (B, 2); it sets
// heat (B,). Shared memory: 128 bytes.
extern "C" __global__ void enter(const int* words, const float* embedding, float* inputs1, float* inputs2,
                                 const float* top, int N, int K, int drawn, int escape, const int* onset_keys, int* recent,
                                 int* equal, int* place, double* above, double* heat) {
    const long long b = blockIdx.x;
    const int word = words[b];
    for (int n = threadIdx.x; n < N; n += blockDim.x) {
        inputs1[b * 2 * K + n] = embedding[(long long)word * N + n];
        inputs1[b * 2 * K + K + n] = inputs2[b * 2 * K + n];
        inputs2[b * 2 * K + K + n] = top[b * K + n];
    }
    const Watch mine{recent + b * PERIOD, equal + b * PERIOD, place + b * 3, above + b * 2, heat + b};
    if (escape) watch(mine, word, onset_keys[word], drawn);
}
