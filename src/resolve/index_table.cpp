#include "resolve/index_table.hpp"

#include <algorithm>
#include <utility>

#include "metadata/package_encoder.hpp"

namespace ggen {

Result<std::uint32_t> IndexTable::name(std::string_view text) {
    if (auto const found = names_.find(text); found != names_.end()) return found->second;
    ASSIGN_OR_RETURN(auto parsed, PackageName::parse(text));
    auto const id = static_cast<std::uint32_t>(packages_.size());
    packages_.emplace_back(std::move(parsed));
    names_.emplace(packages_.back().name.text(), id);
    return id;
}

Result<std::uint32_t> IndexTable::range(std::string_view text) {
    if (auto const found = range_ids_.find(text); found != range_ids_.end()) return found->second;
    ASSIGN_OR_RETURN(auto parsed, VersionRange::parse(text));
    auto const id = static_cast<std::uint32_t>(ranges_.size());
    ranges_.push_back({std::string{text}, std::move(parsed)});
    range_ids_.emplace(ranges_.back().text, id);
    return id;
}

Result<void> IndexTable::add(std::uint32_t name, std::string_view version, bool is_yanked,
                             std::vector<Need> const& needs) {
    ASSIGN_OR_RETURN(auto parsed, Version::parse(version));
    auto& package = packages_[name];
    auto& releases = package.releases;
    bool const is_highest = package.texts.empty() &&
                            (releases.empty() || releases.back().candidate.version < parsed);
    if (!is_highest) {
        if (package.texts.empty()) {
            for (auto const& release : releases) package.texts.insert(release.candidate.version.text());
        }
        if (!package.texts.insert(parsed.text()).second) {
            return Error{Errc::invalid, package.name.text() + " " + parsed.text() + " stands twice"};
        }
    }
    releases.push_back({{std::move(parsed), is_yanked},
                        static_cast<std::uint32_t>(needs_.size()),
                        static_cast<std::uint32_t>(needs.size())});
    needs_.insert(needs_.end(), needs.begin(), needs.end());
    return ok();
}

IndexTable::Package const* IndexTable::find(PackageName const& name) const {
    auto const found = names_.find(name.text());
    return found == names_.end() ? nullptr : &packages_[found->second];
}

Result<std::vector<Candidate>> IndexTable::versions(PackageName const& name) {
    std::vector<Candidate> out;
    auto const* const package = find(name);
    if (package == nullptr) return out;
    out.reserve(package->releases.size());
    for (auto const& release : package->releases) out.push_back(release.candidate);
    return out;
}

Result<std::vector<Dependency>> IndexTable::dependencies(PackageName const& name, Version const& version) {
    auto const* const package = find(name);
    Release const* release = nullptr;
    if (package != nullptr && package->texts.empty()) {
        auto const found = std::partition_point(
            package->releases.begin(), package->releases.end(),
            [&](Release const& one) { return one.candidate.version < version; });
        if (found != package->releases.end()) release = &*found;
    } else if (package != nullptr) {
        auto const found = std::find_if(
            package->releases.begin(), package->releases.end(), [&](Release const& one) {
                return one.candidate.version == version && one.candidate.version.build() == version.build();
            });
        if (found != package->releases.end()) release = &*found;
    }
    if (release == nullptr || release->candidate.version != version ||
        release->candidate.version.build() != version.build()) {
        return Error{Errc::not_found, ErrorId::version_not_found,
                     name.text() + " " + version.text() + " is not in the index"};
    }
    std::vector<Dependency> out;
    out.reserve(release->need_count);
    for (std::uint32_t i = 0; i < release->need_count; ++i) {
        auto const& need = needs_[release->first_need + i];
        out.push_back({packages_[need.name].name, ranges_[need.range].range, need.is_optional, {}});
    }
    return out;
}

Result<void> IndexTable::write(metadata::IndexWriter& out) const {
    std::vector<Package const*> sorted;
    for (auto const& package : packages_) {
        if (!package.releases.empty()) sorted.push_back(&package);
    }
    std::sort(sorted.begin(), sorted.end(), [](auto const* a, auto const* b) { return a->name < b->name; });
    std::vector<metadata::NeedFacts> needs;
    std::vector<metadata::ReleaseFacts> releases;
    for (auto const* const package : sorted) {
        needs.clear();
        releases.clear();
        std::size_t count = 0;
        for (auto const& release : package->releases) count += release.need_count;
        needs.reserve(count);  // Spans point into it.
        for (auto const& [candidate, first_need, need_count] : package->releases) {
            auto const first = needs.size();
            for (auto i = first_need; i < first_need + need_count; ++i) {
                auto const& need = needs_[i];
                needs.push_back({packages_[need.name].name.text(), &ranges_[need.range].range, need.is_optional});
            }
            releases.push_back({&candidate.version, candidate.yanked, true,
                                std::span<metadata::NeedFacts const>{needs}.subspan(first), nullptr});
        }
        ASSIGN_OR_RETURN(auto const bytes, metadata::encode_package(package->name, releases));
        ASSIGN_OR_RETURN(auto const record, metadata::PackageRecord::open(bytes));
        RETURN_IF_ERROR(out.add(record));
    }
    return ok();
}

}  // namespace ggen
