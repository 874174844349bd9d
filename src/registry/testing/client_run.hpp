#pragma once

#include <string>
#include <vector>

#include "base/testing/fakes.hpp"
#include "registry/reader.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen::testing {

/// Everything that an install takes from a registry, as one comparable text; or the refusal.
struct ClientResult {
    bool is_clean = false;  ///< Whether every step succeeded.
    std::string seen;       ///< What the steps returned, byte for byte.
    Error error{Errc::internal, ""};
};

/// open + refresh + lookup + release + both blobs + proof of one package's newest version, without a cache
/// unless `cache` is given.
inline ClientResult run_client(FileSystem& files, Clock& clock, RegistrySource& source, RootFile const& root,
                               std::string const& package, std::string const& cache = {}) {
    ClientResult result;
    auto const fail = [&](Error error) {
        result.error = std::move(error);
        return result;
    };
    ReaderOptions options;
    options.cache_directory = cache;
    if (!cache.empty()) options.memory_directory = cache + "/memory";
    options.freshness.enforce = true;
    auto reader = RegistryReader::open(files, clock, source, root, options);
    if (!reader) return fail(std::move(reader).error());
    auto const refreshed = (*reader)->refresh();
    if (!refreshed) return fail(refreshed.error());
    auto const name = name_of(package);
    auto const state = (*reader)->lookup(name);
    if (!state) return fail(state.error());
    if (!*state) {
        result.seen = "absent";
        result.is_clean = true;
        return result;
    }
    for (auto const& version : (*state)->versions) {
        result.seen += std::to_string(version.index) + " " + version.leaf.hex() + " " +
                       version.version.text() + (version.yanked ? " yanked" : "") +
                       (version.revoked ? " revoked" : "") + " " +
                       std::to_string(version.first_seen.seconds) + "\n";
    }
    auto const& newest = (*state)->versions.back();
    auto const release = (*reader)->release(newest);
    if (!release) return fail(release.error());
    result.seen += print_record(*release);
    for (auto const* const blob : {&release->manifest, &release->archive}) {
        auto const bytes = (*reader)->blob(*blob);
        if (!bytes) return fail(bytes.error());
        result.seen += std::string{as_text(*bytes)} + "\n";
    }
    auto const proof = (*reader)->prove(newest.index);
    if (!proof) return fail(proof.error());
    result.seen += std::to_string(proof->index);
    for (auto const& hash : proof->hashes) result.seen += " " + hash.hex();
    result.seen += "\n" + proof->checkpoint_note;
    result.is_clean = true;
    return result;
}

}  // namespace ggen::testing
