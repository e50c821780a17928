// Four values beside each other, which the passes over memory read and write in one access where addresses allow it.
#pragma once

#include "common.cuh"

struct Quad {
    float v[4];
};

// Whether an access to four values may begin there.
template <class Number>
__device__ inline bool aligned(const Number* address) {
    return reinterpret_cast<unsigned long long>(address) % (4 * sizeof(Number)) == 0;
}

__device__ inline Quad together(const float* from) {
    const float4 x = *reinterpret_cast<const float4*>(from);
    return {{x.x, x.y, x.z, x.w}};
}

__device__ inline Quad together(const bfloat16* from) {
    const uint2 x = *reinterpret_cast<const uint2*>(from);
    return {{__uint_as_float(x.x << 16), __uint_as_float(x.x & 0xffff0000u), __uint_as_float(x.y << 16),
             __uint_as_float(x.y & 0xffff0000u)}};
}

__device__ inline void together(float* to, const Quad& q) {
    *reinterpret_cast<float4*>(to) = make_float4(q.v[0], q.v[1], q.v[2], q.v[3]);
}

__device__ inline unsigned pair(float low, float high) { return to_bfloat16(low) | unsigned(to_bfloat16(high)) << 16; }

__device__ inline void together(bfloat16* to, const Quad& q) {
    uint2 x;
    x.x = pair(q.v[0], q.v[1]);
    x.y = pair(q.v[2], q.v[3]);
    *reinterpret_cast<uint2*>(to) = x;
}

// The first `count` of four values, and `beyond` in place of the others.
template <class Number>
__device__ inline Quad load_some(const Number* from, int count, float beyond) {
    Quad q;
    for (int i = 0; i < 4; i++) q.v[i] = i < count ? to_float(from[i]) : beyond;
    return q;
}

// Four values; ALIGNED tells the compiler of a loop what `aligned` says of all its addresses.
template <bool ALIGNED, class Number>
__device__ inline Quad load_quad(const Number* from) {
    if constexpr (ALIGNED)
        return together(from);
    else
        return load_some(from, 4, 0);
}

// The first `count` of four values.
template <class Number>
__device__ inline void store_some(Number* to, const Quad& q, int count) {
    for (int i = 0; i < 4; i++)
        if (i < count) store(to + i, q.v[i]);
}

// Likewise, but in one access where that can be.
template <class Number>
__device__ inline void store_quad(Number* to, const Quad& q, int count) {
    if (count >= 4 && aligned(to))
        together(to, q);
    else
        store_some(to, q, count);
}

// What dropout multiplies four values by, the first being value `position` of a mask: `mask` with fewer draws.
__device__ inline Quad mask_quad(uint64 key, long long position, unsigned threshold, float scale) {
    Quad q{{1, 1, 1, 1}};
    if (threshold == 0) return q;
    const int into = 16 * (position % 4);
    uint64 fields = draw(key, position / 4) >> into;
    if (into) fields |= draw(key, position / 4 + 1) << (64 - into);
    for (int i = 0; i < 4; i++) q.v[i] = (fields >> 16 * i & 0xffff) >= threshold ? scale : 0.0f;
    return q;
}
