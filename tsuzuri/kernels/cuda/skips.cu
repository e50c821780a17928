// The connection that skips a layer: what the layer below hands on is added to what this one does.
#include "ptx.cuh"
#include "common.cuh"

// y (R, N) = h + below, and op (R, `stride`) the same times dropout's mask, as operands. A thread makes one value.
extern "C" __global__ void __launch_bounds__(256) join(const float* h, const float* below, float* y, OPERAND* op, int R,
                                                       int N, int stride, const uint64* key, unsigned threshold,
                                                       float scale, int period) {
    const Dropout dropout{threshold, scale, period};
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x, row = i / N, n = i % N;
    if (row >= R) return;
    const float keep = threshold ? mask(*key, dropout.row(row) * N + n, threshold, scale) : 1.0f;
    y[i] = h[i] + below[i];
    store(op + row * stride + n, y[i] * keep);
}

// g (R, N), of what the layer below hands on after dropout, becomes that before it: g times the mask, + g_y, which came
// around the layer, where `around` is not 0. A thread makes one value.
extern "C" __global__ void __launch_bounds__(256) split(float* g, const float* g_y, int around, int R, int N,
                                                        const uint64* key, unsigned threshold, float scale,
                                                        int period) {
    const Dropout dropout{threshold, scale, period};
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x, row = i / N;
    if (row >= R) return;
    const float keep = threshold ? mask(*key, dropout.row(row) * N + i % N, threshold, scale) : 1.0f;
    g[i] = g[i] * keep + (around ? g_y[i] : 0.0f);
}
