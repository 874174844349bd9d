#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "market/market.hpp"
#include "registry/reader.hpp"
#include "search/search.hpp"

namespace ggen {

/// A projection of one registry's verified log into SQLite, for search and listings
/// (docs/formats/catalogue.md). Nothing that is installed depends on it: deleting or editing it changes
/// what is found, never what is installed. One thread.
class Catalogue {
public:
    /// Opens or makes the catalogue at `path`. One that is damaged or of another version is made anew;
    /// `was_remade` says so. Errors: io.
    static Result<std::unique_ptr<Catalogue>> open(FileSystem& files, std::string const& path);
    virtual ~Catalogue() = default;

    [[nodiscard]] virtual bool was_remade() const = 0;
    /// Entries of the log that it covers; 0 when it is new.
    [[nodiscard]] virtual std::uint64_t log_size() const = 0;
    /// Brings it up to the reader's checkpoint: only names that newer entries mention are read again.
    /// All or nothing. Errors: the reader's, io, corrupt without an id (damage that only reading shows).
    virtual Result<void> refresh(RegistryReader& reader, CancelToken const& cancel) = 0;

    /// Visits the newest listed version of every package, by name; without origin, downloads and stars.
    virtual Result<void> each_document(std::function<Result<void>(SearchDocument&&)> const& visit) = 0;
    /// The newest listed version of one package; nothing when it has none.
    virtual Result<std::optional<SearchDocument>> document(std::string const& name) = 0;
    /// Names that begin with `prefix`, ascending.
    virtual Result<std::vector<std::string>> names(std::string const& prefix, std::size_t max) = 0;
    struct Counts {
        std::uint64_t packages = 0;
        std::uint64_t releases = 0;
    };
    virtual Result<Counts> counts() = 0;
    /// SHA-256 of its canonical image (VACUUM INTO): equal content gives equal bytes, however it grew.
    virtual Result<Digest> image_digest() = 0;
};

/// The names that releases and status changes among the verified entries [begin, end) speak of, ascending: what a
/// projection that covers `begin` entries has to look at again. Errors: the reader's.
[[nodiscard]] Result<std::vector<PackageName>> names_changed(RegistryReader& reader, std::uint64_t begin,
                                                             std::uint64_t end, CancelToken const& cancel);

/// Where the catalogue of a registry is kept.
[[nodiscard]] std::string catalogue_path(Directories const& directories, KnownRegistry const& known);

}  // namespace ggen
