// The operations on AMX's tiles that Tiles is made of: the processor's own, or, where TSUZURI_EMULATE is defined, plain
// code that computes what they are documented to, so that every machine can test what is built on them.
#pragma once

#include "simd.hpp"

#if !defined(TSUZURI_EMULATE)
#include <immintrin.h>
// Macros, since GCC's intrinsics want the tiles' numbers as literals.
#define tile_shape _tile_loadconfig
#define tile_zero _tile_zero
#define tile_load _tile_loadd
#define tile_store _tile_stored
#define tile_multiply _tile_dpbf16ps
#endif

namespace tsuzuri {
namespace LEVEL {

// What the instruction ldtilecfg reads: tile t has rows[t] rows of bytes[t] bytes.
struct alignas(64) TileShapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
};

#if defined(TSUZURI_EMULATE)

struct Tile {
    uint32_t lanes[16][16];
};
static thread_local TileShapes tile_shapes;
static thread_local Tile tile_registers[8];

static inline void tile_shape(const void* shapes) {
    memcpy(&tile_shapes, shapes, sizeof tile_shapes);
    memset(tile_registers, 0, sizeof tile_registers);
}

// Where the processor would stop the process: no shapes were loaded.
static inline const TileShapes& shapes_of_tiles() {
    if (tile_shapes.palette != 1) __builtin_trap();
    return tile_shapes;
}

static inline void tile_zero(int t) {
    memset(tile_registers[t].lanes, 0, shapes_of_tiles().rows[t] * sizeof tile_registers[t].lanes[0]);
}

static inline void tile_load(int t, const void* from, long stride) {
    const TileShapes& shapes = shapes_of_tiles();
    for (long m = 0; m < shapes.rows[t]; m++)
        memcpy(tile_registers[t].lanes[m], static_cast<const char*>(from) + m * stride, shapes.bytes[t]);
}

static inline void tile_store(int t, void* to, long stride) {
    const TileShapes& shapes = shapes_of_tiles();
    for (long m = 0; m < shapes.rows[t]; m++)
        memcpy(static_cast<char*>(to) + m * stride, tile_registers[t].lanes[m], shapes.bytes[t]);
}

// Denormal numbers are read and written as zeros of their sign.
static inline float flush(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0.0f, x) : x; }

static inline float upper_half(uint32_t bits) {
    float x;
    bits &= 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return flush(x);
}

// sum + a b, rounded once. The product is exact in double, and the sum needs so few bits of it, or comes so far from
// halfway between two floats, that rounding it twice is rounding it once.
static inline float multiply_add(float a, float b, float sum) {
    return flush(static_cast<float>(static_cast<double>(a) * b + flush(sum)));
}

// Operation of TDPBF16PS (Intel's Software Developer's Manual, volume 2): for each value of C, the sums of the products
// of even k and of odd k each in a chain from zero, then their sum, then that and the value before.
static inline void tile_multiply(int c, int a, int b) {
    const TileShapes& shapes = shapes_of_tiles();
    for (long m = 0; m < shapes.rows[c]; m++) {
        float even[16] = {}, odd[16] = {};
        for (long k = 0; k < shapes.bytes[a] / 4; k++) {
            uint32_t left = tile_registers[a].lanes[m][k];
            for (long n = 0; n < shapes.bytes[c] / 4; n++) {
                uint32_t right = tile_registers[b].lanes[k][n];
                even[n] = multiply_add(upper_half(left << 16), upper_half(right << 16), even[n]);
                odd[n] = multiply_add(upper_half(left), upper_half(right), odd[n]);
            }
        }
        for (long n = 0; n < shapes.bytes[c] / 4; n++) {
            float sum;
            memcpy(&sum, &tile_registers[c].lanes[m][n], sizeof sum);
            sum = flush(flush(sum) + flush(even[n] + odd[n]));
            memcpy(&tile_registers[c].lanes[m][n], &sum, sizeof sum);
        }
    }
}

#endif

// Tiles keep their shapes only until other code of the process changes them on this thread.
static inline void shape_tiles() {
    static const TileShapes full = {1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    tile_shape(&full);
}

}  // namespace LEVEL
}  // namespace tsuzuri
