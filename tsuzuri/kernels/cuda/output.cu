// Softmax cross-entropy of rows of logits, and its gradient.
#include "ptx.cuh"
#include "common.cuh"
#include "quads.cuh"

constexpr float LOWEST = -3.0e38f;  // below all logits, so that what never was one counts nothing

// The sum of exponentials, each less the largest exponent so far: of one pass over the logits.
struct Online {
    float largest = LOWEST, sum = 0;

    __device__ void add(const Quad& z) {
        const float most = fmaxf(fmaxf(z.v[0], z.v[1]), fmaxf(z.v[2], z.v[3]));
        if (most > largest) {
            sum *= expf(largest - most);
            largest = most;
        }
        for (int i = 0; i < 4; i++) sum += expf(z.v[i] - largest);
    }
};

__device__ inline Quad plus(Quad a, const Quad& b) {
    for (int i = 0; i < 4; i++) a.v[i] += b.v[i];
    return a;
}

// What comes of four logits or, at the end of a row, fewer: `function(v, z, count)` for each four from word v on, with
// z = logits + b. Threads take turns, and have two loads on the way at once.
template <bool ALIGNED, class Function>
__device__ inline void each_quad(const float* logits, const float* b, int V, const Function& function) {
    const int turn = 4 * blockDim.x;
    int v = 4 * threadIdx.x;
    for (; v + turn + 4 <= V; v += 2 * turn) {
        const Quad here = load_quad<ALIGNED>(logits + v), next = load_quad<ALIGNED>(logits + v + turn);
        function(v, plus(here, load_quad<ALIGNED>(b + v)), 4);
        function(v + turn, plus(next, load_quad<ALIGNED>(b + v + turn)), 4);
    }
    if (v + 4 <= V) {
        function(v, plus(load_quad<ALIGNED>(logits + v), load_quad<ALIGNED>(b + v)), 4);
        v += turn;
    }
    if (v < V) function(v, plus(load_some(logits + v, V - v, LOWEST), load_some(b + v, V - v, 0)), V - v);
}

// What is taken from a row's probabilities, ``scale`` times, to make the gradient: at the target, and at any other word.
struct Targets {
    float scale, at, elsewhere;
};

// A row by its block: the loss, and the gradient where WITH_GRADIENT. d may be the logits' own memory.
template <bool ALIGNED, bool WITH_GRADIENT>
__device__ inline void row(const float* logits, const float* b, int V, int target, Targets taken, OPERAND* d,
                           float* loss) {
    float* scratch = reinterpret_cast<float*>(shared_memory());
    Online mine;
    each_quad<ALIGNED>(logits, b, V, [&](int, const Quad& z, int) { mine.add(z); });
    const float chosen = logits[target] + b[target];  // before any of the row is overwritten
    const float largest = block_max(mine.largest, scratch);
    const float sum = block_sum(mine.sum * expf(mine.largest - largest), scratch);
    if (threadIdx.x == 0) *loss = logf(sum) + (largest - chosen);
    if constexpr (WITH_GRADIENT)
        each_quad<ALIGNED>(logits, b, V, [&](int v, Quad z, int count) {
            for (int i = 0; i < 4; i++)
                z.v[i] = expf(z.v[i] - largest) * (taken.scale / sum) - (v + i == target ? taken.at : taken.elsewhere);
            if (ALIGNED && count == 4)
                together(d + v, z);
            else
                store_some(d + v, z, count);
        });
}

// A block does row blockIdx.x of `logits`, in rows of `stride`: losses[r] = -log softmax(logits + b)[target].
template <bool WITH_GRADIENT>
__device__ inline void rows(const float* logits, int stride, const float* b, int V, const int* targets, Targets taken,
                            OPERAND* d, int stride_d, float* losses) {
    const int target = targets[blockIdx.x];
    logits += (long long)blockIdx.x * stride;
    d += (long long)blockIdx.x * stride_d;
    if (target < 0) {
        if (threadIdx.x == 0) losses[blockIdx.x] = 0;
        if (WITH_GRADIENT)
            for (int v = 4 * threadIdx.x; v < V; v += 4 * blockDim.x) store_quad(d + v, Quad{}, V - v);
    } else if (aligned(logits) && aligned(b) && aligned(d)) {
        row<true, WITH_GRADIENT>(logits, b, V, target, taken, d, losses + blockIdx.x);
    } else {
        row<false, WITH_GRADIENT>(logits, b, V, target, taken, d, losses + blockIdx.x);
    }
}

extern "C" __global__ void __launch_bounds__(256, 6) softmax(const float* logits, int stride, const float* b, int V,
                                                             const int* targets, float scale, float at,
                                                             float elsewhere, OPERAND* d, int stride_d,
                                                             float* losses) {
    rows<true>(logits, stride, b, V, targets, Targets{scale, at, elsewhere}, d, stride_d, losses);
}

extern "C" __global__ void __launch_bounds__(256, 6) softmax_losses(const float* logits, int stride, const float* b,
                                                                    int V, const int* targets, float* losses) {
    rows<false>(logits, stride, b, V, targets, Targets{}, nullptr, 0, losses);
}
