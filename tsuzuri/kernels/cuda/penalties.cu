// What penalties on the last layer's output add to its gradient.
#include "ptx.cuh"
#include "common.cuh"

// g (T, B, N), of the output after dropout, becomes that of the output h itself: (g + `size` y) times the mask, y being
// h times the mask, + `change` times the differences of h to the steps before and after. hs (T + 1, B, N) holds the state
// before the window first, which counts nothing. A thread makes one value.
extern "C" __global__ void __launch_bounds__(256) hold(float* g, const float* hs, int T, int B, int N, float size,
                                                       float change, const uint64* key, unsigned threshold,
                                                       float scale, int period) {
    const Dropout dropout{threshold, scale, period};
    const long long step = (long long)B * N, i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= T * step) return;
    const float keep = threshold ? mask(*key, dropout.row(i / N) * N + i % N, threshold, scale) : 1.0f;
    const float h = hs[step + i];
    float sum = (g[i] + size * (h * keep)) * keep;
    if (i >= step) sum += change * (h - hs[i]);
    if (i < (T - 1) * step) sum -= change * (hs[2 * step + i] - h);
    g[i] = sum;
}
