// What a wait of all blocks for each other costs, and a launch: for benchmarks/gpu_floor.py, which times them.
#include "ptx.cuh"
#include "common.cuh"

// All blocks wait for each other `steps` times, as the recurrence does. `counter` is 0 before. To check that nobody
// passes early, with `watch` each says in `reached` where it is, and counts in `late` when its neighbor is not there.
extern "C" __global__ void __launch_bounds__(256) barriers(unsigned* counter, unsigned* reached, unsigned* late,
                                                           int steps, int watch) {
    for (unsigned step = 1; step <= unsigned(steps); step++) {
        if (watch && threadIdx.x == blockDim.x - 1) reached[blockIdx.x] = step;
        __syncthreads();
        if (threadIdx.x == 0) {
            release_add(counter);
            while (acquire_load(counter) < step * gridDim.x) pause();
            if (watch && acquire_load(&reached[(blockIdx.x + 1) % gridDim.x]) < step) late[blockIdx.x]++;
        }
        __syncthreads();
    }
}

extern "C" __global__ void nothing() {}
