// Stands in for kernels/cuda/ptx.cuh where the kernels run on a CPU: each function by its description, not its machine.
#pragma once

inline unsigned char* shared_memory() { return emulator::block->shared.data(); }

inline uint4 load_l2(const uint4* from) {
    if (reinterpret_cast<unsigned long>(from) % 16) emulator::fail("load_l2 of an address that 16 does not divide");
    return *from;
}

inline void release_add(unsigned* counter) {
    ++*counter;
    emulator::wait();
}

inline unsigned acquire_load(const unsigned* counter) { return *counter; }
inline void pause() { emulator::spin(); }

inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    struct Fragments {
        unsigned a[4], b[2];
    } mine{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}}, all[32];
    emulator::exchange(mine, all);
    const auto value = [](unsigned pair, int upper) { return __uint_as_float(upper ? pair & 0xffff0000u : pair << 16); };
    const int g = threadIdx.x % 32 / 4, q = threadIdx.x % 4;
    for (int e = 0; e < 4; e++) {
        const int row = g + 8 * (e / 2), column = 2 * q + e % 2;
        double sum = d[e];
        for (int k = 0; k < 16; k++) {
            const unsigned x = all[4 * (row % 8) + k % 8 / 2].a[row / 8 + 2 * (k / 8)];
            const unsigned y = all[4 * column + k % 8 / 2].b[k / 8];
            sum += double(value(x, k % 2)) * value(y, k % 2);
        }
        d[e] = float(sum);
    }
}

inline void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    struct Fragments {
        unsigned a[4], b[2];
    } mine{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}}, all[32];
    emulator::exchange(mine, all);
    const auto value = [](unsigned bits) { return __uint_as_float(bits & 0xffffe000u); };
    const int g = threadIdx.x % 32 / 4, q = threadIdx.x % 4;
    for (int e = 0; e < 4; e++) {
        double sum = d[e];
        for (int k = 0; k < 8; k++) {
            const unsigned x = all[4 * g + k % 4].a[e / 2 + 2 * (k / 4)];
            const unsigned y = all[4 * (2 * q + e % 2) + k % 4].b[k / 4];
            sum += double(value(x)) * value(y);
        }
        d[e] = float(sum);
    }
}
