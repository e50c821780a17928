#include "pool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <system_error>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tsuzuri {

namespace {

constexpr std::chrono::microseconds SPIN{30};  // about what it costs to wake a thread that sleeps
constexpr int MOST = 256;
constexpr size_t LINE = 64;

void rest() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

// Look again and again, for a short while; whether ``ready`` became true.
template <class F>
bool spin(const F& ready) {
    auto end = std::chrono::steady_clock::now() + SPIN;
    do {
        for (int i = 0; i < 16; i++) {
            if (ready()) return true;
            rest();
        }
    } while (std::chrono::steady_clock::now() < end);
    return false;
}

#if defined(__linux__)
// Cores that the quota of a container allows, rounded up; 0 where there is none.
int quota() {
    long limit = 0, period = 0;
    if (std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {  // version 2; "max" where there is no limit
        if (std::fscanf(file, "%ld %ld", &limit, &period) != 2) limit = 0;
        std::fclose(file);
    } else {
        const char* names[] = {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"};
        long* values[] = {&limit, &period};
        for (int i = 0; i < 2; i++)
            if (std::FILE* old = std::fopen(names[i], "r")) {
                if (std::fscanf(old, "%ld", values[i]) != 1) *values[i] = 0;
                std::fclose(old);
            }
    }
    return limit > 0 && period > 0 ? static_cast<int>((limit + period - 1) / period) : 0;
}
#endif

}  // namespace

int default_threads() {
    int count = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
    if (int allowed = quota()) count = allowed < count ? allowed : count;
#endif
    if (const char* asked = std::getenv("OMP_NUM_THREADS")) {
        int number = std::atoi(asked);
        if (number > 0) count = number;
    }
    return count < 1 ? 1 : count > MOST ? MOST : count;
}

struct Pool::State {
    int wanted, threads = 1;  // threads that there should be, and are: they start with the first loop
    std::atomic<uint64_t> epoch{0};  // counts loops, so that idle threads see a new one
    std::atomic<long> next{0};       // the first task that nobody has
    std::atomic<int> inside{0};      // threads at work on the loop, besides the one that opened it
    std::mutex mutex;                // over what follows
    bool open = false, stop = false;
    Call call = nullptr;
    const void* argument = nullptr;
    long tasks = 0;
    std::exception_ptr failure;
    std::condition_variable wake, done;
    std::thread* workers = nullptr;

    explicit State(int wanted) : wanted(wanted) {}

    // A task that throws ends the loop: whoever opened it throws the same again when all are done.
    void work(int thread) {
        try {
            for (long task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) call(argument, task, thread);
        } catch (...) {
            next.store(tasks, std::memory_order_relaxed);
            std::lock_guard<std::mutex> lock(mutex);
            if (!failure) failure = std::current_exception();
        }
    }

    void live(int thread) {
        for (uint64_t seen = 0;;) {
            spin([&] { return epoch.load(std::memory_order_acquire) != seen; });
            {
                std::unique_lock<std::mutex> lock(mutex);
                wake.wait(lock, [&] { return stop || epoch.load(std::memory_order_relaxed) != seen; });
                seen = epoch.load(std::memory_order_relaxed);
                if (stop) return;
                if (!open) continue;  // woken too late: the loop has ended without this thread
                inside.fetch_add(1, std::memory_order_relaxed);
            }
            work(thread);
            if (inside.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                std::lock_guard<std::mutex> lock(mutex);
                done.notify_one();
            }
        }
    }

    void start() {
        stop = false;
        epoch.store(0);
        workers = new std::thread[wanted - 1];
        try {
            for (; threads < wanted; threads++) workers[threads - 1] = std::thread([this, i = threads] { live(i); });
        } catch (const std::system_error&) {
            wanted = threads;  // the system gives no more: those that there are do the work
        }
    }

    void end() {
        {
            std::lock_guard<std::mutex> lock(mutex);
            stop = true;
            epoch.fetch_add(1, std::memory_order_release);
        }
        wake.notify_all();
        for (int i = 1; i < threads; i++) workers[i - 1].join();
        delete[] workers;
        workers = nullptr;
        threads = 1;
    }
};

Pool::Pool() : state(new State(default_threads())) {
#if defined(__unix__) || defined(__APPLE__)
    // A forked child has none of its parent's threads, and locks in any state: it begins anew.
    pthread_atfork(nullptr, nullptr, [] { get().state = new State(get().state->wanted); });
#endif
}

Pool& Pool::get() {
    static Pool* pool = new Pool;
    return *pool;
}

int Pool::threads() const { return state->wanted; }

void Pool::resize(int threads) {
    state->end();
    state->wanted = threads < 1 ? 1 : threads > MOST ? MOST : threads;
}

void Pool::loop(long tasks, Call call, const void* argument) {
    State& s = *state;
    if (s.wanted == 1 || tasks <= 1) {
        for (long task = 0; task < tasks; task++) call(argument, task, 0);
        return;
    }
    if (s.threads == 1) s.start();
    bool few = tasks < s.threads;
    {
        std::lock_guard<std::mutex> lock(s.mutex);
        s.call = call, s.argument = argument, s.tasks = tasks;
        s.next.store(0, std::memory_order_relaxed);
        s.open = true;
        s.epoch.fetch_add(1, std::memory_order_release);
    }
    if (few)
        for (long i = 1; i < tasks; i++) s.wake.notify_one();
    else
        s.wake.notify_all();
    s.work(0);
    {
        std::lock_guard<std::mutex> lock(s.mutex);
        s.open = false;  // threads that are still on their way are not waited for
    }
    auto finished = [&] { return s.inside.load(std::memory_order_acquire) == 0; };
    std::unique_lock<std::mutex> lock(s.mutex, std::defer_lock);
    bool soon = spin(finished);
    lock.lock();
    if (!soon) s.done.wait(lock, finished);
    if (std::exception_ptr failure = std::exchange(s.failure, nullptr)) std::rethrow_exception(failure);
}

void Pool::walk(long steps, long parts, StepCall call, const void* argument) {
    std::vector<std::atomic<long>> taken(parts);  // how many steps of a part are done or under way
    std::atomic<long> done{0};                    // parts of all steps
    std::atomic<bool> failed{false};              // a part threw, and no step after it will be ready
    each(parts, [&](long mine, int thread) {
        for (long step = 0; step < steps; step++) {
            for (long i = 0; i < parts; i++) {
                long part = (mine + i) % parts, before = step;
                if (!taken[part].compare_exchange_strong(before, step + 1, std::memory_order_relaxed)) continue;
                try {
                    call(argument, step, part, thread);
                } catch (...) {
                    failed.store(true);
                    throw;
                }
                done.fetch_add(1, std::memory_order_release);
            }
            auto ready = [&] { return done.load(std::memory_order_acquire) >= (step + 1) * parts || failed.load(); };
            while (!spin(ready)) std::this_thread::sleep_for(SPIN);  // another process has the core that is waited for
            if (failed.load()) return;
        }
    });
}

struct Workspace::Block {
    Block* before;
    size_t size;
    char* data() { return reinterpret_cast<char*>(this) + LINE; }
};

// What did not fit into one block lies in several after the first call of its kind, and in one from then on.
void Workspace::reset() {
    if (last && last->before) {
        size_t whole = 0;
        while (last) {
            Block* block = last;
            last = block->before;
            whole += block->size;
            std::free(block);
        }
        grow(whole);
    }
    used = 0;
}

void Workspace::grow(size_t size) {
    constexpr size_t HUGE_PAGE = size_t(2) << 20;
    size = (size + LINE + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void* memory = nullptr;
    if (posix_memalign(&memory, HUGE_PAGE, size) != 0) throw std::bad_alloc();
#if defined(__linux__)
    madvise(memory, size, MADV_HUGEPAGE);  // panels are walked in long strides; a system without such pages says no
#endif
    Block* block = static_cast<Block*>(memory);
    block->before = last;
    block->size = size - LINE;
    last = block;
    used = 0;
}

void* Workspace::bytes(size_t size) {
    size = (size + LINE - 1) / LINE * LINE + LINE;  // one more: neighbors never share a line
    if (!last || last->size - used < size) grow(size);
    void* found = last->data() + used;
    used += size;
    return found;
}

}  // namespace tsuzuri
