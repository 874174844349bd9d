#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "import/http_getter.hpp"
#include "import/npm_document.hpp"

namespace ggen {

/// "@a/b@^1" as "@a/b" and "^1"; the range is "" when none was given.
struct NpmSpec {
    std::string name;
    std::string range;
    [[nodiscard]] static NpmSpec split(std::string_view text);
};

/// The documents of one npm registry, each fetched once. One thread calls; fetches run in parallel.
/// Cancelling is the getter's business: its calls then fail at once.
class NpmSource {
public:
    static constexpr unsigned k_parallel_fetches = 8;

    /// `http` outlives the source and may be called from several threads.
    NpmSource(HttpGetter& http, std::string base_url, unsigned parallel = k_parallel_fetches);

    /// Stays valid as long as the source. Null when the registry has no such package, or a document that
    /// cannot be read (`problems`).
    /// Errors: unavailable and timed_out (import_source), cancelled.
    Result<NpmPackument const*> packument(std::string const& name);
    /// Fetches those that are not known yet.
    Result<void> prefetch(std::vector<std::string> const& names);
    /// The archive of a version, its checksum checked. Thread-safe.
    /// Errors: refused (import_package), too_large, and the getter's.
    Result<Bytes> tarball(std::string const& npm_name, NpmVersion const& version) const;

    [[nodiscard]] std::size_t known_count() const { return known_.size(); }
    [[nodiscard]] std::map<std::string, std::string> const& problems() const { return problems_; }

private:
    [[nodiscard]] Result<NpmPackument> fetch(std::string const& name) const;
    Result<void> keep(std::string const& name, Result<NpmPackument> fetched);

    HttpGetter& http_;
    std::string base_url_;
    unsigned parallel_;
    std::map<std::string, NpmPackument> known_;
    std::map<std::string, std::string> problems_;  // Name -> why there is no document; "" = npm has none.
};

}  // namespace ggen
