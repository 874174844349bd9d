#include "resolve/range_states.hpp"

#include <algorithm>
#include <tuple>

namespace ggen::solver {
namespace {

/// Versions with the indices first … end - 1.
struct Run {
    std::size_t first;
    std::size_t end;
};

std::size_t index_of(std::vector<Candidate> const& versions, Version const& version, bool is_after_equal) {
    auto const found = std::partition_point(versions.begin(), versions.end(), [&](Candidate const& one) {
        return is_after_equal ? one.version <= version : one.version < version;
    });
    return static_cast<std::size_t>(found - versions.begin());
}

Run run_of(VersionRange::ComparatorSet const& set, std::vector<Candidate> const& versions) {
    using Operator = VersionRange::Operator;
    Run out{0, versions.size()};
    for (auto const& [op, version] : set) {
        bool const bounds_below =
            op == Operator::greater || op == Operator::greater_equal || op == Operator::equal;
        if (bounds_below) {
            out.first = std::max(out.first, index_of(versions, version, op == Operator::greater));
        }
        if (op != Operator::greater && op != Operator::greater_equal) {
            out.end = std::min(out.end, index_of(versions, version, op != Operator::less));
        }
    }
    out.end = std::max(out.first, out.end);
    return out;
}

/// The prereleases of the release that `version` leads to, as far as they lie in `run`.
Run same_core(Version const& version, std::vector<Candidate> const& versions, Run run) {
    auto const core = [](Version const& one) { return std::tuple{one.major(), one.minor(), one.patch()}; };
    auto const wanted = core(version);
    auto const begin = versions.begin();
    auto const first = std::partition_point(begin, versions.end(), [&](Candidate const& one) {
        return core(one.version) < wanted;
    });
    auto const end = std::partition_point(first, versions.end(), [&](Candidate const& one) {
        return core(one.version) == wanted && one.version.is_prerelease();
    });
    Run out{std::max(run.first, static_cast<std::size_t>(first - begin)),
            std::min(run.end, static_cast<std::size_t>(end - begin))};
    out.end = std::max(out.first, out.end);
    return out;
}

}  // namespace

StateSet matching_states(VersionRange const& range, std::vector<Candidate> const& versions,
                         StateView prereleases) {
    auto const size = static_cast<std::uint32_t>(versions.size()) + 1;
    auto const state = [](std::size_t index) { return static_cast<std::uint32_t>(index) + 1; };
    auto out = StateSet::none(size);
    for (auto const& set : range.sets()) {
        auto const run = run_of(set, versions);
        out.add_run(state(run.first), state(run.end));
    }
    if (prereleases.is_empty()) return out;
    Arena scratch;
    out = StateSet{out.view().without(prereleases, scratch)};
    for (auto const& set : range.sets()) {
        auto const run = run_of(set, versions);
        for (auto const& [op, version] : set) {
            if (!version.is_prerelease()) continue;
            auto const named = same_core(version, versions, run);
            out.add_run(state(named.first), state(named.end));
        }
    }
    return out;
}

}  // namespace ggen::solver
