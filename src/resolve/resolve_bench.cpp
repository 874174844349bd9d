// usage: resolve_bench [SCALE]      times the solver on generated universes, one line each
//
// SCALE (default 1) multiplies the number of versions of the hard ones.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "resolve/strategy.hpp"
#include "resolve/testing/universe.hpp"

namespace {

constexpr int k_runs = 3;

void measure(char const* name, ggen::testing::Universe const& universe) {
    double best = 1e9;
    std::size_t packages = 0;
    std::size_t questions = 0;
    for (int run = 0; run < k_runs; ++run) {
        ggen::testing::UniverseProvider provider{universe};
        auto const start = std::chrono::steady_clock::now();
        auto const result = ggen::resolve(provider, universe.request, {.steps_max = ~std::uint64_t{0}});
        auto const end = std::chrono::steady_clock::now();
        best = std::min(best, std::chrono::duration<double, std::milli>(end - start).count());
        questions = provider.questions();
        if (result && std::holds_alternative<ggen::Solution>(*result)) {
            packages = std::get<ggen::Solution>(*result).packages.size();
        }
    }
    std::printf("%-24s %10.2f ms  %7zu packages  %7zu questions\n", name, best, packages, questions);
}

}  // namespace

int main(int argc, char** argv) {
    auto const scale = argc > 1 ? std::max(1U, static_cast<unsigned>(std::atoi(argv[1]))) : 1U;
    measure("singletons 100x100", ggen::testing::singletons(100, 100 * scale));
    measure("disjoint 100x100", ggen::testing::disjoint(100, 100 * scale));
    measure("ranges 5x200", ggen::testing::ranges(5, 200 * scale));
    measure("tree 1000", ggen::testing::tree(1'000));
    measure("chain 1000", ggen::testing::chain(1'000, false));
    measure("cycle 1000", ggen::testing::chain(1'000, true));
    measure("star 100000", ggen::testing::star(100'000));
    return 0;
}
