// Rows of an embedding, and their gradient.
#include "ptx.cuh"
#include "common.cuh"
#include "quads.cuh"

// What dropout of whole words multiplies the rows of a word by: its mask is over the words.
__device__ inline float word_mask(const uint64* key, int word, unsigned threshold, float scale) {
    return threshold ? mask(*key, word, threshold, scale) : 1.0f;
}

// x[r] = w[ids[r]] times dropout's masks, of words and of values, as operands in rows of `stride`. A thread makes four
// values.
extern "C" __global__ void __launch_bounds__(256)
    embed(const int* ids, const float* w, OPERAND* x, int R, int N, int stride, const uint64* key, unsigned threshold,
          float scale, int period, const uint64* word_key, unsigned word_threshold, float word_scale) {
    const Dropout dropout{threshold, scale, period};
    const unsigned quads = (N + 3) / 4, i = blockIdx.x * blockDim.x + threadIdx.x;
    const int r = i / quads, n = 4 * (i % quads);
    if (r >= R) return;
    const float* from = w + (long long)ids[r] * N + n;
    Quad q = n + 4 <= N && aligned(from) ? together(from) : load_some(from, N - n, 0);
    const float of_word = word_mask(word_key, ids[r], word_threshold, word_scale);
    for (int k = 0; k < 4; k++) q.v[k] *= of_word;
    if (threshold) {
        const Quad m = mask_quad(*key, dropout.row(r) * N + n, threshold, scale);
        for (int k = 0; k < 4; k++) q.v[k] *= m.v[k];
    }
    store_quad(x + (long long)r * stride + n, q, N - n);
}

// The gradient adds rows of the same word in their order, whatever the number of each: the rows are sorted by word, cut
// into chunks of one length, and a chunk's words are added up by one thread a column. What a word has in chunks after
// the one where it begins is added to it by a third kernel.
constexpr int CHUNK = 32, BATCH = 8;  // rows; and how many of them a thread has on the way at once

// Sort: order[place] = row and words[place] = its word, by word and then by row. A warp counts the rows that come
// before its own: R comparisons, little beside the window's products up to some 100,000 rows. Besides, the first
// `values` of g_w become 0.
extern "C" __global__ void __launch_bounds__(256) sort_rows(const int* ids, int R, int* order, int* words, float* g_w,
                                                            long long values) {
    const long long thread = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
    for (long long i = 4 * thread; i < values; i += 4 * threads) store_quad(g_w + i, Quad{}, min(values - i, 4ll));
    const int lane = threadIdx.x % 32;
    for (int row = thread / 32; row < R; row += threads / 32) {
        const int word = ids[row];
        int before = 0;
        for (int other = lane; other < row; other += 32) before += ids[other] <= word;
        for (int other = row + 1 + lane; other < R; other += 32) before += ids[other] < word;
        before = warp_sum(before);
        if (lane == 0) {
            order[before] = row;
            words[before] = word;
        }
    }
}

// Add up chunk blockIdx.x: a sum goes to its word's row of g_w, added to what is there where `accumulate`, or, if the
// word began in a chunk before, to the chunk's row of `partial`.
extern "C" __global__ void __launch_bounds__(128)
    add_rows(const float* g, const int* order, const int* words, int R, int N, float* g_w, float* partial,
             int accumulate, const uint64* key, unsigned threshold, float scale, int period, const uint64* word_key,
             unsigned word_threshold, float word_scale) {
    const Dropout dropout{threshold, scale, period};
    int* row = reinterpret_cast<int*>(shared_memory());
    int* word = row + CHUNK;
    const int first = blockIdx.x * CHUNK, count = min(CHUNK, R - first);
    if (int(threadIdx.x) < count) {
        row[threadIdx.x] = order[first + threadIdx.x];
        word[threadIdx.x] = words[first + threadIdx.x];
    }
    __syncthreads();
    const int n = blockIdx.y * blockDim.x + threadIdx.x;
    if (n >= N) return;
    const bool begins = first == 0 || words[first - 1] != word[0];
    float* to = begins ? g_w + (long long)word[0] * N : partial + (long long)blockIdx.x * N;
    const uint64 drawn_from = threshold ? *key : 0;
    bool more = accumulate && begins;
    float sum = 0;
    const auto finish = [&](int word) {
        sum *= word_mask(word_key, word, word_threshold, word_scale);
        to[n] = more ? to[n] + sum : sum;
    };
    for (int start = 0; start < count; start += BATCH) {
        float x[BATCH];
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            const long long r = start + i < count ? row[start + i] : 0;
            x[i] = g[r * N + n] * mask(drawn_from, dropout.row(r) * N + n, threshold, scale);
        }
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            const int at = start + i;
            if (at >= count) break;
            if (at > 0 && word[at] != word[at - 1]) {
                finish(word[at - 1]);
                to = g_w + (long long)word[at] * N;
                more = accumulate;
                sum = 0;
            }
            sum += x[i];
        }
    }
    finish(word[count - 1]);
}

// Add to the word with which chunk blockIdx.x ends, if it begins there, its sums in the chunks that follow.
extern "C" __global__ void __launch_bounds__(128) join_chunks(const int* words, int R, int N, float* g_w,
                                                              const float* partial) {
    const int first = blockIdx.x * CHUNK, end = first + CHUNK;
    if (end >= R) return;
    const int word = words[end];
    if (words[end - 1] != word || (first > 0 && words[first - 1] == word)) return;
    const int n = blockIdx.y * blockDim.x + threadIdx.x, lane = threadIdx.x % 32;
    float* to = g_w + (long long)word * N;
    float sum = n < N ? to[n] : 0;
    for (int chunk = blockIdx.x + 1, count = 32; count == 32; chunk += 32) {
        const int at = (chunk + lane) * CHUNK;
        count = __popc(__ballot_sync(~0u, at < R && words[at] == word));  // sorted: those of this word come first
        if (n < N)
#pragma unroll 4
            for (int i = 0; i < count; i++) sum += partial[(long long)(chunk + i) * N + n];
    }
    if (n < N) to[n] = sum;
}
