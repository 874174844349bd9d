#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "resolve/resolve.hpp"

namespace ggen::testing {

/// A small world of packages and one request, written as text:
///
///     root: a ^1, b? >=2 <3        what the project needs; '?' marks optional
///     locked: a 1.0.0
///     a 1.0.0: b ^1, c *
///     a 1.1.0 yanked
///
/// A '#' at the start of a line makes a comment.
struct Universe {
    struct Release {
        Candidate candidate;
        std::vector<Dependency> dependencies;
    };
    std::map<PackageName, std::vector<Release>> packages;
    ResolveRequest request;

    [[nodiscard]] static Result<Universe> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    [[nodiscard]] Release const* find(PackageName const& name, Version const& version) const;
};

/// Serves a universe and counts the questions; one asked twice is noted.
class UniverseProvider final : public DependencyProvider {
public:
    explicit UniverseProvider(Universe const& universe) : universe_(universe) {}
    Result<std::vector<Candidate>> versions(PackageName const& name) override;
    Result<std::vector<Dependency>> dependencies(PackageName const& name,
                                                 Version const& version) override;
    [[nodiscard]] std::size_t questions() const { return questions_; }
    [[nodiscard]] bool was_asked_twice() const { return was_asked_twice_; }

private:
    void note(std::string question);
    Universe const& universe_;
    std::map<std::string, int> asked_;
    std::size_t questions_ = 0;
    bool was_asked_twice_ = false;
};

/// "a 1.0.0\nb 2.0.0\n", the packages of a solution in order of their names.
[[nodiscard]] std::string solution_text(Solution const& solution);

/// A generator of numbers with a state of 64 bits (splitmix64), the same everywhere.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// 0 … bound - 1.
    std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(next() % bound); }
    bool one_in(std::uint32_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

/// A few packages with a few versions, densely entangled; even seeds are motley, odd ones
/// have many conflicts.
[[nodiscard]] Universe random_universe(std::uint64_t seed);

// Universes that are hard for naive solvers (astral-sh/pubgrub's benchmarks, re-stated).
// Version v of package n is written "pN v.0.0".

/// p1 any; p(n) at v needs p(n+1) exactly v; version 0 of p1 alone needs nothing.
[[nodiscard]] Universe singletons(std::uint32_t packages, std::uint32_t versions);
/// The same, and the last needs q at v while the root needs q at 0.
[[nodiscard]] Universe disjoint(std::uint32_t packages, std::uint32_t versions);
/// p(n) at v needs p(n+1) >= versions - v.
[[nodiscard]] Universe ranges(std::uint32_t packages, std::uint32_t versions);
/// The same sets, each written as a list of its versions. At most 110 versions: a range has 1,024 bytes.
[[nodiscard]] Universe lists(std::uint32_t packages, std::uint32_t versions);
/// One pigeon more than holes, each in some hole, none with another: no solution, and no short proof by resolution.
[[nodiscard]] Universe pigeons(std::uint32_t holes);
/// A binary tree without any conflict.
[[nodiscard]] Universe tree(std::uint32_t packages);
/// Each needs the next; the last needs the first when `is_cycle`.
[[nodiscard]] Universe chain(std::uint32_t packages, bool is_cycle);
/// The root needs so many packages with two versions each.
[[nodiscard]] Universe star(std::uint32_t packages);

}  // namespace ggen::testing
