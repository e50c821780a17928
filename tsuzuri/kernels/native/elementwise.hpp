// Dropout.
#pragma once

#include "product.hpp"

namespace tsuzuri {
namespace LEVEL {

typedef uint64_t Draws __attribute__((vector_size(4 * LANES)));       // W / 2 of them
typedef uint16_t Fields __attribute__((vector_size(4 * LANES)));      // their 2 W values, lowest bits first
typedef uint32_t WideFields __attribute__((vector_size(8 * LANES)));

// SplitMix64's draw from a counter, a number or a vector of them.
template <class Z>
TSUZURI_INLINE Z draw(Z z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// What dropout multiplies ``size`` values by, from position ``start`` on: numpy_/dropout.py's masks, bit for bit.
static void keep(float* mask, uint64_t start, long size, Dropout dropout) {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a draw's lowest bits come first");
    const uint64_t golden = 0x9E3779B97F4A7C15u;
    const uint32_t threshold = static_cast<uint32_t>(dropout.ratio * 65536.0 + 0.5);
    const float kept = static_cast<float>(1.0 / (1.0 - dropout.ratio));
    long i = 0;
    auto up_to = [&](long end) {
        while (i < end) {
            uint64_t z = draw(dropout.key + ((start + i) / 4 + 1) * golden);
            for (uint64_t field = (start + i) % 4; field < 4 && i < end; field++, i++)
                mask[i] = (z >> (16 * field) & 0xFFFF) >= threshold ? kept : 0.0f;
        }
    };
    up_to(least(size, (4 - start % 4) % 4));
    Draws steps;
    for (long d = 0; d < W / 2; d++) steps[d] = (d + 1) * golden;
    for (; i + 2 * W <= size; i += 2 * W) {
        Draws z = draw(steps + (dropout.key + (start + i) / 4 * golden));
        WideFields fields = __builtin_convertvector((Fields)z, WideFields);
        WideFields bits = fields >= threshold;  // all ones where a value stays
        VU halves[2];
        memcpy(halves, &bits, sizeof bits);
        for (long half = 0; half < 2; half++) store(mask + i + half * W, (V)(halves[half] & (VU)all(kept)));
    }
    up_to(size);
}

// ``size`` values, ``times`` times one after another, by the same mask each time.
static void dropout(Context& context, const float* x, float* y, long size, long times, Dropout dropout) {
    constexpr long BLOCK = 4096;
    long blocks = parts(size, BLOCK), runs = times == 1 ? 1 : least(times, 4);  // of repetitions that share a mask
    context.pool.each(blocks * runs, [&](long task, int) {
        float mask[BLOCK];
        long start = task % blocks * BLOCK, count = least(BLOCK, size - start), run = task / blocks;
        keep(mask, start, count, dropout);
        for (long time = times * run / runs; time < times * (run + 1) / runs; time++)
            for (long i = 0, at = time * size + start; i < count; i++) y[at + i] = x[at + i] * mask[i];
    });
}

}  // namespace LEVEL
}  // namespace tsuzuri
