// Sums over columns and over all rows, and what is only moved: the state, and weights to operands.
#include "ptx.cuh"
#include "common.cuh"
#include "quads.cuh"

constexpr int WARPS = 8;

// What a warp's lane adds up: four columns from c on, of every WARPS-th row of [first, end).
template <bool ALIGNED>
__device__ inline Quad quad_sum(const OPERAND* a, int first, int end, int C, int stride, int c) {
    Quad sum{};
#pragma unroll 4
    for (int r = first + threadIdx.x / 32; r < end; r += WARPS) {
        const OPERAND* from = a + (long long)r * stride + c;
        const Quad x = ALIGNED ? load_quad<ALIGNED>(from) : load_some(from, C - c, 0);
        for (int i = 0; i < 4; i++) sum.v[i] += x.v[i];
    }
    return sum;
}

// to[blockIdx.y] = the sums over rows blockIdx.y * slab .. of 128 columns of a (R, C), which lies in rows of `stride`;
// added to what is there where `accumulate`.
extern "C" __global__ void __launch_bounds__(256) columns(const OPERAND* a, int R, int C, int stride, int slab,
                                                          float* to, int accumulate) {
    float4* sums = reinterpret_cast<float4*>(shared_memory());  // (WARPS, 32)
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, c = 4 * (blockIdx.x * 32 + lane);
    const int first = blockIdx.y * slab, end = min(first + slab, R);
    Quad sum{};
    if (c + 4 <= C && stride % 4 == 0 && aligned(a))
        sum = quad_sum<true>(a, first, end, C, stride, c);
    else if (c < C)
        sum = quad_sum<false>(a, first, end, C, stride, c);
    together(reinterpret_cast<float*>(sums + threadIdx.x), sum);
    __syncthreads();
    if (warp > 0 || c >= C) return;
    to += (long long)blockIdx.y * C + c;
    Quad total = load_some(to, accumulate ? C - c : 0, 0);
    for (int w = 0; w < WARPS; w++) {
        const Quad x = together(reinterpret_cast<const float*>(sums + w * 32 + lane));
        for (int i = 0; i < 4; i++) total.v[i] += x.v[i];
    }
    store_quad(to, total, C - c);
}

// The loss of a window from that of its rows, and a running sum of losses. One block.
extern "C" __global__ void __launch_bounds__(1024) total(const float* losses, int R, double scale, float* loss,
                                                         double* running, double weight) {
    double sum = 0;
    for (int r = threadIdx.x; r < R; r += blockDim.x) sum += losses[r];
    sum = block_sum(sum, reinterpret_cast<double*>(shared_memory()));
    if (threadIdx.x == 0) {
        *loss = float(scale * sum);
        *running += weight * double(*loss);
    }
}

// Blocks (., pair) copy words of four bytes.
__device__ inline void copy(int pair, const unsigned* from, unsigned* to, int words) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (int(blockIdx.y) == pair && i < words) to[i] = from[i];
}

extern "C" __global__ void __launch_bounds__(256)
    carry(const unsigned* from_0, unsigned* to_0, int words_0, const unsigned* from_1, unsigned* to_1, int words_1,
          const unsigned* from_2, unsigned* to_2, int words_2, const unsigned* from_3, unsigned* to_3, int words_3,
          const unsigned* from_4, unsigned* to_4, int words_4, const unsigned* from_5, unsigned* to_5, int words_5) {
    copy(0, from_0, to_0, words_0);
    copy(1, from_1, to_1, words_1);
    copy(2, from_2, to_2, words_2);
    copy(3, from_3, to_3, words_3);
    copy(4, from_4, to_4, words_4);
    copy(5, from_5, to_5, words_5);
}

// Each row of w (rows, C) as operands in rows of `stride`. A thread makes four values.
extern "C" __global__ void __launch_bounds__(256) cast(const float* w, OPERAND* to, int rows, int C, int stride) {
    const unsigned quads = (C + 3) / 4, i = blockIdx.x * blockDim.x + threadIdx.x;
    const int r = i / quads, c = 4 * (i % quads);
    if (r >= rows) return;
    const float* from = w + (long long)r * C + c;
    const Quad q = c + 4 <= C && aligned(from) ? together(from) : load_some(from, C - c, 0);
    store_quad(to + (long long)r * stride + c, q, C - c);
}
