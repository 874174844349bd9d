#include "resolve/testing/compiled_universe.hpp"

#include <cstring>

#include "metadata/package_encoder.hpp"

namespace ggen::testing {
namespace {

constexpr std::uint32_t k_uncompiled_in = 5;
constexpr std::uint32_t k_unknown_in = 6;

}  // namespace

CompiledUniverse::CompiledUniverse(Universe const& universe, std::uint64_t seed) : plain_(universe) {
    Dice dice{seed};
    for (auto const& [name, releases] : universe.packages) {
        if (!dice.one_in(k_uncompiled_in)) packages_.emplace(name, compile(name, releases, dice));
    }
}

CompiledUniverse::Package CompiledUniverse::compile(PackageName const& name,
                                                    std::vector<Universe::Release> const& releases,
                                                    Dice& dice) const {
    Package out;
    std::vector<std::vector<metadata::NeedFacts>> needs;
    for (auto const& release : releases) {
        auto& list = needs.emplace_back();
        for (auto const& need : release.dependencies) list.push_back({need.name.text(), &need.range, need.optional});
    }
    std::vector<metadata::ReleaseFacts> facts;
    std::map<Version, bool> yanked;
    for (std::size_t i = 0; i < releases.size(); ++i) {
        auto const& [version, is_yanked] = releases[i].candidate;
        bool const is_known = !dice.one_in(k_unknown_in);
        std::span<metadata::NeedFacts const> list;
        if (is_known) list = needs[i];
        bool const says_yanked = is_yanked && !dice.one_in(3);
        yanked[version] = is_yanked && !says_yanked;
        facts.push_back({&version, says_yanked, is_known, list, nullptr});
    }
    auto const bytes = metadata::encode_package(name, facts).value();
    out.words.resize(bytes.size() / sizeof(std::uint64_t));
    std::memcpy(out.words.data(), bytes.data(), bytes.size());
    std::uint32_t index = 0;
    for (auto const& [version, is_added] : yanked) {
        if (is_added) out.also_yanked.push_back(index);
        ++index;
    }
    return out;
}

Result<std::optional<CompiledPackage>> CompiledUniverse::compiled(PackageName const& name) {
    auto const found = packages_.find(name);
    if (found == packages_.end()) return std::optional<CompiledPackage>{};
    auto const& words = found->second.words;
    BytesView const bytes{reinterpret_cast<std::uint8_t const*>(words.data()), words.size() * sizeof words[0]};
    ASSIGN_OR_RETURN(auto const record, metadata::PackageRecord::open(bytes));
    return std::optional{CompiledPackage{record, found->second.also_yanked}};
}

}  // namespace ggen::testing
