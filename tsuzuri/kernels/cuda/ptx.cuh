// What CUDA C++ has no word for: shared memory by its address, loads and counters with an order, tensor cores.
// The tests put a file of the same functions in its place, to run the kernels without a GPU.
#pragma once

#include "shuffled.cuh"

// The block's shared memory, as much as the launch gave. Nothing else is shared, so that all of it is seen at the launch.
__device__ inline unsigned char* shared_memory() {
    extern __shared__ __align__(16) unsigned char bytes[];
    return bytes;
}

// A load that looks in L2, where what other multiprocessors wrote in this same launch is, and not in L1.
__device__ inline uint4 load_l2(const uint4* from) {
    uint4 v;
    asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from)
                 : "memory");
    return v;
}

// Count one more, after all that this thread has seen written.
__device__ inline void release_add(unsigned* counter) {
    __threadfence();
    asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(counter) : "memory");
}

// The count, and with it all that was written before it.
__device__ inline unsigned acquire_load(const unsigned* counter) {
    unsigned v;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(counter) : "memory");
    return v;
}

// Between two looks at a counter.
__device__ inline void pause() {}

// d += a b on tensor cores: a (16, 16) row by row, b (16, 8) column by column, in bfloat16, d (16, 8) in float32.
// Lane 4g + q holds d[g][2q], d[g][2q+1], d[g+8][2q], d[g+8][2q+1]; a as pairs of columns (2q, 2q+1) of row g, of row
// g+8, and the same 8 columns further right; b as pairs of rows (2q, 2q+1) of column g, and the same 8 rows further down
// (PTX ISA, "Matrix Fragments for mma.m16n8k16").
__device__ inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    mma_by_shuffles(d, a, b);
#endif
}

// The same for a (16, 8) and b (8, 8) in float32, of which only the upper 19 bits count. Lane 4g + q gives a[g][q],
// a[g+8][q], a[g][q+4], a[g+8][q+4] and b[q][g], b[q+4][g] ("Matrix Fragments for mma.m16n8k8").
__device__ inline void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    mma_tf32_by_shuffles(d, a, b);
#endif
}
