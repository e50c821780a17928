// A warp's tile by the emulated tensor cores, and by what stands for them on processors that have none.
#include "ptx.cuh"
#include "common.cuh"
#include "shuffled.cuh"

// a (32, 4) and b (32, 2): each lane's registers; d (2, 32, 4): its sums, the one way and the other.
extern "C" __global__ void fragments(const unsigned* a, const unsigned* b, int tf32, float* d) {
    const int lane = threadIdx.x;
    const unsigned x[4] = {a[4 * lane], a[4 * lane + 1], a[4 * lane + 2], a[4 * lane + 3]};
    const unsigned y[2] = {b[2 * lane], b[2 * lane + 1]};
    float sums[2][4] = {};
    if (tf32) {
        mma_tf32(sums[0], x, y);
        mma_tf32_by_shuffles(sums[1], x, y);
    } else {
        mma(sums[0], x, y);
        mma_by_shuffles(sums[1], x, y);
    }
    for (int i = 0; i < 8; i++) d[i / 4 * 128 + 4 * lane + i % 4] = sums[i / 4][i % 4];
}
