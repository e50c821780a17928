// What all kernels share: types, bfloat16, dropout's mask, sums over warps and blocks.
//
// Axes as in reference.py: T steps of a window, B streams, N units, V words, R = T B rows. Gates are interleaved as in
// Chainer: row or column 4n + k is gate k of unit n (a, i, f, o). Blocks are of whole warps, and all of them are there.
#pragma once

typedef unsigned short bfloat16;  // its bits
typedef unsigned long long uint64;

// To the nearest, ties to even; NaN stays one.
__device__ inline bfloat16 to_bfloat16(float x) {
    const unsigned bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return bfloat16(bits >> 16 | 0x40);
    return bfloat16((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

__device__ inline float to_float(bfloat16 x) { return __uint_as_float(unsigned(x) << 16); }
__device__ inline float to_float(float x) { return x; }

__device__ inline void store(float* to, float x) { *to = x; }
__device__ inline void store(bfloat16* to, float x) { *to = to_bfloat16(x); }

// Draw `number` of SplitMix64 from `key`, counted from 0.
__device__ inline uint64 draw(uint64 key, long long number) {
    uint64 z = key + uint64(number + 1) * 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

// Whether dropout keeps value `position` of a mask, as in numpy_/dropout.py, where four values share a draw. `threshold` is
// the ratio in steps of 2^-16.
__device__ inline bool keeps(uint64 key, long long position, unsigned threshold) {
    return (draw(key, position / 4) >> 16 * (position % 4) & 0xffff) >= threshold;
}

// What dropout multiplies a value by: `scale` is 1 / (1 - ratio), a threshold of 0 drops nothing.
__device__ inline float mask(uint64 key, long long position, unsigned threshold, float scale) {
    return threshold == 0 ? 1.0f : keeps(key, position, threshold) ? scale : 0.0f;
}

// A ratio to drop, as `keeps` and `mask` take it. A mask over rows of values begins anew after `period` rows, or never
// where that is 0: a locked one after the B rows of a step.
struct Dropout {
    unsigned threshold;
    float scale;
    int period;

    __device__ long long row(long long r) const { return period ? r % period : r; }
};

__device__ inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }

// The sum over a warp, in every lane and in one order.
template <class Number>
__device__ inline Number warp_sum(Number x) {
    for (int step = 16; step; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    return x;
}

__device__ inline float warp_max(float x) {
    for (int step = 16; step; step /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, step));
    return x;
}

// The sum over a block of at most 1,024 threads, in every thread and in one order; `scratch` is shared, for 32 numbers.
template <class Number>
__device__ inline Number block_sum(Number x, Number* scratch) {
    x = warp_sum(x);
    __syncthreads();  // the last use of scratch is over
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
    __syncthreads();
    const int lane = threadIdx.x % 32;
    return warp_sum(lane < int(blockDim.x / 32) ? scratch[lane] : Number(0));
}

__device__ inline float block_max(float x, float* scratch) {
    x = warp_max(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
    __syncthreads();
    const int lane = threadIdx.x % 32;
    return warp_max(lane < int(blockDim.x / 32) ? scratch[lane] : scratch[0]);
}
