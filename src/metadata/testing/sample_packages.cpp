#include "metadata/testing/sample_packages.hpp"

#include <random>

namespace ggen::metadata::testing {

Bytes SamplePackage::encode() const {
    std::deque<std::vector<NeedFacts>> lists;
    std::vector<ReleaseFacts> facts;
    for (auto const& release : releases) {
        auto& list = lists.emplace_back();
        for (auto const& need : release.needs) list.push_back({need.name, &need.range, need.is_optional});
        facts.push_back(
            {&release.version, release.is_yanked, release.has_known_needs, list, has_log ? &release.log : nullptr});
    }
    return encode_package(name, facts).value();
}

std::string sample_name(std::uint64_t number) {
    auto digits = std::to_string(number);
    return "p" + std::string(digits.size() < 7 ? 7 - digits.size() : 0, '0') + digits;
}

SamplePackage sample_package(std::string const& name, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto const below = [&random](std::uint64_t bound) { return random() % bound; };
    constexpr char const* k_ranges[] = {"^1", "~1.2", ">=1 <3 || 4.x", "*", "1.2.3", "latest",
                                         ">=1.0.0-rc.1 <2", "<0.0.0-0"};
    SamplePackage out{PackageName::parse(name).value(), {}, below(2) == 0};
    auto const count = below(80) == 0 ? 300 : below(12);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::vector<Version::Identifier> prerelease;
        if (below(4) == 0) prerelease.emplace_back(below(2) == 0 ? std::string{"rc"} : std::string{"beta-2"});
        if (!prerelease.empty() && below(2) == 0) prerelease.emplace_back(below(12));
        SamplePackage::Release release{
            Version{below(3), below(300), below(50) == 0 ? 70'000 + i : i, prerelease, below(9) == 0 ? "b.7" : ""},
            below(7) == 0, below(6) != 0, {}, {}};
        for (auto needs = release.has_known_needs ? below(5) : 0; needs > 0; --needs) {
            auto range = VersionRange::parse(k_ranges[below(8)]).value();
            release.needs.push_back({sample_name(below(40)), std::move(range), below(5) == 0});
        }
        release.log.index = random() >> 20U;
        release.log.first_seen_unix = static_cast<std::int64_t>(below(2'000'000'000));
        for (auto& byte : release.log.leaf) byte = static_cast<std::uint8_t>(random());
        out.releases.push_back(std::move(release));
    }
    return out;
}

}  // namespace ggen::metadata::testing
