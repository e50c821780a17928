// Runs CUDA kernels on a CPU, so that the kernels themselves are tested where there is no GPU.
//
// Every thread of a block is a fibre with a stack of its own, and so are all blocks of a cooperative launch. They take
// turns in an order that a seed shuffles, and give way where CUDA's would wait: at barriers, at what a warp does together,
// in a loop that waits for a counter. A missing barrier therefore shows as a result that depends on the seed or that
// holds poison; a barrier that not all reach, and a wait that nobody ends, as an error.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __align__(n) alignas(n)

struct uint3 {
    unsigned x, y, z;
};
struct uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct float2 {
    float x, y;
};
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }

namespace emulator {

constexpr size_t STACK = 64 << 10;

struct Block {
    uint3 index;
    std::vector<unsigned char> shared;
    unsigned arrived = 0, left = 0, generation = 0;  // at the barrier, and gone for good
};

struct Warp {
    unsigned arrived = 0, left = 0, generation = 0;
    alignas(16) unsigned char slots[2][32][32];
};

struct Fibre {
    ucontext_t context;
    std::unique_ptr<unsigned char[]> stack{new unsigned char[STACK]};
    Block* block;
    Warp* warp;
    uint3 index;
    bool done;
};

struct Failure {};

inline uint3 grid, size;  // of the launch
inline Block* block;
inline Fibre* fibre;
inline ucontext_t scheduler;
inline std::string error;
inline unsigned long moves;  // grows whenever anything but a spin happens
inline unsigned long spins;

// Let the others run.
inline void give_way() {
    Fibre* mine = fibre;
    swapcontext(&mine->context, &scheduler);
    if (!error.empty()) throw Failure();
}
inline void wait() {
    ++moves;
    give_way();
}
inline void spin() { give_way(); }
[[noreturn]] inline void fail(const std::string& what) {
    if (error.empty()) error = what;
    throw Failure();
}

inline unsigned threads() { return size.x * size.y * size.z; }

inline void barrier() {
    Block* mine = fibre->block;
    const unsigned generation = mine->generation;
    ++moves;
    if (++mine->arrived == threads()) {
        mine->arrived = 0;
        ++mine->generation;
    }
    while (mine->generation == generation) {
        if (mine->left) fail("a barrier that some threads of the block have passed by");
        give_way();
    }
}

// What each lane of the warp has, given to all of them.
template <class What>
inline void exchange(const What& mine, What (&all)[32]) {
    static_assert(sizeof(What) <= 32, "too large for a slot");
    Fibre* self = fibre;
    Warp* warp = self->warp;
    const unsigned generation = warp->generation, lane = self->index.x % 32;
    memcpy(warp->slots[generation % 2][lane], &mine, sizeof mine);
    ++moves;
    if (++warp->arrived == 32) {
        warp->arrived = 0;
        ++warp->generation;
    }
    while (warp->generation == generation) {
        if (warp->left) fail("a warp that some of its threads have left");
        give_way();
    }
    for (int i = 0; i < 32; i++) memcpy(&all[i], warp->slots[generation % 2][i], sizeof mine);
}

inline const std::function<void()>* body;

inline void enter() {
    try {
        (*body)();
    } catch (const Failure&) {
    }
    fibre->done = true;
    ++fibre->block->left;
    ++fibre->warp->left;
    ++moves;
    swapcontext(&fibre->context, &scheduler);
}

// Run the fibres of some blocks to their end. Turns alone would be too fair: at times one block, or one warp, is held back.
inline void run(std::vector<Fibre*>& fibres, std::mt19937& random) {
    unsigned long still = 0;
    const Block* resting = nullptr;
    const Warp* resting_warp = nullptr;
    while (!fibres.empty()) {
        std::shuffle(fibres.begin(), fibres.end(), random);
        const unsigned long before = moves;
        const Block* held = random() % 4 ? resting : nullptr;  // for some rounds one block, or one warp, stays behind
        if (random() % 16 == 0) {
            const Fibre* any = fibres[random() % fibres.size()];
            resting = any->block, resting_warp = random() % 2 ? any->warp : nullptr;
        }
        for (Fibre* next : fibres) {
            if (next->block == held && (!resting_warp || next->warp == resting_warp)) continue;
            fibre = next;
            block = next->block;
            swapcontext(&scheduler, &next->context);
        }
        fibres.erase(std::remove_if(fibres.begin(), fibres.end(), [](Fibre* f) { return f->done; }), fibres.end());
        still = moves == before ? still + 1 : 0;
        if (still > 1000 && error.empty()) error = "threads wait for what no other will do";
    }
}

// Launch: returns false, and sets `error`, where the kernel did what CUDA forbids.
inline bool launch(const unsigned* shape, unsigned shared, bool together, unsigned seed, const std::function<void()>& kernel) {
    grid = {shape[0], shape[1], shape[2]};
    size = {shape[3], shape[4], shape[5]};
    error.clear();
    body = &kernel;
    std::mt19937 random(seed);
    const unsigned blocks = grid.x * grid.y * grid.z, at_once = together ? blocks : 1;
    std::vector<unsigned> order(blocks);
    for (unsigned i = 0; i < blocks; i++) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::unique_ptr<Fibre>> pool;
    for (unsigned first = 0; first < blocks && error.empty(); first += at_once) {
        std::vector<Block> here(at_once);
        std::vector<Warp> warps(at_once * (threads() / 32));
        std::vector<Fibre*> fibres;
        for (unsigned b = 0; b < at_once; b++) {
            const unsigned number = order[first + b];
            here[b].index = {number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y};
            here[b].shared.assign(shared + 16, 0xff);  // NaN, in float32 and in bfloat16
            for (unsigned t = 0; t < threads(); t++) {
                if (pool.size() <= fibres.size()) pool.emplace_back(new Fibre);
                Fibre* f = pool[fibres.size()].get();
                f->block = &here[b];
                f->warp = &warps[b * (threads() / 32) + t / 32];
                f->index = {t, 0, 0};
                f->done = false;
                getcontext(&f->context);
                f->context.uc_stack.ss_sp = f->stack.get();
                f->context.uc_stack.ss_size = STACK;
                f->context.uc_link = nullptr;
                makecontext(&f->context, enter, 0);
                fibres.push_back(f);
            }
        }
        run(fibres, random);
        for (const Block& b : here)
            for (unsigned i = 0; i < 16; i++)
                if (b.shared[shared + i] != 0xff && error.empty()) error = "written past the end of shared memory";
    }
    return error.empty();
}

template <class... Parameters, size_t... Places>
inline void call(void (*kernel)(Parameters...), void** arguments, std::index_sequence<Places...>) {
    kernel(*static_cast<Parameters*>(arguments[Places])...);
}

// A letter for each kind of parameter, as Python's struct has them; upper case for a pointer to it.
template <class P>
constexpr char letter() {
    using Plain = std::remove_cv_t<std::remove_pointer_t<P>>;
    constexpr char plain = std::is_same_v<Plain, float>                ? 'f'
                           : std::is_same_v<Plain, double>             ? 'd'
                           : std::is_same_v<Plain, int>                ? 'i'
                           : std::is_same_v<Plain, unsigned>           ? 'u'
                           : std::is_same_v<Plain, unsigned short>     ? 'h'
                           : std::is_same_v<Plain, unsigned char>      ? 'b'
                           : std::is_same_v<Plain, long long>          ? 'q'
                           : std::is_same_v<Plain, unsigned long long> ? 'w'
                                                                       : '?';
    return std::is_pointer_v<P> ? char(plain - 'a' + 'A') : plain;
}

template <class... Parameters>
inline const char* letters(void (*)(Parameters...)) {
    static const char text[] = {letter<Parameters>()..., 0};
    return text;
}

template <class... Parameters>
inline bool start(void (*kernel)(Parameters...), const unsigned* shape, unsigned shared, bool together, unsigned seed,
                  void** arguments) {
    return launch(shape, shared, together, seed,
                  [=] { call(kernel, arguments, std::index_sequence_for<Parameters...>{}); });
}

}  // namespace emulator

#define threadIdx (emulator::fibre->index)
#define blockIdx (emulator::block->index)
#define blockDim (emulator::size)
#define gridDim (emulator::grid)

inline void __syncthreads() { emulator::barrier(); }
inline void __threadfence() {}
inline void __syncwarp(unsigned = ~0u) {
    int all[32];
    emulator::exchange(0, all);
}
template <class Number>
inline Number __shfl_sync(unsigned, Number x, int source, int = 32) {
    Number all[32];
    emulator::exchange(x, all);
    return all[source % 32];
}
template <class Number>
inline Number __shfl_xor_sync(unsigned, Number x, int step, int = 32) {
    Number all[32];
    emulator::exchange(x, all);
    return all[(threadIdx.x % 32) ^ step];
}
template <class Number>
inline Number __shfl_up_sync(unsigned, Number x, unsigned step, int = 32) {
    Number all[32];
    emulator::exchange(x, all);
    const unsigned lane = threadIdx.x % 32;
    return lane < step ? x : all[lane - step];
}
template <class Number>
inline Number __shfl_down_sync(unsigned, Number x, unsigned step, int = 32) {
    Number all[32];
    emulator::exchange(x, all);
    const unsigned lane = threadIdx.x % 32;
    return lane + step < 32 ? all[lane + step] : x;
}
inline unsigned __ballot_sync(unsigned, bool x) {
    int all[32];
    emulator::exchange(int(x), all);
    unsigned bits = 0;
    for (int i = 0; i < 32; i++) bits |= unsigned(all[i]) << i;
    return bits;
}
inline bool __any_sync(unsigned mask, bool x) { return __ballot_sync(mask, x); }
inline bool __all_sync(unsigned mask, bool x) { return __ballot_sync(mask, x) == ~0u; }

template <class Number>
inline Number atomicAdd(Number* to, Number x) {
    const Number before = *to;
    *to += x;
    return before;
}
template <class Number>
inline Number atomicMax(Number* to, Number x) {
    const Number before = *to;
    *to = std::max(before, x);
    return before;
}
template <class Number>
inline Number atomicMin(Number* to, Number x) {
    const Number before = *to;
    *to = std::min(before, x);
    return before;
}

inline unsigned __float_as_uint(float x) {
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
inline float __uint_as_float(unsigned bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
inline double __dmul_rn(double a, double b) { return a * b; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
template <class Number>
inline Number min(Number a, Number b) {
    return a < b ? a : b;
}
template <class Number>
inline Number max(Number a, Number b) {
    return a < b ? b : a;
}
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
