#include "resolve/range_states.hpp"

#include <algorithm>
#include <compare>
#include <optional>

namespace ggen::solver {
namespace {

using metadata::KeyComparatorSet;
using metadata::PackageRecord;
using metadata::VersionKey;

/// Versions with the indices first … end - 1.
struct Run {
    std::uint32_t first;
    std::uint32_t end;
};

/// Versions as a resolver holds them in memory.
class CandidateList {
public:
    using Bound = Version;
    explicit CandidateList(std::vector<Candidate> const& versions) : versions_(versions) {}
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(versions_.size()); }
    [[nodiscard]] Version const& at(std::uint32_t index) const { return versions_[index].version; }
    static bool is_prerelease(Version const& version) { return version.is_prerelease(); }
    static std::strong_ordering compare_cores(Version const& a, Version const& b) {
        if (auto const order = a.major() <=> b.major(); order != 0) return order;
        if (auto const order = a.minor() <=> b.minor(); order != 0) return order;
        return a.patch() <=> b.patch();
    }

private:
    std::vector<Candidate> const& versions_;
};

/// Versions where they lie in a file.
class RecordList {
public:
    using Bound = VersionKey;
    explicit RecordList(PackageRecord const& record) : record_(record) {}
    [[nodiscard]] std::uint32_t size() const { return record_.size(); }
    [[nodiscard]] VersionKey at(std::uint32_t index) const { return record_.key(index); }
    static bool is_prerelease(VersionKey const& version) { return version.is_prerelease(); }
    static std::strong_ordering compare_cores(VersionKey const& a, VersionKey const& b) {
        if (auto const order = a.major <=> b.major; order != 0) return order;
        if (auto const order = a.minor <=> b.minor; order != 0) return order;
        return a.patch <=> b.patch;
    }

private:
    PackageRecord const& record_;
};

/// The first index from `first` on whose version is not `before`; they stand in front.
template <class Versions, class Before>
std::uint32_t partition(Versions const& versions, std::uint32_t first, Before before) {
    auto end = versions.size();
    while (first < end) {
        auto const middle = first + (end - first) / 2;
        if (before(versions.at(middle))) first = middle + 1;
        else end = middle;
    }
    return first;
}

template <class Versions>
std::uint32_t index_of(Versions const& versions, typename Versions::Bound const& bound, bool is_after_equal) {
    return partition(versions, 0, [&](auto const& one) {
        auto const order = one <=> bound;
        return order < 0 || (is_after_equal && order == 0);
    });
}

template <class Versions, class Set>
Run run_of(Set const& set, Versions const& versions) {
    using Operator = VersionRange::Operator;
    Run out{0, versions.size()};
    for (auto const& [op, version] : set) {
        bool const bounds_below =
            op == Operator::greater || op == Operator::greater_equal || op == Operator::equal;
        if (bounds_below) out.first = std::max(out.first, index_of(versions, version, op == Operator::greater));
        if (op != Operator::greater && op != Operator::greater_equal)
            out.end = std::min(out.end, index_of(versions, version, op != Operator::less));
    }
    out.end = std::max(out.first, out.end);
    return out;
}

/// The prereleases of the release that `version` leads to, as far as they lie in `run`.
template <class Versions>
Run same_core(typename Versions::Bound const& version, Versions const& versions, Run run) {
    auto const first =
        partition(versions, 0, [&](auto const& one) { return Versions::compare_cores(one, version) < 0; });
    auto const end = partition(versions, first, [&](auto const& one) {
        return Versions::compare_cores(one, version) == 0 && Versions::is_prerelease(one);
    });
    Run out{std::max(run.first, first), std::min(run.end, end)};
    out.end = std::max(out.first, out.end);
    return out;
}

template <class Versions, class Sets>
StateSet states_of(Sets const& sets, Versions const& versions, StateView prereleases) {
    auto out = StateSet::none(versions.size() + 1);
    for (auto const& set : sets) {
        auto const run = run_of(set, versions);
        out.add_run(run.first + 1, run.end + 1);
    }
    if (prereleases.is_empty()) return out;
    Arena scratch;
    out = StateSet{out.view().without(prereleases, scratch)};
    for (auto const& set : sets) {
        std::optional<Run> run;
        for (auto const& comparator : set) {
            if (!Versions::is_prerelease(comparator.version)) continue;
            if (!run) run = run_of(set, versions);
            auto const named = same_core(comparator.version, versions, *run);
            out.add_run(named.first + 1, named.end + 1);
        }
    }
    return out;
}

/// `text` keeps what the key points to.
VersionKey key_of(Version const& version, std::string& text) {
    text = metadata::prerelease_text(version);
    return {version.major(), version.minor(), version.patch(), text};
}

}  // namespace

StateSet matching_states(VersionRange const& range, std::vector<Candidate> const& versions,
                         StateView prereleases) {
    return states_of(range.sets(), CandidateList{versions}, prereleases);
}

StateSet matching_states(VersionRange const& range, PackageRecord const& versions, StateView prereleases) {
    Bytes code;
    metadata::append_range_code(code, range);
    std::vector<KeyComparatorSet> sets;
    bool const was_read = metadata::read_range_code(code, sets);
    GGEN_ASSERT(was_read);
    return matching_states(sets, versions, prereleases);
}

StateSet matching_states(std::vector<KeyComparatorSet> const& sets, PackageRecord const& versions,
                         StateView prereleases) {
    return states_of(sets, RecordList{versions}, prereleases);
}

std::uint32_t state_of_version(Version const& version, std::vector<Candidate> const& versions) {
    auto const index = index_of(CandidateList{versions}, version, false);
    return index < versions.size() && versions[index].version == version ? index + 1 : 0;
}

std::uint32_t state_of_version(Version const& version, PackageRecord const& versions) {
    std::string text;
    auto const key = key_of(version, text);
    auto const index = index_of(RecordList{versions}, key, false);
    return index < versions.size() && versions.key(index) == key ? index + 1 : 0;
}

}  // namespace ggen::solver
