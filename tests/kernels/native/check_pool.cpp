// Loops of kernels/native/pool.cpp by the thousand, for ThreadSanitizer: every task is done once, steps are in order,
// and what a task throws reaches the caller. ``make sanitize`` builds and runs it; silence and status 0 are success.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "../../../tsuzuri/kernels/native/pool.hpp"

using tsuzuri::Pool;

static void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "failed: %s\n", what);
    std::exit(1);
}

static void each_task_once(Pool& pool) {
    std::vector<long> calls(50, 0);
    pool.each(50, [&](long task, int thread) {
        check(thread >= 0 && thread < pool.threads(), "a thread has its number");
        calls[task]++;
    });
    for (long count : calls) check(count == 1, "every task is done once");
}

static void steps_in_order(Pool& pool) {
    constexpr long STEPS = 20, PARTS = 4;
    std::vector<std::vector<long>> sums(STEPS, std::vector<long>(PARTS, 0));
    pool.steps(STEPS, PARTS, [&](long step, long part, int) {  // reads all parts of the step before
        long before = 1;
        for (long other = 0; step && other < PARTS; other++) before += sums[step - 1][other];
        sums[step][part] = before % 1000003;
    });
    long want = 1;
    for (long step = 1; step < STEPS; step++) want = (1 + PARTS * want) % 1000003;
    for (long sum : sums.back()) check(sum == want, "a step sees all of the one before");
}

static void a_throw_is_passed_on(Pool& pool) {
    int caught = 0;
    try {
        pool.each(9, [](long task, int) { if (task == 5) throw std::runtime_error("task"); });
    } catch (const std::runtime_error&) {
        caught++;
    }
    try {
        pool.steps(9, 3, [](long step, long part, int) { if (step == 5 && part == 1) throw std::runtime_error("step"); });
    } catch (const std::runtime_error&) {
        caught++;
    }
    check(caught == 2, "what a task throws reaches the caller");
}

int main() {
    Pool& pool = Pool::get();
    for (int threads : {2, 3, 7, 1, 4}) {
        pool.resize(threads);
        for (int i = 0; i < 500; i++) {
            each_task_once(pool);
            if (i % 5) continue;
            steps_in_order(pool);
            a_throw_is_passed_on(pool);
        }
    }
}
