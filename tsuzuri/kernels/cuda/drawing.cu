// The draw of each stream's next word from the logits: sampling/filters.py, without a sort and in whole numbers.
#include "ptx.cuh"
#include "common.cuh"

__device__ inline uint64 splitmix(uint64 z) {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return z ^ z >> 31;
}

// 53 random bits for a stream's draw of a number: SplitMix64 (as in numpy_/dropout.py), each stream from a seed of its own.
__device__ inline uint64 random_bits(uint64 key, int stream, uint64 number) {
    const uint64 step = 0x9E3779B97F4A7C15ull, seed = splitmix(key + (stream + 1) * step);
    return splitmix(seed + (number + 1) * step) >> 11;
}

constexpr int BINS = 1024;           // of a histogram
constexpr int BINS_OF_A_NAT = 32;    // of the first one: words e^-32 as likely as the likeliest, and less, share a bin
constexpr double UNIT = 1ull << 41;  // the weight of the likeliest word; those of 2^18 words have a sum below 2^60
constexpr int PART = 14;             // bits of a weight in each of three parts: a sum of 2^18 of them is below 2^32

struct Shared {
    uint64 sums[32], item, before;
    unsigned low, high, parts[3 * BINS];
};
static_assert(sizeof(Shared) == 12568, "as drawing.py gives it");

__device__ inline Shared& shared() { return *reinterpret_cast<Shared*>(shared_memory()); }

// A logit as a number of the same order; both zeros have the same.
__device__ inline unsigned order(float x) {
    const unsigned bits = __float_as_uint(x + 0.0f);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

__device__ inline uint64 warp_most(uint64 x) {
    for (int step = 16; step; step /= 2) x = max(x, __shfl_xor_sync(~0u, x, step));
    return x;
}

// The sum of a lane and those before it.
__device__ inline uint64 running_sum(uint64 x) {
    for (int step = 1; step < 32; step *= 2) {
        const uint64 other = __shfl_up_sync(~0u, x, step);
        if (int(threadIdx.x % 32) >= step) x += other;
    }
    return x;
}

__device__ inline uint64 block_most(uint64 x) {
    const int lane = threadIdx.x % 32;
    x = warp_most(x);
    if (lane == 0) shared().sums[threadIdx.x / 32] = x;
    __syncthreads();
    return warp_most(lane < int(blockDim.x / 32) ? shared().sums[lane] : 0);
}

struct Place {
    int item;
    uint64 rest;
};

// The first of `count` items up to which the sum of measure(item) exceeds a bound = at(the sum of all), and by how much
// the bound exceeds the sum before it. Not all may measure 0; a bound that is too high is taken for one less than all.
template <class Measure, class At>
__device__ Place find(int count, const Measure& measure, const At& at) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
    const int share = (count + 32 * warps - 1) / (32 * warps) * 32;  // of a warp
    uint64 sum = 0;
#pragma unroll 4
    for (int i = warp * share + lane; i < min(count, (warp + 1) * share); i += 32) sum += measure(i);
    sum = warp_sum(sum);
    __syncthreads();  // the last use of sums is over
    if (lane == 0) shared().sums[warp] = sum;
    __syncthreads();
    const uint64 mine = lane < warps ? shared().sums[lane] : 0, through = running_sum(mine);
    const uint64 all = __shfl_sync(~0u, through, 31), bound = min(uint64(at(all)), all - 1);
    const int hit = __ffs(__ballot_sync(~0u, through > bound)) - 1;
    uint64 before = __shfl_sync(~0u, through - mine, hit);
    if (warp == hit) {
        unsigned beyond = 0;
        for (int i = hit * share + lane; !beyond && i - lane < count; i += 32) {
            const uint64 here = i < count ? measure(i) : 0, up_to = before + running_sum(here);
            beyond = __ballot_sync(~0u, up_to > bound);
            if (lane == __ffs(beyond) - 1) {
                shared().item = i;
                shared().before = up_to - here;
            }
            before = __shfl_sync(~0u, up_to, 31);
        }
    }
    __syncthreads();
    return {int(shared().item), bound - shared().before};
}

#define MINUS_INFINITY __uint_as_float(0xff800000u)

// A stream's logits, and which words are forbidden.
struct Row {
    const float* logits;
    const unsigned char* mask;
    int words;

    __device__ float logit(int i) const {
        const float x = logits[i];  // loaded beside the mask, not after it
        return mask[i] ? MINUS_INFINITY : x;
    }
    __device__ unsigned key(int i) const { return order(logit(i)); }
};

struct Edge {
    unsigned key;
    uint64 rest;
};

// Of the words in order, the likeliest first, the key of the one up to which the sum of measure(word) exceeds a bound =
// at(the sum of all), and by how much the bound exceeds the sum of all words of higher keys.
//
// Histograms of the measure by keys find the bin in which that is, and then what is in that bin. The first has bins of
// equal width in logits, `scale` to 1, below the likeliest word's, so that most bins hold few words.
template <class Measure, class At>
__device__ Edge edge(const Row& row, float likeliest, float scale, const Measure& measure, const At& at) {
    Shared& s = shared();
    unsigned low = 0, high = ~0u;
    int shift = -1;  // in the first histogram
    uint64 rest = 0;
    do {
        const auto bin = [&](int i, unsigned key) {
            if (shift >= 0) return int((high - key) >> shift);
            return int(fminf(BINS - 1, (likeliest - row.logit(i)) * scale));
        };
        __syncthreads();  // all have read low and high
        for (int i = threadIdx.x; i < 3 * BINS; i += blockDim.x) s.parts[i] = 0;
        if (threadIdx.x == 0) s.low = ~0u, s.high = 0;
        __syncthreads();
        for (int i = threadIdx.x; i < row.words; i += blockDim.x) {
            const unsigned key = row.key(i);
            const uint64 m = key >= low && key <= high ? measure(i) : 0;
            for (int part = 0; part < 3; part++) {
                const unsigned some = unsigned(m >> part * PART) & ((1u << PART) - 1);
                if (some) atomicAdd(&s.parts[part * BINS + bin(i, key)], some);
            }
        }
        __syncthreads();
        const auto content = [&](int i) {
            const unsigned* part = s.parts + i;
            return part[0] + (uint64(part[BINS]) << PART) + (uint64(part[2 * BINS]) << 2 * PART);
        };
        const Place found = shift < 0 ? find(BINS, content, at) : find(BINS, content, [=](uint64) { return rest; });
        rest = found.rest;

        unsigned lowest = ~0u, highest = 0;
        for (int i = threadIdx.x; i < row.words; i += blockDim.x) {
            const unsigned key = row.key(i);
            if (key < low || key > high || bin(i, key) != found.item) continue;
            lowest = min(lowest, key);
            highest = max(highest, key);
        }
        if (lowest <= highest) {
            atomicMin(&s.low, lowest);
            atomicMax(&s.high, highest);
        }
        __syncthreads();
        low = s.low;
        high = s.high;
        shift = max(0, 22 - __clz(int(high - low)));  // so that the next histogram's bins hold all between them
    } while (low < high);
    return {low, rest};
}

// A word of each stream: row by row what sampling.filters.make_sampler does, one block a row.
//
// logits (B, V); mask: rows of V bytes, `mask_stride` apart, not 0 where a word is forbidden; heat (B,), temperature,
// k (0 for none), p (1 for none) as sampling.filters.make_sampler has them; drawn (B,) counts. The word goes to words (B,) and to row
// drawn mod `rows` of ring (rows, B).
extern "C" __global__ void __launch_bounds__(1024)
    draw(const float* logits, const unsigned char* mask, long long mask_stride, int V, const double* heat,
         double temperature, int k, double p, const uint64* key, uint64* drawn, int* words, int* ring, int rows) {
    const int b = blockIdx.x;
    const Row row{logits + (long long)b * V, mask + b * mask_stride, V};
    const uint64 number = drawn[b];
    uint64 best = 0;
#pragma unroll 4
    for (int i = threadIdx.x; i < V; i += blockDim.x) best = max(best, uint64(row.key(i)) << 32 | ~unsigned(i));
    int word = int(~unsigned(block_most(best)));  // the lowest id among equals
    const float likeliest = row.logit(word);
    const double heated = temperature + (heat[b] - 1), cooling = 1 / heated;

    if (heated > 0 && likeliest > MINUS_INFINITY) {
        unsigned least = 0;  // the key of a word that is kept, of which ids up to `last` are
        int last = V;
        const auto weight = [&](int i) {
            const float logit = row.logit(i);
            const unsigned key = order(logit);
            if (key < least || (key == least && i > last)) return uint64(0);
            const double x = logit == likeliest ? 0 : (double(logit) - double(likeliest)) * cooling;
            return uint64(exp(x) * UNIT + 0.5);
        };
        const double most = ceil(min(k * heat[b], double(V)));
        if (k && most < V) {
            const auto one = [](int) { return uint64(1); };
            least = edge(row, likeliest, BINS_OF_A_NAT, one, [=](uint64) { return uint64(most) - 1; }).key;
        }
        const double share = p + (1 - p) * (1 - 1 / heat[b]);
        if (share < 1) {
            const float scale = float(min(BINS_OF_A_NAT * cooling, 1e38));
            const auto wanted = [=](uint64 all) { return uint64(max(1.0, ceil(share * double(all)))) - 1; };
            const Edge found = edge(row, likeliest, scale, weight, wanted);
            const auto equals = [&](int i) { return row.key(i) == found.key ? weight(i) : 0; };
            last = find(V, equals, [=](uint64) { return found.rest; }).item;
            least = found.key;
        }
        const uint64 bits = random_bits(*key, b, number);
        const auto at = [=](uint64 all) { return __umul64hi(bits << 11, all); };  // bits / 2^53 of all
        word = find(V, weight, at).item;
    }
    if (threadIdx.x == 0) {
        words[b] = word;
        ring[(long long)(number % rows) * gridDim.x + b] = word;
        drawn[b] = number + 1;
    }
}
