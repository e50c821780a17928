// Dropout of parameters, whose mask is made once for a window.
#include "ptx.cuh"
#include "common.cuh"
#include "quads.cuh"

// y = x times dropout's mask over all 4 `quads` values. x and y may be one array. A thread makes four values.
extern "C" __global__ void __launch_bounds__(256) drop(const float* x, float* y, long long quads, const uint64* key,
                                                       unsigned threshold, float scale) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= quads) return;
    Quad q = together(x + 4 * i);
    const Quad m = mask_quad(*key, 4 * i, threshold, scale);
    for (int k = 0; k < 4; k++) q.v[k] *= m.v[k];
    together(y + 4 * i, q);
}
