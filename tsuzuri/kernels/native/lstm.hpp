// An LSTM layer over a window, forward and backward.
//
// ``gates`` has the layout of the products' panels: for each row, for each W units, W values of a, of i, of f and of o.
// It holds first the projected inputs, then the gates' values, then the gradients of what went into them.
// Units beyond N have no weights: their gradients are zeros, whatever their gates are.
//
// The recurrent weights are cut into panels once and read T times.
#pragma once

#include "elementwise.hpp"
#include "product.hpp"

namespace tsuzuri {
namespace LEVEL {

// Column ``j`` of the gates is gate ``gate`` of unit ``unit``, row 4 unit + gate of the weights.
struct Gate {
    long unit, gate;
    explicit Gate(long j) : unit(j / (4 * W) * W + j % W), gate(j % (4 * W) / W) {}
    long row() const { return 4 * unit + gate; }
};

static inline long gates_columns(long N) { return aligned(N, W) * 4; }

// Weights (4N, K) as the columns of a product: (K, gates_columns(N)).
template <class U>
static Panels<U> gate_columns(Context& context, const float* w, long K, long N) {
    return panels_of_columns<U>(context, K, gates_columns(N), [=](long j) {
        Gate gate(j);
        return gate.unit < N ? w + gate.row() * K : nullptr;
    });
}

// Weights (4N, K) as the rows of a product: (gates_columns(N), K).
template <class U>
static Panels<U> gate_rows(Context& context, const float* w, long K, long N) {
    return panels_of_rows<U>(context, gates_columns(N), K, [=](long k, long j) {
        Gate gate(k);
        return gate.unit < N ? w + gate.row() * K + j : nullptr;
    });
}

// How many streams step t has, and where in (B + R, N) their states before and after it begin.
static inline long count_of(const Steps& s, long t) { return s.first[t + 1] - s.first[t]; }
static inline long before(const Steps& s, long t) { return t > 0 ? s.B + s.first[t - 1] : 0; }
static inline long after(const Steps& s, long t) { return s.B + s.first[t]; }

// Every ``apart``-th stream from ``first`` on: where some end early, all such shares still have as much to do.
struct Streams {
    long first, apart;
    long of(long count) const { return count > first ? parts(count - first, apart) : 0; }
    long at(long i) const { return first + i * apart; }
};

// How threads share the steps of a window. Streams do not meet, so a thread may take some of them through all steps on
// its own, reading all the weights. Where these are too many for a core's cache, or streams too few, it takes some
// of the panels for all streams instead, and waits for the others after each step.
struct Shares {
    bool by_streams;
    long panels, parts_;

    template <class U>
    Shares(const Steps& s, const Panels<U>& w, int threads) {
        constexpr long CACHE = 512 << 10, FEW = 6;  // bytes of a core's L2 cache; streams that keep a tile busy
        long bytes = w.count() * w.K * U::COLUMNS * static_cast<long>(sizeof(typename U::Number));
        by_streams = threads == 1 || (bytes <= 2 * CACHE && s.R >= FEW * threads * s.T);
        panels = by_streams ? w.count() : parts(w.count(), least(threads, w.count()));
        parts_ = by_streams ? least(threads, s.B) : parts(w.count(), panels);
        all_panels = w.count();
    }

    template <class F>
    void walk(Context& context, long steps, const F& step) const {
        if (by_streams)
            context.pool.each(parts_, [&](long part, int thread) {
                for (long t = 0; t < steps; t++) step(t, Streams{part, parts_}, 0, all_panels, context.scratch[thread]);
            });
        else
            context.pool.steps(steps, parts_, [&](long t, long part, int thread) {
                long first = part * panels;
                step(t, Streams{0, 1}, first, least(all_panels, first + panels), context.scratch[thread]);
            });
    }

private:
    long all_panels;
};

// What dropout multiplies the projected inputs of a row by, in the layout of the gates.
static void gate_mask(float* mask, long row, long N, Dropout dropout, float* scratch) {
    for (long gate = 0; gate < 4; gate++) {
        keep(scratch, (row * 4 + gate) * N, N, dropout);
        for (long u = 0; u < N; u += W) store(mask + (4 * u + gate * W), load(scratch + u, N - u));
    }
}

template <class U>
static void project(Context& context, const LstmForward& l) {
    long P = gates_columns(l.N), C = U::COLUMNS;
    float* bias = context.shared.take<float>(2 * P);  // of what comes from below, and from before
    for (long j = 0; j < P; j++) {
        Gate gate(j);
        bias[j] = gate.unit < l.N ? l.b_x[gate.row()] : 0.0f;
        bias[P + j] = gate.unit < l.N ? l.b_h[gate.row()] : 0.0f;
    }
    Panels<U> w = gate_columns<U>(context, l.w_x, l.I, l.N);
    multiply<U>(context, l.steps.R, w, rows_at<U>(l.x, l.I, l.I), [&](long m, long rows, long p, const float* c) {
        for (long r = 0; r < rows; r++)
            for (long v = 0; v < C; v += W) {
                const float* b = bias + p * C + v;
                V z = load(c + r * C + v) + load(b);
                store(l.gates + (m + r) * P + p * C + v, l.dropout.ratio > 0 ? z : z + load(b + P));
            }
    });
    if (l.dropout.ratio > 0)
        context.pool.each(parts(l.steps.R, 16), [&](long task, int thread) {
            Workspace& room = context.scratch[thread];
            room.reset();
            float *mask = room.take<float>(P), *scratch = room.take<float>(l.N);
            for (long r = task * 16; r < least(l.steps.R, task * 16 + 16); r++) {
                gate_mask(mask, r, l.N, l.dropout, scratch);
                float* z = l.gates + r * P;
                for (long j = 0; j < P; j += W) store(z + j, load(z + j) * load(mask + j) + load(bias + P + j));
            }
        });
}

// Panels first..last - 1 of step t, for some of its streams.
template <class U>
static void step_forward(const LstmForward& l, const Panels<U>& w, long t, Streams streams, long first, long last,
                         Workspace& scratch) {
    long N = l.N, P = gates_columns(N), C = U::COLUMNS, rows = streams.of(count_of(l.steps, t));
    if (!rows) return;
    const float *h_before = l.hs + before(l.steps, t) * N, *c_before = l.cs + before(l.steps, t) * N;
    float *h_after = l.hs + after(l.steps, t) * N, *c_after = l.cs + after(l.steps, t) * N;
    scratch.reset();
    U::begin();
    float* z = scratch.take<float>(aligned(rows, U::M_ALIGN) * C);
    typename U::Number* room = scratch.take<typename U::Number>(room_of<U>(rows, N));
    Rows<U> h = rows_of<U>(h_before + streams.first * N, streams.apart * N, rows, N, room);
    for (long p = first; p < last; p++) {
        U::panel(h.data, h.stride, w.panel(p), rows, w.K, z, false);
        long unit = p * W, n = least(W, N - unit);
        for (long r = 0; r < rows; r++) {
            long stream = streams.at(r), at = stream * N + unit;
            float* g = l.gates + (l.steps.first[t] + stream) * P + p * C;
            const float* from = z + r * C;
            V a = tanh(load(g) + load(from));
            V i = sigmoid(load(g + W) + load(from + W));
            V f = sigmoid(load(g + 2 * W) + load(from + 2 * W));
            V o = sigmoid(load(g + 3 * W) + load(from + 3 * W));
            store(g, a), store(g + W, i), store(g + 2 * W, f), store(g + 3 * W, o);
            V c = f * load(c_before + at, n) + i * a;
            store(c_after + at, c, n);
            store(h_after + at, o * tanh(c), n);
        }
    }
}

static void begin_with(const float* from, float* state, long size) {
    if (from)
        memcpy(state, from, size * sizeof *state);
    else
        memset(state, 0, size * sizeof *state);
}

template <class U>
static void lstm_forward(Context& context, const LstmForward& l) {
    project<U>(context, l);
    Panels<U> w = gate_columns<U>(context, l.w_h, l.N, l.N);
    begin_with(l.h, l.hs, l.steps.B * l.N);
    begin_with(l.c, l.cs, l.steps.B * l.N);
    Shares shares(l.steps, w, context.pool.threads());
    shares.walk(context, l.steps.T, [&](long t, Streams streams, long first, long last, Workspace& scratch) {
        step_forward<U>(l, w, t, streams, first, last, scratch);
    });
}

// From the gradients of h and c after step t to those of what went into its gates, written over the gates' values, and
// of c before it. Each is of W units of one row.
static inline void gates_back(float* g, V g_h, V c_before, V c_after, float* g_c) {
    V a = load(g), i = load(g + W), f = load(g + 2 * W), o = load(g + 3 * W);
    V tanh_c = tanh(c_after);
    V dc = load(g_c) + g_h * o * (1.0f - tanh_c * tanh_c);
    store(g, dc * i * (1.0f - a * a));
    store(g + W, dc * a * i * (1.0f - i));
    store(g + 2 * W, dc * c_before * f * (1.0f - f));
    store(g + 3 * W, g_h * tanh_c * o * (1.0f - o));
    store(g_c, dc * f);
}

// Step t of the way back, for panels first..last - 1 and some of the streams: from the gradients of the gates at t to
// those at t - 1, where streams that t has no more begin; from t = T to 0, where what is left are the gradients of the
// state before the window.
template <class U>
static void step_back(const LstmBackward& l, const Panels<U>& w, float* g_c, long t, Streams streams, long first,
                      long last, Workspace& scratch) {
    const Steps& s = l.steps;
    long N = l.N, P = gates_columns(N), C = U::COLUMNS, width = aligned(N, C);
    long later = streams.of(count_of(s, t)), rows = t ? streams.of(count_of(s, t - 1)) : later;
    if (!rows) return;
    const float *c_before = l.cs + before(s, t - 1) * N, *c_after = l.cs + before(s, t) * N;
    scratch.reset();
    U::begin();
    float* g_h = scratch.take<float>(aligned(later, U::M_ALIGN) * C);
    typename U::Number* room = scratch.take<typename U::Number>(room_of<U>(later, P));
    Rows<U> g_z = rows_of<U>(l.gates + (s.first[t] + streams.first) * P, streams.apart * P, later, P, room);
    for (long p = first; p < last; p++) {
        U::panel(g_z.data, g_z.stride, w.panel(p), later, w.K, g_h, false);
        for (long r = 0; r < rows; r++)
            for (long v = 0; v < 4 && p * C + v * W < N; v++) {
                long unit = p * C + v * W, n = least(W, N - unit), stream = streams.at(r), at = stream * N + unit;
                float* g_c_at = g_c + stream * width + unit;
                V g = r < later ? load(g_h + r * C + v * W) : V{};
                if (t == 0) {
                    store(l.g_h0 + at, g, n);
                    store(l.g_c0 + at, load(g_c_at), n);
                    continue;
                }
                long row = s.first[t - 1];
                if (l.g_hs) g += load(l.g_hs + row * N + at, n);
                float* gates = l.gates + (row + stream) * P + unit * 4;
                gates_back(gates, g, load(c_before + at, n), load(c_after + at, n), g_c_at);
            }
    }
}

template <class U>
static void steps_back(Context& context, const LstmBackward& l) {
    long N = l.N, T = l.steps.T, B = l.steps.B, width = aligned(N, U::COLUMNS);
    Panels<U> w = gate_rows<U>(context, l.w_h, N, N);
    float* g_c = context.shared.take<float>(B * width);
    memset(g_c, 0, B * width * sizeof *g_c);
    for (long r = 0; r < B && l.g_c; r++) memcpy(g_c + r * width, l.g_c + r * N, N * sizeof *g_c);
    Shares shares(l.steps, w, context.pool.threads());
    shares.walk(context, l.g_h0 ? T + 1 : T, [&](long t, Streams streams, long first, long last, Workspace& scratch) {
        step_back<U>(l, w, g_c, T - t, streams, first, last, scratch);
    });
}

// The sums of the gates' columns, to row Gate(j).row() of each of two.
template <class U>
static void bias_gradient(Context& context, const LstmBackward& l, float* g_b, float* twin) {
    long P = gates_columns(l.N), rows = l.steps.R;
    context.pool.each(P / W, [&](long p, int) {
        V sums = {};
        for (long r = 0; r < rows; r++) sums += load(l.gates + r * P + p * W);
        for (long j = 0; j < W; j++) {
            Gate gate(p * W + j);
            if (gate.unit >= l.N) continue;
            g_b[gate.row()] = sums[j];
            if (twin) twin[gate.row()] = sums[j];
        }
    });
}

// The gradient (4N, K) of weights whose input of row r was at from(r), the gates' gradients being panels already.
template <class U, class From>
static void weight_gradient(Context& context, const LstmBackward& l, const Panels<U>& gates, long K, const From& from,
                            float* g_w) {
    Rows<U> a = transposed<U>(context, l.steps.R, K, from);
    multiply<U>(context, K, gates, rows_at<U>(a), [&](long m, long rows, long p, const float* c) {
        store_columns(c, rows, U::COLUMNS, U::COLUMNS, false, [&](long j) {
            Gate gate(p * U::COLUMNS + j);
            return gate.unit < l.N ? g_w + gate.row() * K + m : nullptr;
        });
    });
}

template <class U>
static Panels<U> gradient_panels(Context& context, const LstmBackward& l) {
    long P = gates_columns(l.N);
    return panels_of_rows<U>(context, l.steps.R, P, [=](long k, long j) { return l.gates + k * P + j; });
}

template <class U>
static void lstm_backward(Context& context, const LstmBackward& l) {
    steps_back<U>(context, l);
    long P = gates_columns(l.N), C = U::COLUMNS, rows = l.steps.R;
    bool dropped = l.dropout.ratio > 0;
    Panels<U> gates = gradient_panels<U>(context, l);
    const float** h = context.shared.take<const float*>(rows);  // before each row
    for (long t = 0; t < l.steps.T; t++)
        for (long b = 0; b < count_of(l.steps, t); b++) h[l.steps.first[t] + b] = l.hs + (before(l.steps, t) + b) * l.N;
    weight_gradient<U>(context, l, gates, l.N, [=](long r) { return h[r]; }, l.g_w_h);
    bias_gradient<U>(context, l, l.g_b_h, dropped ? nullptr : l.g_b_x);
    if (dropped) {
        context.pool.each(parts(rows, 16), [&](long task, int thread) {
            Workspace& room = context.scratch[thread];
            room.reset();
            float *mask = room.take<float>(P), *scratch = room.take<float>(l.N);
            for (long r = task * 16; r < least(rows, task * 16 + 16); r++) {
                gate_mask(mask, r, l.N, l.dropout, scratch);
                float* g = l.gates + r * P;
                for (long j = 0; j < P; j += W) store(g + j, load(g + j) * load(mask + j));
            }
        });
        gates = gradient_panels<U>(context, l);
        bias_gradient<U>(context, l, l.g_b_x, nullptr);
    }
    weight_gradient<U>(context, l, gates, l.I, [&](long r) { return l.x + r * l.I; }, l.g_w_x);
    Panels<U> w = gate_rows<U>(context, l.w_x, l.I, l.N);
    multiply<U>(context, rows, w, rows_at<U>(l.gates, P, P), [&](long m, long count, long p, const float* c) {
        long n = least(C, l.I - p * C);
        for (long r = 0; r < count; r++) memcpy(l.g_x + (m + r) * l.I + p * C, c + r * C, n * sizeof(float));
    });
}

}  // namespace LEVEL
}  // namespace tsuzuri
