// The cell of an LSTM, forward and backward, and operands, which is what products read of its results.
#pragma once

#ifndef OPERAND
#define OPERAND bfloat16
#endif

#ifndef TF32
#define TF32 0  // 1: operands are float32 that are rounded for tensor cores
#endif

typedef OPERAND Operand;

constexpr int RUN = 64;  // bytes: rows of operands are padded to it

// Values of an operand's row with its padding.
__device__ inline int padded(int size) {
    constexpr int step = RUN / int(sizeof(Operand));
    return (size + step - 1) / step * step;
}

__device__ inline float4 operator+(float4 x, float4 y) {
    return make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
}

__device__ inline float4 operator*(float4 x, float4 y) {
    return make_float4(x.x * y.x, x.y * y.y, x.z * y.z, x.w * y.w);
}

__device__ inline float4 four(const float* from, long long i) { return reinterpret_cast<const float4*>(from)[i]; }

// To the nearest that tensor cores take, half away from zero; NaN stays one.
__device__ inline float to_tf32(float x) {
    const unsigned bits = __float_as_uint(x);
    return (bits & 0x7f800000u) == 0x7f800000u ? x : __uint_as_float((bits + 0x1000u) & 0xffffe000u);
}

__device__ inline void store_operand(Operand* to, float x) { store(to, TF32 ? to_tf32(x) : x); }

__device__ inline void store_four(float* to, float4 x) { *reinterpret_cast<float4*>(to) = x; }

__device__ inline void store_operands(float* to, float4 x) {
    store_four(to, TF32 ? make_float4(to_tf32(x.x), to_tf32(x.y), to_tf32(x.z), to_tf32(x.w)) : x);
}

__device__ inline void store_operands(bfloat16* to, float4 x) {
    uint2 pairs;
    pairs.x = to_bfloat16(x.x) | unsigned(to_bfloat16(x.y)) << 16;
    pairs.y = to_bfloat16(x.z) | unsigned(to_bfloat16(x.w)) << 16;
    *reinterpret_cast<uint2*>(to) = pairs;
}

// What dropout multiplies unit n in a row (t, b) by. Masks are over (T, B, N), and over (T, B, 4, N) for what a layer
// projects, as with the CPU's kernels, although the gates lie there in another order.
__device__ inline float output_mask(const uint64* key, long long row, int n, int N, Dropout dropout) {
    return dropout.threshold == 0 ? 1.0f : mask(*key, dropout.row(row) * N + n, dropout.threshold, dropout.scale);
}

__device__ inline float4 projections_mask(const uint64* key, long long row, int n, int N, Dropout dropout) {
    if (dropout.threshold == 0) return make_float4(1, 1, 1, 1);
    row = dropout.row(row);
    const auto of = [=](int gate) { return mask(*key, (4 * row + gate) * N + n, dropout.threshold, dropout.scale); };
    return make_float4(of(0), of(1), of(2), of(3));
}

// The gates (a, i, f, o) from what goes into them.
__device__ inline float4 activate(float4 z) {
    return make_float4(tanhf(z.x), sigmoid(z.y), sigmoid(z.z), sigmoid(z.w));
}

// What the way back through a cell needs of the way forward; made before the gradient of h is known.
struct Slopes {
    float a, i, f, o, c, keep;  // of c by each gate's z, of h by o's z and by c, and of c by c before

    __device__ Slopes() {}
    __device__ Slopes(float4 gates, float c_before, float c_after) {
        const float a_ = gates.x, i_ = gates.y, f_ = gates.z, o_ = gates.w, tanh_c = tanhf(c_after);
        a = i_ * (1 - a_ * a_);
        i = a_ * i_ * (1 - i_);
        f = c_before * f_ * (1 - f_);
        o = tanh_c * o_ * (1 - o_);
        c = o_ * (1 - tanh_c * tanh_c);
        keep = f_;
    }

    // From the gradients of h and c to those of the z; g_c becomes that of c before.
    __device__ float4 back(float g_h, float& g_c) const {
        const float g = g_c + g_h * c;
        g_c = g * keep;
        return make_float4(g * a, g * i, g * f, g_h * o);
    }
};
