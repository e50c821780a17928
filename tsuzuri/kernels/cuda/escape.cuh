// Sees that a stream only repeats itself, and warms it: twin of sampling/loops.py, which says why.
#pragma once

// The bounds of sampling/loops.py: as a rule, and while a loop is remembered.
constexpr int PERIOD = 256;

__device__ inline int repeats(bool wary) { return wary ? 3 : 4; }
__device__ inline int least_words(bool wary) { return wary ? 12 : 24; }
__device__ inline int most_onsets(bool wary) { return wary ? 8 : 16; }
__device__ inline double settled(double above) { return above < 1.0 / 16 ? 0 : above; }

// What LoopEscape knows of a stream: its last words, a ring; how many words in a row equal that a period before; the place of
// the next word in the ring, the key of the last note, how many notes in a row are on it; of the heat what is above 1,
// and the memory of it.
struct Watch {
    int *recent, *equal, *place;
    double *above, *heat;
};

// What LoopEscape.read does with a word, and LoopEscape.take with one that was `drawn`; key: that of the note that the word strikes, -1.
__device__ inline void watch(const Watch& w, int word, int key, int drawn) {
    const bool wary = w.above[1] > 0;
    const int next = w.place[0];
    int loops = 0;
    for (int period = 1 + threadIdx.x; period <= PERIOD; period += blockDim.x) {
        const int before = w.recent[(next + PERIOD - period) % PERIOD];
        const int equal = before == word ? w.equal[period - 1] + 1 : 0;
        w.equal[period - 1] = equal;
        loops |= equal >= max((repeats(wary) - 1) * period, least_words(wary) - period);
    }
    loops = block_sum(loops, reinterpret_cast<int*>(shared_memory()));  // after which all have read what changes now
    if (threadIdx.x) return;
    w.recent[next] = word;
    w.place[0] = (next + 1) % PERIOD;
    if (key >= 0) {
        w.place[2] = key == w.place[1] ? w.place[2] + 1 : 1;
        w.place[1] = key;
    }
    if (!drawn) return;
    const double above = w.above[0], memory = w.above[1];
    const double risen = __dmul_rn(1.1, 1 + max(above, memory)) - 1;  // rounded between, as NumPy does
    const bool rises = loops || w.place[2] >= most_onsets(wary);
    w.above[0] = settled(rises ? min(risen, 63.0) : 0.8 * above);
    w.above[1] = settled(max(0.98 * memory, w.above[0]));
    *w.heat = 1 + w.above[0];
}
