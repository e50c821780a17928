// One level of the processor: compiled once for each, with its own flags, LEVEL and LANES.
#include "elementwise.hpp"
#include "embedding.hpp"
#include "lstm.hpp"
#include "output.hpp"
#include "step.hpp"
#include "unit_bfloat16.hpp"
#include "unit_float32.hpp"
#include "update.hpp"

namespace tsuzuri {
namespace LEVEL {

template <class U>
static constexpr Products products() {
    return {lstm_forward<U>, lstm_backward<U>, cross_entropy<U>};
}

extern const Level level;
#define TEXT(x) #x
#define NAME(x) TEXT(x)
constexpr Level made = {NAME(LEVEL), W, products<Float32>(), products<Bfloat16>(), step, dropout, embed, embed_backward,
                     {rule<Adam>(), rule<Sgd>(), rule<Momentum>(), rule<AdaGrad>(), rule<RmsProp>(),
                      rule<AdaDelta>()}};
const Level level = made;  // a constant: nothing is run for it when the program starts, on whatever processor

}  // namespace LEVEL
}  // namespace tsuzuri
