// The optimizers: the norm of all gradients, what clipping leaves of them, and the update of every parameter.
//
// All parameters are cut into pieces of one size, and the pieces are the tasks. A piece's squares are summed in float64
// and the pieces' sums are added in their order, so neither the number of threads nor huge gradients spoil the norm.
// The rest is each value's own. What it costs is memory traffic, so a value is read once for the norm and once for
// all that is done to it.
#pragma once

#include "product.hpp"

namespace tsuzuri {
namespace LEVEL {

constexpr long PIECE = 16384;  // values

static inline V root(V x) {
    float s[W];
    store(s, x);
    for (long i = 0; i < W; i++) s[i] = __builtin_sqrtf(s[i]);
    return load(s);
}

// A rule makes a value's step, to be taken off the parameter, from its clipped gradient, and brings its states forward.
// The names, the numbers and the states are those of Chainer's optimizers, in the order of training/optimizers.py.
struct Adam {  // Kingma and Ba 2015; the bias correction is in alpha_t
    static constexpr const char* NAME = "adam";
    static constexpr int NUMBERS = 4, STATES = 2;
    float alpha_t, change_m, change_v, eps;
    explicit Adam(const double* n)
        : alpha_t(float(n[0])), change_m(float(1 - n[1])), change_v(float(1 - n[2])), eps(float(n[3])) {}
    V operator()(V g, V* state) const {
        V &m = state[0], &v = state[1];
        m += change_m * (g - m);
        v += change_v * (g * g - v);
        return alpha_t * m / (root(v) + eps);
    }
};

struct Sgd {
    static constexpr const char* NAME = "sgd";
    static constexpr int NUMBERS = 1, STATES = 0;
    float lr;
    explicit Sgd(const double* n) : lr(float(n[0])) {}
    V operator()(V g, V*) const { return lr * g; }
};

struct Momentum {
    static constexpr const char* NAME = "momentum";
    static constexpr int NUMBERS = 2, STATES = 1;
    float lr, momentum;
    explicit Momentum(const double* n) : lr(float(n[0])), momentum(float(n[1])) {}
    V operator()(V g, V* v) const {
        *v = momentum * *v - lr * g;
        return -*v;
    }
};

struct AdaGrad {  // Duchi, Hazan and Singer 2011
    static constexpr const char* NAME = "adagrad";
    static constexpr int NUMBERS = 2, STATES = 1;
    float lr, eps;
    explicit AdaGrad(const double* n) : lr(float(n[0])), eps(float(n[1])) {}
    V operator()(V g, V* h) const {
        *h += g * g;
        return lr * g / (root(*h) + eps);
    }
};

struct RmsProp {  // Tieleman and Hinton 2012
    static constexpr const char* NAME = "rmsprop";
    static constexpr int NUMBERS = 3, STATES = 1;
    float lr, change, eps;
    explicit RmsProp(const double* n) : lr(float(n[0])), change(float(1 - n[1])), eps(float(n[2])) {}
    V operator()(V g, V* ms) const {
        *ms += change * (g * g - *ms);
        return lr * g / (root(*ms) + eps);
    }
};

struct AdaDelta {  // Zeiler 2012; the learning rate is not in the mean of the steps' squares
    static constexpr const char* NAME = "adadelta";
    static constexpr int NUMBERS = 3, STATES = 2;
    float lr, change, eps;
    explicit AdaDelta(const double* n) : lr(float(n[0])), change(float(1 - n[1])), eps(float(n[2])) {}
    V operator()(V g, V* state) const {
        V &msg = state[0], &msdx = state[1];
        msg += change * (g * g - msg);
        V step = root((msdx + eps) / (msg + eps)) * g;
        msdx += change * (step * step - msdx);
        return lr * step;
    }
};

struct Piece {
    const Tensor* tensor;
    long start, size;
};

static long pieces_of(const Tensor* tensors, long count) {
    long pieces = 0;
    for (long i = 0; i < count; i++) pieces += parts(tensors[i].size, PIECE);
    return pieces;
}

static Piece piece(const Tensor* tensor, long number) {
    for (long pieces; number >= (pieces = parts(tensor->size, PIECE)); tensor++) number -= pieces;
    return {tensor, number * PIECE, least(PIECE, tensor->size - number * PIECE)};
}

// The sum of squares, as running sums enough for the compiler's vectors and for hiding the time of an addition.
static double squares(const float* x, long size) {
    constexpr long SUMS = 2 * W;
    double sums[SUMS] = {}, sum = 0;
    long whole = size / SUMS * SUMS;
    for (long i = 0; i < whole; i += SUMS)
        for (long s = 0; s < SUMS; s++) {
            double wide = x[i + s];
            sums[s] += wide * wide;
        }
    for (long s = 0; s < SUMS; s++) sum += sums[s];
    for (long i = whole; i < size; i++) sum += static_cast<double>(x[i]) * x[i];
    return sum;
}

static double norm(Context& context, const Tensor* tensors, long pieces) {
    double* sums = context.shared.take<double>(pieces);
    context.pool.each(pieces, [&](long number, int) {
        Piece p = piece(tensors, number);
        sums[number] = squares(p.tensor->grad + p.start, p.size);
    });
    double sum = 0;
    for (long number = 0; number < pieces; number++) sum += sums[number];
    return __builtin_sqrt(sum);
}

template <class Rule_>
static void update_piece(const Piece& p, float factor) {
    const Rule_ rule(p.tensor->numbers);
    float* param = p.tensor->param + p.start;
    const float* grad = p.tensor->grad + p.start;
    float* states[Rule_::STATES + 1];
    for (int s = 0; s < Rule_::STATES; s++) states[s] = p.tensor->states[s] + p.start;
    auto values = [&](long i, long n) __attribute__((always_inline)) {
        V state[Rule_::STATES + 1];
        for (int s = 0; s < Rule_::STATES; s++) state[s] = load(states[s] + i, n);
        store(param + i, load(param + i, n) - rule(load(grad + i, n) * factor, state), n);
        for (int s = 0; s < Rule_::STATES; s++) store(states[s] + i, state[s], n);
    };
    long whole = p.size / W * W;
    for (long i = 0; i < whole; i += W) values(i, W);
    if (whole < p.size) values(whole, p.size - whole);
}

template <class Rule_>
static double update(Context& context, const Tensor* tensors, long count, double clip) {
    long pieces = pieces_of(tensors, count);
    double length = 0;
    float factor = 1;
    if (clip < __builtin_inf()) {
        length = norm(context, tensors, pieces);
        if (!(length <= clip)) factor = static_cast<float>(clip / length);  // a NaN spreads, as it does in Chainer
    }
    context.pool.each(pieces, [&](long number, int) { update_piece<Rule_>(piece(tensors, number), factor); });
    return length;
}

template <class Rule_>
static constexpr Rule rule() {
    return {Rule_::NAME, Rule_::NUMBERS, Rule_::STATES, update<Rule_>};
}

}  // namespace LEVEL
}  // namespace tsuzuri
