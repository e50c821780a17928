// The extension module tsuzuri.kernels.native._native: checks what Python hands over, chooses the level of the processor, and calls
// its kernels without holding Python's lock. The shapes are those of calls.py, which is the only caller.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "kernels.hpp"
#include "pool.hpp"

namespace py = pybind11;

namespace tsuzuri {
namespace {

using Shape = std::vector<py::ssize_t>;

std::string text(const Shape& shape) {
    std::string out = "(";
    for (size_t i = 0; i < shape.size(); i++) out += (i ? ", " : "") + std::to_string(shape[i]);
    return out + (shape.size() == 1 ? ",)" : ")");
}

Shape shape_of(const py::array& a) { return Shape(a.shape(), a.shape() + a.ndim()); }

// The values of an array that must have this type and shape and lie without gaps.
template <class T>
const T* values(const char* name, const py::array& a, const Shape& shape) {
    if (!py::isinstance<py::array_t<T>>(a))
        throw py::type_error(std::string(name) + ": must be " + std::string(py::str(py::dtype::of<T>())) + ", is " +
                             std::string(py::str(a.dtype())));
    if (shape_of(a) != shape)
        throw py::value_error(std::string(name) + ": must have the shape " + text(shape) + ", has " +
                              text(shape_of(a)));
    if (reinterpret_cast<uintptr_t>(a.data()) % alignof(T)) throw py::value_error(std::string(name) + ": is not aligned");
    if (!(a.flags() & py::array::c_style)) throw py::value_error(std::string(name) + ": must be C-contiguous");
    return static_cast<const T*>(a.data());
}

const float* floats(const char* name, const py::array& a, const Shape& shape) { return values<float>(name, a, shape); }

using Maybe = std::optional<py::array>;

const float* floats(const char* name, const Maybe& a, const Shape& shape) {
    return a ? floats(name, *a, shape) : nullptr;
}

void axes(const char* name, const py::array& a, int count) {
    if (a.ndim() != count)
        throw py::value_error(std::string(name) + ": must have " + std::to_string(count) + " axes, has " +
                              std::to_string(a.ndim()));
    for (py::ssize_t size : shape_of(a))
        if (size < 1) throw py::value_error(std::string(name) + ": is empty, its shape being " + text(shape_of(a)));
}

using Floats = py::array_t<float>;

// Words, each from ``least`` to below ``words``; a copy, for another thread may write to the array meanwhile.
std::vector<int32_t> ids(const char* name, const py::array& a, const Shape& shape, int32_t least, py::ssize_t words) {
    const int32_t* from = values<int32_t>(name, a, shape);
    std::vector<int32_t> copy(from, from + a.size());
    for (int32_t id : copy)
        if (id < least || id >= words)
            throw py::value_error(std::string(name) + ": must be from " + std::to_string(least) + " to " +
                                  std::to_string(words - 1) + ", has " + std::to_string(id));
    return copy;
}

Dropout dropout_of(double ratio, uint64_t key) {
    if (!(ratio >= 0 && ratio < 1)) throw py::value_error("ratio: must be from 0 to below 1, is " + std::to_string(ratio));
    return {ratio, key};
}

// What the kernels share: one call at a time has it.
struct Engine {
    std::mutex mutex;
    Workspace shared;
    std::vector<Workspace> scratch;

    static Engine& get() {
        static Engine* engine = [] {
            Engine* made = new Engine;  // never freed: a thread may be in a kernel when the process ends
#if defined(__unix__) || defined(__APPLE__)
            pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); }, [] { get().mutex.unlock(); });
#endif
            return made;
        }();
        return *engine;
    }
};

// Calls work(context) without Python's lock, which is let go first and taken again last, so that no two threads wait
// for each other.
template <class F>
void run(const F& work) {
    Engine& engine = Engine::get();
    py::gil_scoped_release release;
    std::lock_guard<std::mutex> lock(engine.mutex);
    Pool& pool = Pool::get();
    if (static_cast<int>(engine.scratch.size()) < pool.threads()) engine.scratch.resize(pool.threads());
    engine.shared.reset();
    Context context{pool, engine.shared, engine.scratch.data()};
    work(context);
}

// The levels that run here; asked once, for the answer may take a system call.
const std::vector<const Level*>& here() {
    static const std::vector<const Level*> usable = [] {
        std::vector<const Level*> some;
        for (int i = 0; i < LEVEL_COUNT; i++)
            if (LEVELS[i].runs_here()) some.push_back(LEVELS[i].level);
        return some;
    }();
    return usable;
}

const Level& level_of(const std::string& name) {
    for (const Level* level : here())
        if (name == level->name) return *level;
    throw py::value_error("level: '" + name + "' is not here; see levels()");
}

const Products& products_of(const std::string& level, bool bfloat16) {
    const Level& best = level_of(level);
    return bfloat16 ? best.bfloat16 : best.float32;
}

void set_threads(int count) {
    if (count < 1) throw py::value_error("threads: must be at least 1, is " + std::to_string(count));
    run([&](Context& context) { context.pool.resize(count); });
}

py::list levels() {
    py::list names;
    for (const Level* level : here()) names.append(level->name);
    return names;
}

// The steps of packed rows, or of T with B streams each.
struct StepsOf : Steps {
    std::vector<long> rows;

    StepsOf(py::ssize_t T, py::ssize_t B) : StepsOf(std::vector<long>(T, B)) {}
    explicit StepsOf(const std::vector<long>& counts) : Steps{}, rows(1, 0) {
        for (long count : counts) rows.push_back(rows.back() + count);
        T = static_cast<long>(counts.size()), B = counts[0], R = rows.back();
        rows.push_back(R);
        first = rows.data();
    }
    StepsOf(const StepsOf&) = delete;
};

// How many of B streams each step has, R rows in all.
std::vector<long> counts_of(const py::array& counts, py::ssize_t R) {
    axes("counts", counts, 1);
    const int64_t* from = values<int64_t>("counts", counts, shape_of(counts));
    std::vector<long> copy(from, from + counts.size());
    long before = copy[0], left = R;
    for (long count : copy) {
        if (count < 1 || count > before)
            throw py::value_error("counts: must be from 1 up and never grow, has " + std::to_string(count));
        if (count > left) throw py::value_error("counts: must have the sum " + std::to_string(R) + ", has more");
        before = count, left -= count;
    }
    if (left) throw py::value_error("counts: must have the sum " + std::to_string(R) + ", has less");
    return copy;
}

py::tuple lstm_forward(const std::string& level, bool bfloat16, const py::array& x, const py::array& c,
                       const py::array& h, const py::array& w_x, const py::array& b_x, const py::array& w_h,
                       const py::array& b_h, double ratio, uint64_t key) {
    axes("x", x, 3), axes("c", c, 2);
    const Products& products = products_of(level, bfloat16);
    py::ssize_t T = x.shape(0), B = x.shape(1), I = x.shape(2), N = c.shape(1), W = level_of(level).lanes;
    Floats hs({T + 1, B, N}), cs({T + 1, B, N}), gates({T, B, (N + W - 1) / W * W * 4});
    StepsOf steps(T, B);
    LstmForward work{steps, I, N,
                     floats("x", x, {T, B, I}), floats("c", c, {B, N}), floats("h", h, {B, N}),
                     floats("w_x", w_x, {4 * N, I}), floats("b_x", b_x, {4 * N}),
                     floats("w_h", w_h, {4 * N, N}), floats("b_h", b_h, {4 * N}),
                     dropout_of(ratio, key), hs.mutable_data(), cs.mutable_data(), gates.mutable_data()};
    run([&](Context& context) { products.lstm_forward(context, work); });
    return py::make_tuple(hs, cs, gates);
}

py::tuple lstm_backward(const std::string& level, bool bfloat16, const py::array& x, const py::array& w_x,
                        const py::array& w_h, const py::array& hs, const py::array& cs, py::array gates,
                        const Maybe& g_hs, const Maybe& g_c, double ratio, uint64_t key) {
    axes("x", x, 3), axes("w_h", w_h, 2);
    const Products& products = products_of(level, bfloat16);
    py::ssize_t T = x.shape(0), B = x.shape(1), I = x.shape(2), N = w_h.shape(1), W = level_of(level).lanes;
    floats("gates", gates, {T, B, (N + W - 1) / W * W * 4});
    Floats g_x({T, B, I}), g_c0({B, N}), g_h0({B, N});
    Floats g_w_x({4 * N, I}), g_b_x({4 * N}), g_w_h({4 * N, N}), g_b_h({4 * N});
    StepsOf steps(T, B);
    LstmBackward work{steps, I, N,
                      floats("x", x, {T, B, I}), floats("w_x", w_x, {4 * N, I}), floats("w_h", w_h, {4 * N, N}),
                      floats("hs", hs, {T + 1, B, N}), floats("cs", cs, {T + 1, B, N}),
                      floats("g_hs", g_hs, {T, B, N}), floats("g_c", g_c, {B, N}),
                      dropout_of(ratio, key), static_cast<float*>(gates.mutable_data()),
                      g_c0.mutable_data(), g_h0.mutable_data(), g_x.mutable_data(),
                      g_w_x.mutable_data(), g_b_x.mutable_data(), g_w_h.mutable_data(), g_b_h.mutable_data()};
    run([&](Context& context) { products.lstm_backward(context, work); });
    return py::make_tuple(g_x, g_c0, g_h0, g_w_x, g_b_x, g_w_h, g_b_h);
}

py::tuple lstm_packed_forward(const std::string& level, bool bfloat16, const py::array& x, const py::array& counts,
                              const py::array& w_x, const py::array& b_x, const py::array& w_h, const py::array& b_h) {
    axes("x", x, 2), axes("w_h", w_h, 2);
    const Products& products = products_of(level, bfloat16);
    py::ssize_t R = x.shape(0), I = x.shape(1), N = w_h.shape(1), W = level_of(level).lanes;
    StepsOf steps(counts_of(counts, R));
    Floats hs({steps.B + R, N}), cs({steps.B + R, N}), gates({R, (N + W - 1) / W * W * 4});
    LstmForward work{steps, I, N, floats("x", x, {R, I}), nullptr, nullptr,
                     floats("w_x", w_x, {4 * N, I}), floats("b_x", b_x, {4 * N}),
                     floats("w_h", w_h, {4 * N, N}), floats("b_h", b_h, {4 * N}),
                     Dropout{}, hs.mutable_data(), cs.mutable_data(), gates.mutable_data()};
    run([&](Context& context) { products.lstm_forward(context, work); });
    return py::make_tuple(hs, cs, gates);
}

py::tuple lstm_packed_backward(const std::string& level, bool bfloat16, const py::array& x, const py::array& counts,
                               const py::array& w_x, const py::array& w_h, const py::array& hs, const py::array& cs,
                               py::array gates, const py::array& g_hs) {
    axes("x", x, 2), axes("w_h", w_h, 2);
    const Products& products = products_of(level, bfloat16);
    py::ssize_t R = x.shape(0), I = x.shape(1), N = w_h.shape(1), W = level_of(level).lanes;
    StepsOf steps(counts_of(counts, R));
    floats("gates", gates, {R, (N + W - 1) / W * W * 4});
    Floats g_x({R, I}), g_w_x({4 * N, I}), g_b_x({4 * N}), g_w_h({4 * N, N}), g_b_h({4 * N});
    LstmBackward work{steps, I, N, floats("x", x, {R, I}), floats("w_x", w_x, {4 * N, I}), floats("w_h", w_h, {4 * N, N}),
                      floats("hs", hs, {steps.B + R, N}), floats("cs", cs, {steps.B + R, N}),
                      floats("g_hs", g_hs, {R, N}), nullptr, Dropout{},
                      static_cast<float*>(gates.mutable_data()), nullptr, nullptr, g_x.mutable_data(),
                      g_w_x.mutable_data(), g_b_x.mutable_data(), g_w_h.mutable_data(), g_b_h.mutable_data()};
    run([&](Context& context) { products.lstm_backward(context, work); });
    return py::make_tuple(g_x, g_w_x, g_b_x, g_w_h, g_b_h);
}

py::tuple cross_entropy(const std::string& level, bool bfloat16, const py::array& h, const py::array& w,
                        const py::array& b, const py::array& target, double scale, bool with_gradients, double smoothing) {
    axes("h", h, 2), axes("w", w, 2);
    const Products& products = products_of(level, bfloat16);
    py::ssize_t R = h.shape(0), N = h.shape(1), V = w.shape(0);
    std::vector<int32_t> words = ids("target", target, {R}, -1, V);
    Floats g_h(with_gradients ? Shape{R, N} : Shape{0}), g_w(with_gradients ? Shape{V, N} : Shape{0});
    Floats g_b(with_gradients ? Shape{V} : Shape{0});
    CrossEntropy work{R, N, V,
                      floats("h", h, {R, N}), floats("w", w, {V, N}), floats("b", b, {V}), words.data(),
                      static_cast<float>(scale), static_cast<float>(smoothing), nullptr, nullptr, nullptr};
    if (with_gradients) work.g_h = g_h.mutable_data(), work.g_w = g_w.mutable_data(), work.g_b = g_b.mutable_data();
    double loss = 0;
    run([&](Context& context) { loss = products.cross_entropy(context, work); });
    if (!with_gradients) return py::make_tuple(loss, py::none(), py::none(), py::none());
    return py::make_tuple(loss, g_h, g_w, g_b);
}

// The logits that follow a word of each stream, and the new state.
py::tuple step(const std::string& level, const py::array& words, const py::array& embedding,
               const std::vector<std::vector<py::array>>& layers, const py::array& w, const py::array& b,
               const std::vector<py::array>& state, bool skip) {
    axes("words", words, 1), axes("embedding", embedding, 2), axes("w", w, 2);
    const Level& best = level_of(level);
    py::ssize_t B = words.shape(0), R = embedding.shape(0), I = embedding.shape(1), V = w.shape(0);
    if (layers.empty() || state.size() != 2 * layers.size())
        throw py::value_error("step: must have a layer at least, and two arrays of state for each");
    std::vector<int32_t> rows = ids("words", words, {B}, 0, R);
    const float* table = floats("embedding", embedding, {R, I});
    std::vector<LayerStep> steps;
    py::tuple after(state.size());
    for (size_t l = 0; l < layers.size(); l++) {
        const std::vector<py::array>& weights = layers[l];
        if (weights.size() != 4) throw py::value_error("step: a layer must have four weights");
        axes("c", state[2 * l], 2);
        py::ssize_t N = state[2 * l].shape(1);
        Floats c({B, N}), h({B, N});
        steps.push_back({I, N, floats("w_x", weights[0], {4 * N, I}), floats("b_x", weights[1], {4 * N}),
                         floats("w_h", weights[2], {4 * N, N}), floats("b_h", weights[3], {4 * N}),
                         floats("c", state[2 * l], {B, N}), floats("h", state[2 * l + 1], {B, N}),
                         c.mutable_data(), h.mutable_data()});
        after[2 * l] = c, after[2 * l + 1] = h;
        I = N;
    }
    Floats logits({B, V});
    ModelStep work{B, V, static_cast<long>(steps.size()), rows.data(), table, steps.data(),
                   floats("w", w, {V, I}), floats("b", b, {V}), logits.mutable_data(), skip};
    run([&](Context& context) { best.step(context, work); });
    return py::make_tuple(logits, after);
}

// With ``locked`` the same mask for each of the arrays that x is made of along its first axis.
Floats dropout(const std::string& level, const py::array& x, double ratio, uint64_t key, bool locked) {
    const Level& best = level_of(level);
    const float* from = floats("x", x, shape_of(x));
    Floats y(shape_of(x));
    Dropout settings = dropout_of(ratio, key);
    long times = locked && x.ndim() > 1 && x.shape(0) ? static_cast<long>(x.shape(0)) : 1;
    run([&](Context& context) { best.dropout(context, from, y.mutable_data(), x.size() / times, times, settings); });
    return y;
}

Floats embed(const std::string& level, const py::array& words, const py::array& w) {
    axes("w", w, 2);
    const Level& best = level_of(level);
    py::ssize_t N = w.shape(1);
    Shape shape = shape_of(words);
    std::vector<int32_t> rows = ids("ids", words, shape, 0, w.shape(0));
    shape.push_back(N);
    Floats y(shape);
    Embed work{words.size(), N, rows.data(), floats("w", w, {w.shape(0), N}), y.mutable_data()};
    run([&](Context& context) { best.embed(context, work); });
    return y;
}

Floats embed_backward(const std::string& level, const py::array& g, const py::array& words, py::ssize_t V) {
    axes("g", g, 2);
    const Level& best = level_of(level);
    py::ssize_t R = g.shape(0), N = g.shape(1);
    std::vector<int32_t> rows = ids("ids", words, {R}, 0, V);
    Floats g_w({V, N});
    EmbedBackward work{R, N, V, rows.data(), floats("g", g, {R, N}), g_w.mutable_data()};
    run([&](Context& context) { best.embed_backward(context, work); });
    return g_w;
}

const Rule& rule_of(const Level& level, const std::string& name) {
    for (const Rule& rule : level.rules)
        if (name == rule.name) return rule;
    throw py::value_error("rule: '" + name + "' is not known");
}

// ``tensors`` has (numbers, param, grad, states) of each parameter.
double update(const std::string& level, const std::string& rule, const py::list& tensors, double clip) {
    using Item = std::tuple<std::vector<double>, py::array, py::array, std::vector<py::array>>;
    const Rule& optimizer = rule_of(level_of(level), rule);
    auto items = tensors.cast<std::vector<Item>>();  // holds the arrays until all is done
    std::vector<Tensor> work;
    std::vector<const float*> written;
    for (auto& [numbers, param, grad, states] : items) {
        if (static_cast<int>(numbers.size()) != optimizer.numbers || static_cast<int>(states.size()) != optimizer.states)
            throw py::value_error(rule + ": must have " + std::to_string(optimizer.numbers) + " numbers and " +
                                  std::to_string(optimizer.states) + " states");
        Shape shape = shape_of(param);
        floats("param", param, shape);
        Tensor tensor{param.size(), static_cast<float*>(param.mutable_data()), floats("grad", grad, shape), {}, {}};
        for (size_t i = 0; i < states.size(); i++) {
            floats("state", states[i], shape);
            tensor.states[i] = static_cast<float*>(states[i].mutable_data());
        }
        std::copy(numbers.begin(), numbers.end(), tensor.numbers);
        work.push_back(tensor);
        written.push_back(tensor.param);
        written.insert(written.end(), tensor.states, tensor.states + states.size());
    }
    std::sort(written.begin(), written.end());
    if (std::adjacent_find(written.begin(), written.end()) != written.end())
        throw py::value_error(rule + ": two of the arrays to be changed are one");
    double norm = 0;
    run([&](Context& context) { norm = optimizer.update(context, work.data(), static_cast<long>(work.size()), clip); });
    return norm;
}

}  // namespace
}  // namespace tsuzuri

PYBIND11_MODULE(_native, m) {
    using namespace tsuzuri;
    m.doc() = "The kernels in C++; tsuzuri/kernels/native/calls.py is the way to them.";
    m.attr("source") = TSUZURI_SOURCE;
    m.def("levels", &levels, "The levels of the processor that run here, best first.");
    m.def("threads", [] { return Pool::get().threads(); });
    m.def("set_threads", &set_threads);
    m.def("lstm_forward", &lstm_forward);
    m.def("lstm_backward", &lstm_backward);
    m.def("lstm_packed_forward", &lstm_packed_forward);
    m.def("lstm_packed_backward", &lstm_packed_backward);
    m.def("cross_entropy", &cross_entropy);
    m.def("step", &step);
    m.def("dropout", &dropout);
    m.def("embed", &embed);
    m.def("embed_backward", &embed_backward);
    m.def("update", &update);
}
