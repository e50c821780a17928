// One pool of threads for every kernel.
//
// A loop of tasks is shared by handing out their numbers one after another, so a core that another process keeps busy
// simply takes fewer. Threads that have nothing to do look for work for a few microseconds and then sleep: nobody is
// kept from a core by our waiting. Which thread does a task never changes what the task computes, so results do not
// depend on the number of threads.
#pragma once

#include <cstddef>

// Files that use this are compiled for different processors, so no copy of it may be shared between them.
#define TSUZURI_INLINE __attribute__((always_inline)) inline

namespace tsuzuri {

// How many threads the process may use: its affinity, a container's quota, OMP_NUM_THREADS.
int default_threads();

class Pool {
public:
    static Pool& get();

    int threads() const;
    void resize(int threads);  // from 1 up

    // Call run(task, thread) for every task in 0..tasks - 1 and wait for all; 0 <= thread < threads().
    template <class F>
    TSUZURI_INLINE void each(long tasks, const F& run) {
        loop(tasks, [](const void* f, long task, int thread) { (*static_cast<const F*>(f))(task, thread); }, &run);
    }

    // Call run(step, part, thread) for every part of every step, a step only when all parts of the one before are done.
    // A thread takes the same part of each step where it can, so that what the part reads stays in its core's cache.
    template <class F>
    TSUZURI_INLINE void steps(long steps, long parts, const F& run) {
        walk(steps, parts, [](const void* f, long step, long part, int thread) {
            (*static_cast<const F*>(f))(step, part, thread);
        }, &run);
    }

private:
    using Call = void (*)(const void*, long task, int thread);
    using StepCall = void (*)(const void*, long step, long part, int thread);
    void loop(long tasks, Call call, const void* argument);
    void walk(long steps, long parts, StepCall call, const void* argument);

    struct State;
    State* state;  // never freed: threads may sleep on it until the process ends
    Pool();
};

// Memory of a kernel call, aligned to cache lines: taken in turn, given back all together, kept for the next call.
class Workspace {
public:
    void reset();

    template <class T>
    TSUZURI_INLINE T* take(size_t count) {
        return static_cast<T*>(bytes(count * sizeof(T)));
    }

private:
    void* bytes(size_t size);
    void grow(size_t size);

    struct Block;
    Block* last = nullptr;
    size_t used = 0;  // of the last block
};

}  // namespace tsuzuri
