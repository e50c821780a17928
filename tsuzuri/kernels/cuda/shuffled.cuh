// What tensor cores do, for processors that have none for these types: right, but slow. Nobody need wait for it, since
// bfloat16 and tf32 are refused there; but all programs compile everywhere. Fragments as in ptx.cuh.
#pragma once

// The same value of two bfloat16, of which a register holds the first in its lower half.
__device__ inline float half_of(unsigned pair, int upper) {
    return __uint_as_float(upper ? pair & 0xffff0000u : pair << 16);
}

__device__ inline void mma_by_shuffles(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    const int g = threadIdx.x % 32 / 4, q = threadIdx.x % 4;
    for (int k = 0; k < 16; k++) {
        const int right = k / 8, owner = k % 8 / 2;
        for (int e = 0; e < 4; e++) {
            const unsigned x = __shfl_sync(~0u, a[2 * right + e / 2], 4 * g + owner);
            const unsigned y = __shfl_sync(~0u, b[right], 4 * (2 * q + e % 2) + owner);
            d[e] += half_of(x, k % 2) * half_of(y, k % 2);
        }
    }
}

__device__ inline void mma_tf32_by_shuffles(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    const int g = threadIdx.x % 32 / 4, q = threadIdx.x % 4;
    for (int k = 0; k < 8; k++)
        for (int e = 0; e < 4; e++) {
            const unsigned x = __shfl_sync(~0u, a[2 * (k / 4) + e / 2], 4 * g + k % 4);
            const unsigned y = __shfl_sync(~0u, b[k / 4], 4 * (2 * q + e % 2) + k % 4);
            d[e] += __uint_as_float(x & 0xffffe000u) * __uint_as_float(y & 0xffffe000u);
        }
}
