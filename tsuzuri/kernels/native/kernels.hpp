// What a level of the processor offers: the kernels as plain functions over pointers. Sizes and contiguity are the
// callers' duty; module.cpp checks them.
//
// Axes: T steps of a window, B streams side by side, I inputs, N units, V words, R rows. Layouts as in reference.py.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tsuzuri {

class Pool;
class Workspace;

struct Context {
    Pool& pool;
    Workspace& shared;   // of the call
    Workspace* scratch;  // of each thread
};

struct Dropout {
    double ratio;  // 0 drops nothing
    uint64_t key;
};

// The R rows of a window's steps, one step's after another's. A step has a row for each of its streams, in their order;
// none has more than the step before, and those that have ended were the last. Where none ends, R is T B. States are
// (B + R, N): first those before the window, so that those before the rows of a step lie side by side too.
struct Steps {
    long T, B, R;
    const long* first;  // (T + 2,), the first row of each step, then R twice: step T has none
};

struct LstmForward {
    Steps steps;
    long I, N;
    const float *x, *c, *h;              // (R, I), (B, N), (B, N); c and h null for zeros
    const float *w_x, *b_x, *w_h, *b_h;  // (4N, I), (4N,), (4N, N), (4N,)
    Dropout dropout;                     // of the projected input
    float *hs, *cs, *gates;              // (B + R, N), (B + R, N), (R, gates_columns(N))
};

struct LstmBackward {
    Steps steps;
    long I, N;
    const float *x, *w_x, *w_h, *hs, *cs;
    const float *g_hs, *g_c;  // (R, N), (B, N); null for zeros
    Dropout dropout;
    float* gates;        // overwritten
    float *g_c0, *g_h0;  // (B, N), null where the window began with zeros
    float *g_x, *g_w_x, *g_b_x, *g_w_h, *g_b_h;
};

struct CrossEntropy {
    long R, N, V;
    const float *h, *w, *b;  // (R, N), (V, N), (V,)
    const int32_t* target;   // (R,), -1 counts nothing
    float scale;             // of the gradients
    float smoothing;         // share of a target that is spread over all words, in the gradients alone
    float *g_h, *g_w, *g_b;  // all null where no gradient is wanted
};

struct LayerStep {
    long I, N;
    const float *w_x, *b_x, *w_h, *b_h;  // (4N, I), (4N,), (4N, N), (4N,)
    const float *c, *h;                  // (B, N)
    float *new_c, *new_h;                // (B, N), other memory than c and h
};

struct ModelStep {  // a word of each stream to the logits of the next
    long B, V, L;
    const int32_t* words;     // (B,), below R
    const float* embedding;   // (R, I of the first layer), as a rule one row a word
    const LayerStep* layers;  // (L,), each reading what the one before writes
    const float *w, *b;       // (V, N of the last layer), (V,)
    float* logits;            // (B, V)
    bool skip;                // whether what a layer reads of one as wide below is added to what it hands on
};

struct Embed {
    long R, N;
    const int32_t* ids;  // (R,), rows of w
    const float* w;      // (V, N)
    float* y;            // (R, N)
};

struct EmbedBackward {
    long R, N, V;
    const int32_t* ids;  // (R,), below V
    const float* g;      // (R, N)
    float* g_w;          // (V, N), all of it written
};

struct Tensor {  // a parameter, and what an optimizer needs for it
    long size;
    float* param;
    const float* grad;
    float* states[2];    // as many as the rule has
    double numbers[4];
};

struct Rule {  // an optimizer
    const char* name;
    int numbers, states;
    // A step of all the parameters, their gradients' norm being clipped; returns it, or 0 where clip is infinite.
    double (*update)(Context&, const Tensor*, long count, double clip);
};

constexpr int RULES = 6;

struct Products {  // kernels made of matrix products, of one precision
    void (*lstm_forward)(Context&, const LstmForward&);
    void (*lstm_backward)(Context&, const LstmBackward&);
    double (*cross_entropy)(Context&, const CrossEntropy&);  // the loss, in nats
};

struct Level {
    const char* name;
    long lanes;
    Products float32, bfloat16;
    void (*step)(Context&, const ModelStep&);
    void (*dropout)(Context&, const float* x, float* y, long size, long times, Dropout);
    void (*embed)(Context&, const Embed&);
    void (*embed_backward)(Context&, const EmbedBackward&);
    Rule rules[RULES];
};

struct LevelHere {
    const Level* level;
    bool (*runs_here)();
};

// The levels that were compiled, best first; levels.cpp has them.
extern const LevelHere LEVELS[];
extern const int LEVEL_COUNT;

}  // namespace tsuzuri
