// What blocks do that have an LSTM layer's recurrence together: wait for each other, and multiply their own rows of the
// weights by what all of them wrote.
//
// A block keeps its rows of the recurrent weights in shared memory for a whole window. At each step it multiplies them
// by the columns (streams) of an operand array, whose rows (one a stream) hold the sum's index k. Both are read by runs
// of 64 bytes, of which lane 4g + q takes 16, as they lie in memory. On tensor cores these are the fragments of two
// instructions. They want other values of k in that place, but the same ones in both factors, and a sum over k does not
// mind the order. In float32 each q sums up its own quarter of k, for more rows and columns, and they meet at the end.
#pragma once

#include "cell.cuh"

#ifndef LAYERS
#define LAYERS 1
#define MT1 1
#define NT1 1
#define WM1 1
#define WN1 1
#define WK1 4
#define PAIRS1 1
#endif
#if LAYERS == 1
#define MT2 MT1
#define NT2 NT1
#define WM2 WM1
#define WN2 WN1
#define WK2 WK1
#define PAIRS2 PAIRS1
#endif
#define THREADS 32 * WM1 * WN1 * WK1

constexpr int COUNTER = 32;     // from one counter to the next: each has a line of the cache for itself
constexpr int ROW_PADDING = 4;  // of the partial sums: makes what a warp writes fall on different banks

// Of a row in shared memory: an odd number of runs, so that 8 lanes that read two rows meet all banks once.
__device__ inline int row_bytes(int size) { return (padded(size) * int(sizeof(Operand)) / RUN | 1) * RUN; }

// A count of the blocks that have reported that a step of theirs is written.
struct Counter {
    unsigned* at;
    unsigned seen;  // by thread 0: what it saw once needs no second look

    // Until `count` blocks have reported; then what they wrote before is to be seen. For all threads of the block.
    __device__ void wait(unsigned count) {
        if (threadIdx.x == 0)
            while (seen < count) {
                seen = acquire_load(at);
                if (seen < count) pause();
            }
        __syncthreads();
    }

    __device__ void tell() const {
        __syncthreads();
        if (threadIdx.x == 0) release_add(at);
    }
};

// The last block to leave sets all counters to zero, for the next launch. The first of them counts who left.
__device__ inline void leave(unsigned* counters, int count) {
    if (threadIdx.x != 0) return;
    __threadfence();
    if (atomicAdd(counters, 1u) + 1 != gridDim.x) return;
    for (int i = 0; i < count; i++) counters[i * COUNTER] = 0;
}

// How a block's warps share a product: a warp makes MT x NT tiles of 16 rows and 8 columns, WM x WN warps make all of
// them, WK such groups have a part of k each. A thread does the cell for up to PAIRS pairs of a unit and a stream.
template <int MT_, int NT_, int WM_, int WN_, int WK_, int PAIRS_>
struct Tiles {
    static constexpr int MT = MT_, NT = NT_, WM = WM_, WN = WN_, WK = WK_, PAIRS = PAIRS_;
    static constexpr int HEIGHT = 16 * MT * WM + ROW_PADDING, WIDTH = 8 * NT * WN;  // of the partial sums
};

typedef Tiles<MT1, NT1, WM1, WN1, WK1, PAIRS1> Lower;
typedef Tiles<MT2, NT2, WM2, WN2, WK2, PAIRS2> Upper;
static_assert(WM1 * WN1 * WK1 == WM2 * WN2 * WK2, "blocks of both layers have the same size");

// What a lane has of a tile of 16 rows and 8 columns: which it reads of each, SUMS unfinished sums, four finished ones.
struct TensorLane {
    static constexpr int ROWS = 2, COLUMNS = 1, SUMS = 4;
    static __device__ int row_read(int lane, int i) { return lane / 4 + 8 * i; }
    static __device__ int column_read(int lane, int) { return lane / 4; }
    static __device__ int row(int lane, int e) { return lane / 4 + e / 2 * 8; }
    static __device__ int column(int lane, int e) { return lane % 4 * 2 + e % 2; }

    static __device__ void multiply(float (&d)[SUMS], const uint4 (&x)[ROWS], const uint4 (&y)[COLUMNS]) {
        const unsigned a[4] = {x[0].x, x[1].x, x[0].y, x[1].y}, b[2] = {y[0].x, y[0].y};
        const unsigned c[4] = {x[0].z, x[1].z, x[0].w, x[1].w}, e[2] = {y[0].z, y[0].w};
        if constexpr (TF32) {
            mma_tf32(d, a, b);
            mma_tf32(d, c, e);
        } else {
            mma(d, a, b);
            mma(d, c, e);
        }
    }

    static __device__ void finish(const float (&d)[SUMS], float (&sums)[4], int) {
#pragma unroll
        for (int e = 0; e < 4; e++) sums[e] = d[e];
    }
};

struct PlainLane {
    static constexpr int ROWS = 4, COLUMNS = 4, SUMS = 16;
    static __device__ int row_read(int lane, int i) { return lane / 4 % 4 + 4 * i; }
    static __device__ int column_read(int lane, int j) { return lane / 16 + 2 * j; }
    static __device__ int row(int lane, int) { return lane / 4 % 4 + lane % 4 * 4; }
    static __device__ int column(int lane, int e) { return lane / 16 + 2 * e; }

    static __device__ void multiply(float (&d)[SUMS], const uint4 (&x)[ROWS], const uint4 (&y)[COLUMNS]) {
#pragma unroll
        for (int e = 0; e < SUMS; e++) {
            const uint4 &a = x[e / 4], &b = y[e % 4];
            d[e] = fmaf(__uint_as_float(a.x), __uint_as_float(b.x), d[e]);
            d[e] = fmaf(__uint_as_float(a.y), __uint_as_float(b.y), d[e]);
            d[e] = fmaf(__uint_as_float(a.z), __uint_as_float(b.z), d[e]);
            d[e] = fmaf(__uint_as_float(a.w), __uint_as_float(b.w), d[e]);
        }
    }

    // Of four lanes that have quarters of the same sums, each gets those of one row: twice half of them change hands.
    static __device__ void finish(const float (&d)[SUMS], float (&sums)[4], int lane) {
        float half[8];
#pragma unroll
        for (int e = 0; e < 8; e++) {
            const float other = __shfl_xor_sync(~0u, lane & 2 ? d[e] : d[e + 8], 2);
            half[e] = (lane & 2 ? d[e + 8] : d[e]) + other;
        }
#pragma unroll
        for (int e = 0; e < 4; e++) {
            const float other = __shfl_xor_sync(~0u, lane & 1 ? half[e] : half[e + 4], 1);
            sums[e] = (lane & 1 ? half[e + 4] : half[e]) + other;
        }
    }
};

template <bool tensor>
struct LaneOf {
    typedef TensorLane Type;
};

template <>
struct LaneOf<false> {
    typedef PlainLane Type;
};

typedef LaneOf<TF32 || sizeof(Operand) == 2>::Type Lane;

// A warp's part of the block's product.
template <class Tile>
struct Product {
    static constexpr int MT = Tile::MT, NT = Tile::NT, ROWS = Lane::ROWS, COLUMNS = Lane::COLUMNS, SUMS = Lane::SUMS;
    static constexpr int LOADS = 12 / (NT * COLUMNS), AHEAD = LOADS < 1 ? 1 : LOADS < 4 ? LOADS : 4;

    float sums[MT][NT][SUMS];
    int rows[MT][ROWS], columns[NT][COLUMNS];  // where in memory the lane's begin, in bytes
    int m, n, k;                               // of the warp

    // Rows and columns that there are not stand for the last there is: nobody asks for their sums.
    __device__ Product(int row_count, int column_count, int k_size) {
        const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, own = lane % 4 * 16;
        n = warp % Tile::WN, m = warp / Tile::WN % Tile::WM, k = warp / Tile::WN / Tile::WM;
#pragma unroll
        for (int i = 0; i < MT * ROWS; i++) {
            const int row = (m * MT + i / ROWS) * 16 + Lane::row_read(lane, i % ROWS);
            rows[i / ROWS][i % ROWS] = min(row, row_count - 1) * row_bytes(k_size) + own;
        }
#pragma unroll
        for (int i = 0; i < NT * COLUMNS; i++) {
            const int column = (n * NT + i / COLUMNS) * 8 + Lane::column_read(lane, i % COLUMNS);
            const int bytes = padded(k_size) * int(sizeof(Operand));
            columns[i / COLUMNS][i % COLUMNS] = min(column, column_count - 1) * bytes + own;
        }
    }

    __device__ void clear() {
#pragma unroll
        for (int i = 0; i < MT * NT * SUMS; i++) sums[i / (NT * SUMS)][i / SUMS % NT][i % SUMS] = 0;
    }

    // Add weights (rows, k) times `from` (columns, k). The loads from global memory take long, so several of them are
    // under way before the first is used.
    __device__ void add(const unsigned char* weights, const Operand* from, int k_size) {
        const int runs = padded(k_size) * int(sizeof(Operand)) / RUN;
        const int first = runs * k / Tile::WK, last = runs * (k + 1) / Tile::WK;
        const unsigned char* base = reinterpret_cast<const unsigned char*>(from);
        for (int run = first; run < last; run += AHEAD) {
            uint4 y[AHEAD][NT][COLUMNS];
#pragma unroll
            for (int i = 0; i < AHEAD; i++)
                if (run + i < last)
#pragma unroll
                    for (int j = 0; j < NT * COLUMNS; j++) {
                        const unsigned char* at = base + columns[j / COLUMNS][j % COLUMNS] + (run + i) * RUN;
                        y[i][j / COLUMNS][j % COLUMNS] = load_l2(reinterpret_cast<const uint4*>(at));
                    }
#pragma unroll
            for (int i = 0; i < AHEAD; i++)
                if (run + i < last)
#pragma unroll
                    for (int r = 0; r < MT; r++) {
                        uint4 x[ROWS];
#pragma unroll
                        for (int j = 0; j < ROWS; j++)
                            x[j] = *reinterpret_cast<const uint4*>(weights + rows[r][j] + (run + i) * RUN);
#pragma unroll
                        for (int j = 0; j < NT; j++) Lane::multiply(sums[r][j], x, y[i][j]);
                    }
        }
    }

    // Give the sums to the block, `partial` being (WK, WIDTH, HEIGHT).
    __device__ void put(float* partial) const {
        const int lane = threadIdx.x % 32;
        float* to = partial + (k * Tile::WIDTH + n * NT * 8) * Tile::HEIGHT + m * MT * 16;
#pragma unroll
        for (int i = 0; i < MT; i++)
#pragma unroll
            for (int j = 0; j < NT; j++) {
                float finished[4];
                Lane::finish(sums[i][j], finished, lane);
#pragma unroll
                for (int e = 0; e < 4; e++)
                    to[(8 * j + Lane::column(lane, e)) * Tile::HEIGHT + 16 * i + Lane::row(lane, e)] = finished[e];
            }
        __syncthreads();
    }
};

// The sums of all parts of k: of one row, and of the four gates of a unit.
template <class Tile>
__device__ inline float row_sum(const float* partial, int row, int column) {
    float sum = 0;
#pragma unroll
    for (int k = 0; k < Tile::WK; k++) sum += partial[(k * Tile::WIDTH + column) * Tile::HEIGHT + row];
    return sum;
}

template <class Tile>
__device__ inline float4 gates_sum(const float* partial, int unit, int column) {
    float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll
    for (int k = 0; k < Tile::WK; k++)
        sum = sum + *reinterpret_cast<const float4*>(partial + (k * Tile::WIDTH + column) * Tile::HEIGHT + 4 * unit);
    return sum;
}

// Rows of weights (rows, size), which lie one after another, into shared memory as operands; the padding is zeros.
__device__ inline void load_rows(unsigned char* to, const float* from, int rows, int size) {
    const int bytes = row_bytes(size), width = padded(size);
    constexpr int AHEAD = 4;
    // Rows come by fours, a unit's gates, so that they begin, and end, at multiples of 16 bytes.
    const int quads = rows * size / 4;
    for (int first = threadIdx.x; first < quads; first += AHEAD * blockDim.x) {
        float4 v[AHEAD];
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
            const int i = first + j * int(blockDim.x);
            if (i < quads) v[j] = reinterpret_cast<const float4*>(from)[i];
        }
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
            const int i = first + j * int(blockDim.x);
            if (i >= quads) break;
            const float four[4] = {v[j].x, v[j].y, v[j].z, v[j].w};
            int row = 4 * i / size, column = 4 * i % size;
#pragma unroll
            for (int e = 0; e < 4; e++) {
                store_operand(reinterpret_cast<Operand*>(to + row * bytes) + column, four[e]);
                if (++column == size) column = 0, row++;
            }
        }
    }
    const int padding = width - size;
    for (int i = threadIdx.x; i < rows * padding; i += blockDim.x)
        store_operand(reinterpret_cast<Operand*>(to + i / padding * bytes) + size + i % padding, 0.0f);
}

// Columns first .. first + rows - 1 of weights (size, N) as rows. Threads side by side read columns side by side, as many
// as the block has; each keeps to its column.
__device__ inline void load_columns(unsigned char* to, const float* from, int first, int rows, int size, int N) {
    const int bytes = row_bytes(size), width = padded(size);
    const int across = min(rows, int(blockDim.x)), stride = blockDim.x / across;
    if (int(threadIdx.x) >= across * stride) return;
    constexpr int AHEAD = 8;
    for (int row = threadIdx.x % across; row < rows; row += across) {
        Operand* own = reinterpret_cast<Operand*>(to + row * bytes);
        for (int begin = threadIdx.x / across; begin < width; begin += AHEAD * stride) {
            float v[AHEAD];
#pragma unroll
            for (int j = 0; j < AHEAD; j++) {
                const int k = begin + j * stride;
                v[j] = k < size ? from[(long long)k * N + first + row] : 0.0f;
            }
#pragma unroll
            for (int j = 0; j < AHEAD; j++) {
                const int k = begin + j * stride;
                if (k < width) store_operand(own + k, v[j]);
            }
        }
    }
}
