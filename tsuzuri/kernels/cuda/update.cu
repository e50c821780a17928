// The optimizers: the norm of all gradients, what clipping leaves of them, and the step of every parameter.
//
// Parameters lie in one array, gradients and states in others like it, of a length that 64 divides. What the pass costs
// is memory traffic: each value is read once for the norm, and read and written once for all that is done to it.
#include "ptx.cuh"
#include "common.cuh"
#include "quads.cuh"

// A rule makes the step to be taken off a parameter from its clipped gradient, and brings its states forward. Numbers
// and states are Chainer's, in float32 and in the order of numpy_/update.py, but not to its last bit: the compiler joins
// a product and a sum into one rounding (fmaf), and denormals count as zeros.
struct adam {  // Kingma and Ba 2015; the bias correction is in alpha_t
    static constexpr int STATES = 2;
    const float alpha_t, change_m, change_v, eps;
    __device__ adam(const double* n) : alpha_t(n[0]), change_m(1 - n[1]), change_v(1 - n[2]), eps(n[3]) {}
    __device__ float operator()(float g, float& m, float& v) const {
        m += (g - m) * change_m;
        v += (g * g - v) * change_v;
        return m / (sqrtf(v) + eps) * alpha_t;
    }
};

struct sgd {
    static constexpr int STATES = 0;
    const float lr;
    __device__ sgd(const double* n) : lr(n[0]) {}
    __device__ float operator()(float g, float&, float&) const { return g * lr; }
};

struct momentum {
    static constexpr int STATES = 1;
    const float lr, kept;
    __device__ momentum(const double* n) : lr(n[0]), kept(n[1]) {}
    __device__ float operator()(float g, float& v, float&) const {
        v = v * kept - g * lr;
        return -v;
    }
};

struct adagrad {  // Duchi, Hazan and Singer 2011
    static constexpr int STATES = 1;
    const float lr, eps;
    __device__ adagrad(const double* n) : lr(n[0]), eps(n[1]) {}
    __device__ float operator()(float g, float& h, float&) const {
        h += g * g;
        return g / (sqrtf(h) + eps) * lr;
    }
};

struct rmsprop {  // Tieleman and Hinton 2012
    static constexpr int STATES = 1;
    const float lr, change, eps;
    __device__ rmsprop(const double* n) : lr(n[0]), change(1 - n[1]), eps(n[2]) {}
    __device__ float operator()(float g, float& ms, float&) const {
        ms += (g * g - ms) * change;
        return g / (sqrtf(ms) + eps) * lr;
    }
};

struct adadelta {  // Zeiler 2012; the learning rate is not in the mean of the steps' squares
    static constexpr int STATES = 2;
    const float lr, change, eps;
    __device__ adadelta(const double* n) : lr(n[0]), change(1 - n[1]), eps(n[2]) {}
    __device__ float operator()(float g, float& msg, float& msdx) const {
        msg += (g * g - msg) * change;
        const float step = sqrtf((msdx + eps) / (msg + eps)) * g;
        msdx += (step * step - msdx) * change;
        return step * lr;
    }
};

// partials[block] = a part of the sum of squares, in float64, so that huge gradients do not spoil it.
extern "C" __global__ void __launch_bounds__(256) squares(const float* grads, long long quads, double* partials) {
    double sum = 0;
#pragma unroll 4
    for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < quads; i += gridDim.x * blockDim.x) {
        const Quad g = together(grads + 4 * i);
        for (int k = 0; k < 4; k++) sum += double(g.v[k]) * g.v[k];
    }
    sum = block_sum(sum, reinterpret_cast<double*>(shared_memory()));
    if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

// What clipping multiplies gradients by. Every block adds up the parts, in one order; a NaN spreads, as it does in
// Chainer.
__device__ inline float factor_of(const double* partials, int parts, double clip, float* norm) {
    double sum = 0;
    for (int part = threadIdx.x; part < parts; part += blockDim.x) sum += partials[part];
    const double length = sqrt(block_sum(sum, reinterpret_cast<double*>(shared_memory())));
    if (blockIdx.x == 0 && threadIdx.x == 0) *norm = float(length);
    return length <= clip ? 1.0f : float(clip / length);
}

// A matrix whose values go to operands too: it begins at value `offset` of the parameters.
struct Matrix {
    long long offset, rows, columns, offset_of_operand, stride;
};

// What goes with a step besides: the first quads of the parameters, which are its matrices, shrink by the factor numbers[4]
// before it, and their running mean moves towards the new values by the share numbers[5].
struct Besides {
    long long decayed;  // quads, 0 where nothing shrinks
    float* mean;        // or nullptr
};

// Write four values of the parameters from `place` on to operands, where a matrix has them.
__device__ inline void copy_quad(const Quad& q, long long place, const Matrix* matrices, int count,
                                 bfloat16* operands) {
    for (int k = 0; k < count; k++) {
        const Matrix& matrix = matrices[k];
        const long long into = place - matrix.offset;
        if (into < 0 || into >= matrix.rows * matrix.columns) continue;
        const int columns = matrix.columns;
        long long r = unsigned(into) / unsigned(columns);
        int c = unsigned(into) % unsigned(columns);
        bfloat16* to = operands + matrix.offset_of_operand;
        if (c + 4 <= columns) {
            store_quad(to + r * matrix.stride + c, q, 4);
            return;
        }
        for (int i = 0; i < 4 && r < matrix.rows; i++) {
            store(to + r * matrix.stride + c, q.v[i]);
            if (++c == columns) c = 0, r++;
        }
        return;
    }
}

template <class Rule, class Copy>
__device__ inline void update_all(float* weights, const float* grads, float* state_0, float* state_1, long long quads,
                                  const double* numbers, const double* partials, int parts, double clip, float* norm,
                                  const Besides& besides, const Copy& copy) {
    const Rule rule(numbers);
    const float shrink = besides.decayed ? numbers[4] : 1.0, rate = besides.mean ? numbers[5] : 0.0;
    const float factor = factor_of(partials, parts, clip, norm);
    for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < quads; i += gridDim.x * blockDim.x) {
        const Quad g = together(grads + 4 * i);
        Quad w = together(weights + 4 * i), s{}, t{};
        if (Rule::STATES > 0) s = together(state_0 + 4 * i);
        if (Rule::STATES > 1) t = together(state_1 + 4 * i);
        if (i < besides.decayed)
            for (int k = 0; k < 4; k++) w.v[k] *= shrink;
        for (int k = 0; k < 4; k++) w.v[k] -= rule(g.v[k] * factor, s.v[k], t.v[k]);
        together(weights + 4 * i, w);
        if (Rule::STATES > 0) together(state_0 + 4 * i, s);
        if (Rule::STATES > 1) together(state_1 + 4 * i, t);
        if (besides.mean) {
            Quad m = together(besides.mean + 4 * i);
            for (int k = 0; k < 4; k++) m.v[k] += rate * (w.v[k] - m.v[k]);
            together(besides.mean + 4 * i, m);
        }
        copy(w, 4 * i);
    }
}

// One step of RULE. With `parts` of 0 nothing is clipped and the norm is 0. A state that the rule does not have is not
// looked at, nor is `mean` unless `averaged`.
extern "C" __global__ void __launch_bounds__(256)
    update(float* weights, const float* grads, float* state_0, float* state_1, long long quads, const double* numbers,
           const double* partials, int parts, double clip, float* norm, long long decayed, float* mean, int averaged) {
    const Besides besides{decayed, averaged ? mean : nullptr};
    update_all<RULE>(weights, grads, state_0, state_1, quads, numbers, partials, parts, clip, norm, besides,
                     [](const Quad&, long long) {});
}

// The same, and `count` matrices to operands: five numbers each in `table`, as in Matrix.
extern "C" __global__ void __launch_bounds__(256)
    update_and_copy(float* weights, const float* grads, float* state_0, float* state_1, long long quads,
                    const double* numbers, const double* partials, int parts, double clip, float* norm,
                    long long decayed, float* mean, int averaged, const long long* table, int count,
                    bfloat16* operands) {
    const Besides besides{decayed, averaged ? mean : nullptr};
    Matrix* matrices = reinterpret_cast<Matrix*>(shared_memory() + 32 * sizeof(double));
    for (int i = threadIdx.x; i < 5 * count; i += blockDim.x) reinterpret_cast<long long*>(matrices)[i] = table[i];
    __syncthreads();
    update_all<RULE>(weights, grads, state_0, state_1, quads, numbers, partials, parts, clip, norm, besides,
                     [=](const Quad& w, long long place) { copy_quad(w, place, matrices, count, operands); });
}
