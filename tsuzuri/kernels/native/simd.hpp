// Vectors of float32 as the compiler knows them (GCC's and Clang's vector extensions), so that one source serves
// every level. LEVEL is the namespace of the level that is compiled, LANES how many floats its vectors hold.
//
// Nothing here or in what includes it may use a template or an inline function of the standard library: the linker
// keeps one copy of those, which might be the one with instructions that this processor has not.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace tsuzuri {
namespace LEVEL {

constexpr long W = LANES;
typedef float V __attribute__((vector_size(4 * LANES)));
typedef int32_t VI __attribute__((vector_size(4 * LANES)));
typedef uint32_t VU __attribute__((vector_size(4 * LANES)));
typedef float Unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

typedef float Four __attribute__((vector_size(16)));
#if defined(__clang__)
#define TSUZURI_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define TSUZURI_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (int32_t __attribute__((vector_size(16)))){i, j, k, l})
#endif

static inline V load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
static inline void store(float* p, V v) { *reinterpret_cast<Unaligned*>(p) = v; }
static inline V all(float x) { return x - V{}; }

// a b + c, rounded once where the processor can. Compilers are told not to make this of a product and a sum by
// themselves: they do so in one place and not in another, and a value would depend on the tile that it was made in.
static inline V multiply_add(V a, V b, V c) {
#if defined(__AVX512F__)
    return (V)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    __m256 x[W / 8], y[W / 8], z[W / 8];
    memcpy(x, &a, sizeof a), memcpy(y, &b, sizeof b), memcpy(z, &c, sizeof c);
    for (long i = 0; i < W / 8; i++) z[i] = _mm256_fmadd_ps(x[i], y[i], z[i]);
    memcpy(&c, z, sizeof c);
    return c;
#elif defined(__aarch64__)
    float32x4_t x[W / 4], y[W / 4], z[W / 4];
    memcpy(x, &a, sizeof a), memcpy(y, &b, sizeof b), memcpy(z, &c, sizeof c);
    for (long i = 0; i < W / 4; i++) z[i] = vfmaq_f32(z[i], x[i], y[i]);
    memcpy(&c, z, sizeof c);
    return c;
#else
    return a * b + c;
#endif
}

// The first n of W values, the rest zero; and back.
static inline V load(const float* p, long n) {
    if (n >= W) return load(p);
    float part[W] = {};
    for (long i = 0; i < n; i++) part[i] = p[i];
    return load(part);
}
static inline void store(float* p, V v, long n) {
    if (n >= W) return store(p, v);
    for (long i = 0; i < n; i++) p[i] = v[i];
}

// Where the second is NaN, so is the result.
static inline V larger(V a, V b) { return a > b ? a : b; }
static inline V smaller(V a, V b) { return a < b ? a : b; }
static inline V within(V x, float limit) { return smaller(all(limit), larger(all(-limit), x)); }

static inline float sum(V v) {  // in halves, always in the same order
    float s[W];
    store(s, v);
    for (long half = W / 2; half; half /= 2)
        for (long i = 0; i < half; i++) s[i] += s[i + half];
    return s[0];
}
static inline float largest(V v) {  // of numbers
    float s[W];
    store(s, v);
    for (long half = W / 2; half; half /= 2)
        for (long i = 0; i < half; i++) s[i] = s[i] > s[i + half] ? s[i] : s[i + half];
    return s[0];
}

// x = n ln 2 + r with |r| <= ln(2) / 2, ln 2 in two parts (Cody and Waite 1980); exp(r) - 1 as its Taylor series, whose
// next term is below 2^-26; 2^n by its bits. NaN stays NaN.
struct Exp {
    V power, rest;  // exp(x) = power (1 + rest)
};
static inline Exp exponential(V x) {
    const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number, in the lowest bits
    x = within(x, 87.0f);
    V n = multiply_add(x, all(1.44269504f), all(shift));
    VU bits = (VU)n;
    n -= shift;
    V r = multiply_add(n, all(-0.693359375f), x);
    r = multiply_add(n, all(2.12194440e-4f), r);
    V p = all(1.0f / 5040);
    p = multiply_add(p, r, all(1.0f / 720));
    p = multiply_add(p, r, all(1.0f / 120));
    p = multiply_add(p, r, all(1.0f / 24));
    p = multiply_add(p, r, all(1.0f / 6));
    p = multiply_add(p, r, all(0.5f));
    p = multiply_add(p, r, all(1.0f));
    return {(V)((bits << 23) + 0x3f800000u), p * r};
}

static inline V exp(V x) {
    Exp e = exponential(x);
    return multiply_add(e.power, e.rest, e.power);
}
static inline V sigmoid(V x) { return 1.0f / (1.0f + exp(-x)); }
static inline V tanh(V x) {  // (exp(2x) - 1) / (exp(2x) + 1), without cancellation near 0
    Exp e = exponential(within(x, 10.0f) * 2.0f);
    V less_one = multiply_add(e.power, e.rest, e.power - 1.0f);
    return less_one / (less_one + 2.0f);
}

}  // namespace LEVEL
}  // namespace tsuzuri
