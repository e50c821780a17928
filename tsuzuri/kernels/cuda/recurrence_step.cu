// The cell of one step alone, forward and backward, for sizes whose recurrent weights do not fit into shared memory:
// the host makes the products, one a step.
#include "ptx.cuh"
#include "common.cuh"
#include "cell.cuh"

// The arrays begin at step t, those with T + 1 steps at the state before it; `row` = t B is the first row's number in
// the window. `product` (B, 4N) is h times w_h. Pairs of a stream and a unit are dealt to threads.
extern "C" __global__ void __launch_bounds__(256) step_forward(
    const float* product, const float* b_x, const float* b_h, float* gates, float* hs, float* cs, Operand* h_op,
    Operand* out_op, const uint64* out_key, const uint64* mask_key, int row, int B, int N, unsigned out_threshold,
    float out_scale, int out_period, unsigned mask_threshold, float mask_scale) {
    const Dropout out{out_threshold, out_scale, out_period}, projections{mask_threshold, mask_scale, 0};
    const int Np = padded(N), pair = blockIdx.x * blockDim.x + threadIdx.x, b = pair / N, n = pair % N;
    if (b >= B) return;
    float4 z = four(gates, pair) + four(b_x, n);
    z = z * projections_mask(mask_key, row + b, n, N, projections) + four(b_h, n) + four(product, pair);
    z = activate(z);
    const float c = z.z * cs[pair] + z.y * z.x, h = z.w * tanhf(c);
    store_four(gates + 4ll * pair, z);
    cs[(long long)B * N + pair] = c;
    hs[(long long)B * N + pair] = h;
    store_operand(h_op + (long long)(B + b) * Np + n, h);
    store_operand(out_op + (long long)b * Np + n, h * output_mask(out_key, row + b, n, N, out));
}

// `product` (B, N) is dz of the step after times w_h, g_c and g_c_before (B, N) the gradients of c after this step and
// before it, which may be one array; `given`: 1 where there is a product, plus 2 where there is a g_c.
extern "C" __global__ void __launch_bounds__(256) step_backward(
    const float* product, const float* g_out, const float* g_c, float* g_c_before, int given, const float* cs,
    float* gates, Operand* dz_op, Operand* dz_x_op, const uint64* out_key, const uint64* mask_key, int row, int B, int N,
    unsigned out_threshold, float out_scale, int out_period, unsigned mask_threshold, float mask_scale) {
    const Dropout out{out_threshold, out_scale, out_period}, projections{mask_threshold, mask_scale, 0};
    const int Gp = padded(4 * N), pair = blockIdx.x * blockDim.x + threadIdx.x, b = pair / N, n = pair % N;
    if (b >= B) return;
    const float g = g_out[pair] * output_mask(out_key, row + b, n, N, out) + (given & 1 ? product[pair] : 0.0f);
    float later = given & 2 ? g_c[pair] : 0.0f;
    const float4 dz = Slopes(four(gates, pair), cs[pair], cs[(long long)B * N + pair]).back(g, later);
    g_c_before[pair] = later;
    store_four(gates + 4ll * pair, dz);
    const long long at = (long long)b * Gp + 4 * n;
    store_operands(dz_op + at, dz);
    if (projections.threshold)
        store_operands(dz_x_op + at, dz * projections_mask(mask_key, row + b, n, N, projections));
}
