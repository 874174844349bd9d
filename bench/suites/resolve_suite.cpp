#include <fmt/format.h>

#include <algorithm>

#include "resolve/index_provider.hpp"
#include "resolve/resolve.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

/// A universe as JSON lines, and what is asked of it.
struct Universe {
    std::string lines;
    bool is_solvable = true;
    std::size_t packages = 0;  ///< In the solution; 0 = any number.
};

void add_line(std::string& lines, std::string const& name, std::string const& version,
              std::string const& dependencies) {
    lines += fmt::format("{{\"name\":\"{}\",\"version\":\"{}\",\"dependencies\":{{{}}}}}\n", name, version,
                         dependencies);
}

Universe shallow() {
    Universe out;
    for (int v = 0; v < 5; ++v) {
        add_line(out.lines, "a", fmt::format("1.{}.0", v), "\"b\":\"^1.0\",\"c\":\"^1.0\"");
        add_line(out.lines, "b", fmt::format("1.{}.0", v), "");
        add_line(out.lines, "c", fmt::format("1.{}.0", v), "");
    }
    out.packages = 3;
    return out;
}

Universe chain(std::size_t levels, int versions) {
    Universe out;
    auto const name = [](std::size_t i) { return i == 0 ? std::string{"a"} : fmt::format("level-{}", i); };
    for (std::size_t i = 0; i < levels; ++i) {
        for (int v = 0; v < versions; ++v) {
            add_line(out.lines, name(i), fmt::format("1.{}.0", v),
                     i + 1 < levels ? fmt::format("\"{}\":\"^1.0\"", name(i + 1)) : std::string{});
        }
    }
    out.packages = levels;
    return out;
}
Universe deep_10() { return chain(10, 5); }
Universe deep_1000() { return chain(1'000, 2); }

Universe flat_50() {
    Universe out;
    std::string needs;
    for (int i = 0; i < 49; ++i) {
        needs += fmt::format("{}\"leaf-{}\":\"^1.{}\"", i == 0 ? "" : ",", i, i % 3);
        for (int v = 0; v < 8; ++v)
            add_line(out.lines, fmt::format("leaf-{}", i), fmt::format("1.{}.0", v), "");
    }
    add_line(out.lines, "a", "1.0.0", needs);
    out.packages = 50;
    return out;
}

/// Two sides that want different majors of one package.
Universe conflict() {
    Universe out;
    add_line(out.lines, "a", "1.0.0", "\"left\":\"^1\",\"right\":\"^1\"");
    for (int v = 0; v < 10; ++v) {
        add_line(out.lines, "left", fmt::format("1.{}.0", v), "\"shared\":\"^1\"");
        add_line(out.lines, "right", fmt::format("1.{}.0", v), "\"shared\":\"^2\"");
        add_line(out.lines, "shared", fmt::format("1.{}.0", v), "");
        add_line(out.lines, "shared", fmt::format("2.{}.0", v), "");
    }
    out.is_solvable = false;
    return out;
}

/// The newest versions of everything exclude each other: the answer lies many steps back.
Universe backtracking() {
    Universe out;
    constexpr int k_versions = 40;
    for (int v = 0; v < k_versions; ++v) {
        add_line(out.lines, "a", fmt::format("1.{}.0", v),
                 fmt::format("\"b\":\"<=1.{}.0\",\"c\":\"^1\"", k_versions - 1 - v));
        add_line(out.lines, "b", fmt::format("1.{}.0", v), fmt::format("\"c\":\"<=1.{}.0\"", v));
        add_line(out.lines, "c", fmt::format("1.{}.0", v),
                 v == 0 ? std::string{} : fmt::format("\"a\":\"<1.{}.0\"", k_versions - v));
    }
    return out;
}

/// Like a real registry: popular packages at the bottom, ranges of one major.
Universe layered(std::size_t count) {
    Universe out;
    SeededBytes random{17};
    for (std::size_t i = 0; i < count; ++i) {
        auto const versions = 1 + random.below(12);
        for (std::size_t v = 0; v < versions; ++v) {
            std::string needs;
            auto const wanted = i == 0 ? 0 : random.below(5);
            std::vector<std::size_t> used;
            for (std::size_t d = 0; d < wanted; ++d) {
                auto const target = random.below(i) * random.below(i) / std::max<std::size_t>(1, i);
                if (std::find(used.begin(), used.end(), target) != used.end()) continue;
                used.push_back(target);
                needs += fmt::format("{}\"l{}\":\"^1\"", needs.empty() ? "" : ",", target);
            }
            add_line(out.lines, fmt::format("l{}", i), fmt::format("1.{}.0", v), needs);
        }
    }
    std::string roots;
    for (std::size_t d = 0; d < 20 && d < count; ++d)
        roots += fmt::format("{}\"l{}\":\"^1\"", d == 0 ? "" : ",", count - 1 - d);
    add_line(out.lines, "a", "1.0.0", roots);
    return out;
}
Universe layered_1000() { return layered(1'000); }
Universe layered_10000() { return layered(10'000); }

/// One unit: a whole solve by a provider that has read its index.
class SolveWork final : public Work {
public:
    SolveWork(Universe (*make)(), bool with_reading) : make_(make), with_reading_(with_reading) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        universe_ = make_();
        ASSIGN_OR_RETURN(provider_, load_index(universe_.lines));
        ASSIGN_OR_RETURN(auto name, PackageName::parse("a"));
        ASSIGN_OR_RETURN(auto range, VersionRange::parse("*"));
        Dependency root{std::move(name), std::move(range)};
        request_.roots = {std::move(root)};
        return ok();
    }
    Result<void> run() override {
        if (with_reading_) {
            ASSIGN_OR_RETURN(provider_, load_index(universe_.lines));
        }
        ASSIGN_OR_RETURN(answer_, resolve(*provider_, request_));
        return ok();
    }
    Result<void> check() override {
        auto const* const solution = std::get_if<Solution>(&answer_);
        if ((solution != nullptr) != universe_.is_solvable)
            return wrong("solvable and yet not, or the reverse");
        if (solution == nullptr) {
            return std::get<Conflict>(answer_).explanation.empty() ? Result<void>{wrong("no explanation")}
                                                                   : ok();
        }
        if (universe_.packages != 0 && solution->packages.size() != universe_.packages) {
            return wrong(
                fmt::format("{} packages, {} were expected", solution->packages.size(), universe_.packages));
        }
        // An independent look at every edge.
        for (auto const& [name, chosen] : solution->packages) {
            ASSIGN_OR_RETURN(auto const needs, provider_->dependencies(name, chosen.version));
            for (auto const& need : needs) {
                auto const found = solution->packages.find(need.name);
                if (found == solution->packages.end()) return wrong(name.text() + " misses a dependency");
                if (!need.range.matches(found->second.version))
                    return wrong(name.text() + " has a wrong dependency");
            }
        }
        return ok();
    }

private:
    Universe (*make_)();
    bool with_reading_;
    Universe universe_;
    std::unique_ptr<DependencyProvider> provider_;
    ResolveRequest request_;
    Resolution answer_;
};

void add(Catalogue& catalogue, char const* group, char const* name, Universe (*make)(), char const* what,
         std::vector<std::string> aliases = {}, bool with_reading = false, std::uint32_t exact_runs = 1) {
    Test test{group, name, TestClass::micro, what, [=] { return std::make_unique<SolveWork>(make, with_reading); },
              std::move(aliases)};
    test.exact_runs = exact_runs;
    catalogue.add(std::move(test));
}

}  // namespace

void add_resolve_suite(Catalogue& catalogue) {
    add(catalogue, "dependency_resolution", "shallow", shallow, "two dependencies", {"resolution/shallow"});
    add(catalogue, "dependency_resolution", "deep_10_levels", deep_10, "a chain of ten", {"resolution/deep"});
    add(catalogue, "dependency_resolution", "flat_50_packages", flat_50, "fifty packages side by side",
        {"resolution/flat"});
    add(catalogue, "resolution_conflict", "two_majors", conflict, "no solution; the explanation is made too");
    add(catalogue, "resolution_conflict", "backtracking_40", backtracking,
        "the newest versions exclude each other");
    add(catalogue, "resolution_large", "layered_1000", layered_1000, "1,000 packages as in a registry");
    add(catalogue, "resolution_large", "layered_10000", layered_10000, "10,000 packages as in a registry",
        {}, false, 0);
    add(catalogue, "resolution_large", "chain_1000", deep_1000, "a chain of 1,000");
    add(catalogue, "resolution_index", "read_and_solve_flat_50", flat_50, "reading the index too", {}, true);
    add(catalogue, "resolution_index", "read_and_solve_layered_1000", layered_1000, "reading the index too",
        {}, true);
}

}  // namespace ggen::bench
