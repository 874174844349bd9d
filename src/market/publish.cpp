#include "market/publish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "market/publish_core.hpp"
#include "market/registries.hpp"
#include "market/registry_set.hpp"
#include "merkle/tree.hpp"
#include "spec/similar_names.hpp"

namespace ggen {
namespace {

/// The one registry that all of these names go to.
Result<KnownRegistry> target_of(Market& market, std::string const& registry,
                                std::vector<PackedPackage> const& packages) {
    if (!registry.empty()) return find_registry(market.config, registry);
    std::optional<KnownRegistry> target;
    for (auto const& package : packages) {
        ASSIGN_OR_RETURN(auto known, registry_of_name(market.config, package.manifest.name));
        if (target && target->alias != known.alias) {
            return Error{Errc::invalid, ErrorId::none,
                         fmt::format("{} belongs to {}, the packages before it to {}",
                                     package.manifest.name.text(), known.alias, target->alias),
                         "publish them one after the other, or name a --registry"};
        }
        target = std::move(known);
    }
    if (!target) return default_registry(market.config);
    return *target;
}

/// What publishing would do, without a key and without touching the registry.
Result<PublishReport> rehearse(Market& market, std::string const& registry,
                               std::vector<PackedPackage> const& packages) {
    PublishReport report;
    auto const known = target_of(market, registry, packages);
    std::optional<RegistrySet> registries;
    OpenRegistry* open = nullptr;
    if (known) {
        ASSIGN_OR_RETURN(open, registries.emplace(market).by_name(known->alias));
        report.registry = open->known.alias;
        report.origin = open->known.origin;
        report.log_size = open->refresh.size;
    } else if (!registry.empty() || known.error().code != Errc::not_found) {
        return known.error();
    }
    for (auto const& package : packages) {
        auto const& manifest = package.manifest;
        PublishedPackage out{
            .name = manifest.name,
            .version = manifest.version,
            .manifest = {sha256(as_bytes(package.manifest_text)), package.manifest_text.size()},
            .archive = package.archive.blob,
            .tree = package.archive.tree,
            .warnings = package.warnings};
        std::optional<NameState> state;
        if (open != nullptr) {
            ASSIGN_OR_RETURN(state, open->reader->lookup(manifest.name));
        } else {
            out.warnings.emplace_back("no registry is known, so nothing was compared with one");
        }
        for (auto const& version : state ? state->versions : std::vector<VersionState>{}) {
            if (version.version != manifest.version) continue;
            ASSIGN_OR_RETURN(auto const record, open->reader->release(version));
            if (record.tree != out.tree || record.manifest != out.manifest) {
                return Error{Errc::conflict, ErrorId::version_exists,
                             fmt::format("{}@{} is published already, with other content",
                                         manifest.name.text(), manifest.version.text()),
                             "raise the version in gpack.toml, or publish with --tag VERSION"};
            }
            out.already_published = true;
            out.archive = record.archive;
            out.index = version.index;
            out.leaf = version.leaf;
        }
        report.packages.push_back(std::move(out));
    }
    return report;
}

Result<PublishReport> publish_packed(Market& market, std::string const& registry,
                                     std::vector<PackedPackage> const& packages) {
    ASSIGN_OR_RETURN(auto const known, target_of(market, registry, packages));
    ASSIGN_OR_RETURN(auto const key, load_publisher_key(market));
    ASSIGN_OR_RETURN(auto const writer, open_writer(market, known.alias));
    detail::ReleaseBatch batch{market, known, *writer, key};
    for (auto const& package : packages) {
        RETURN_IF_ERROR(market.cancel.check());
        RETURN_IF_ERROR(batch.add(package));
    }
    return batch.commit();
}

Result<void> check_replacement(StatusRequest const& request) {
    if (request.replacement.empty()) return ok();
    if (request.reason != StatusReason::replaced) {
        return Error{Errc::invalid, ErrorId::usage, "a replacement goes with the reason `replaced`",
                     "add --reason replaced"};
    }
    auto const name = PackageName::parse(request.replacement);
    if (!name) return name.error();
    return ok();
}

/// The release that a status is about, if our key may speak about it.
Result<NameState const*> find_release(RegistryState const& state, StatusRequest const& request,
                                      merkle::SignerKey const& key) {
    auto const* const name = state.find(request.name);
    if (name == nullptr) {
        std::vector<std::string> names;
        for (auto const& [known, ignored] : state.names()) names.push_back(known.text());
        auto const similar = closest(request.name.text(), names, 1);
        return Error{Errc::not_found, ErrorId::package_not_found,
                     "there is no package " + request.name.text(),
                     similar.empty() ? "`ggen search` finds names" : "did you mean " + similar.front() + "?"};
    }
    auto const version =
        std::find_if(name->versions.begin(), name->versions.end(),
                     [&](VersionState const& known) { return known.version == request.version; });
    auto const label = request.name.text() + "@" + request.version.text();
    if (version == name->versions.end()) {
        return Error{Errc::not_found, ErrorId::version_not_found, label + " does not exist",
                     "`ggen info " + request.name.text() + "` shows its versions"};
    }
    auto const ours = key.verifier();
    auto const& keys = name->owner.keys;
    if (std::find(keys.begin(), keys.end(), ours) == keys.end()) {
        return Error{
            Errc::refused, ErrorId::not_owner,
            fmt::format("{} belongs to {}, not to {}", request.name.text(), keys.front().name, ours.name),
            "`ggen key show` shows your key"};
    }
    bool const is_nothing_to_undo = (request.action == StatusAction::unyank && !version->yanked) ||
                                    (request.action == StatusAction::undeprecate && !version->deprecated);
    if (is_nothing_to_undo) {
        return Error{
            Errc::conflict, ErrorId::none,
            label + (request.action == StatusAction::unyank ? " is not yanked" : " is not deprecated")};
    }
    return name;
}

}  // namespace

Result<PublishReport> publish(Market& market, PublishRequest const& request) {
    constexpr std::uint64_t k_held_bytes_max = 32 * k_mib;  // Of archives that wait for the others.
    std::vector<PackedPackage> packages;
    packages.reserve(request.directories.size());
    std::uint64_t held_bytes = 0;
    for (auto const& directory : request.directories) {
        RETURN_IF_ERROR(market.cancel.check());
        ASSIGN_OR_RETURN(auto package, pack_package(market, {directory, request.version, {}}));
        held_bytes += package.archive.bytes.size();
        if (held_bytes > k_held_bytes_max) {
            held_bytes -= package.archive.bytes.size();
            RETURN_IF_ERROR(detail::move_to_disk(market, package.archive));
        }
        packages.push_back(std::move(package));
    }
    if (request.dry_run) return rehearse(market, request.registry, packages);
    return publish_packed(market, request.registry, packages);
}

Result<PublishReport> publish_items(Market& market, std::string const& registry,
                                    std::vector<PublishItem> items) {
    std::vector<PackedPackage> packages;
    packages.reserve(items.size());
    for (auto& item : items) {
        RETURN_IF_ERROR(market.cancel.check());
        ASSIGN_OR_RETURN(auto manifest, Manifest::parse(item.manifest_text));
        bool const has_manifest =
            std::any_of(item.files.begin(), item.files.end(), [&](ArchiveFile const& file) {
                return file.path == "gpack.toml" && as_text(file.content) == item.manifest_text;
            });
        if (!has_manifest) {
            return Error{Errc::invalid, ErrorId::manifest_missing,
                         manifest.name.text() + ": gpack.toml is not in it"};
        }
        ASSIGN_OR_RETURN(auto package, detail::encode_package(std::move(manifest), std::move(item.files)));
        packages.push_back(std::move(package));
    }
    return publish_packed(market, registry, packages);
}

Result<StatusReport> change_status(Market& market, StatusRequest const& request) {
    RETURN_IF_ERROR(check_replacement(request));
    auto const known = request.registry.empty() ? registry_of_name(market.config, request.name)
                                                : find_registry(market.config, request.registry);
    if (!known) return known.error();
    ASSIGN_OR_RETURN(auto const key, load_publisher_key(market));
    ASSIGN_OR_RETURN(auto const writer, open_writer(market, known->alias));
    ASSIGN_OR_RETURN(auto const* const name, find_release(writer->state(), request, key));
    StatusRecord const record{writer->origin(), request.name,   request.version,    name->last_record,
                              request.action,   request.reason, request.replacement};
    ASSIGN_OR_RETURN(auto const entry, sign_record(Record{record}, {key}));
    ASSIGN_OR_RETURN(auto const receipts, writer->append({entry}));
    return StatusReport{known->alias, receipts.front().index};
}

}  // namespace ggen
