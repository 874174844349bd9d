#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "resolve/resolve.hpp"

namespace ggen {

/// Reads a text of JSON lines once and keeps what it says as an index file; as long as the text stays the same, only
/// pages of that file are read. docs/formats/metadata-index.md, "Cache of texts". One thread; blocks.
class IndexCache {
public:
    /// A longer text is refused.
    static constexpr std::uint64_t k_text_bytes_max = 4 * k_gib;
    /// So many texts are kept; the one that was used longest ago goes first.
    static constexpr std::size_t k_texts_max = 32;

    /// `directory` is made when it is needed. One that cannot be written costs the time of reading the text, no more.
    IndexCache(FileSystem& files, Clock& clock, std::string directory)
        : files_(files), clock_(clock), directory_(std::move(directory)) {}

    /// The packages of the text at `path`. A resolution over them ends with `corrupt` when the kept file is damaged;
    /// `forget` and open again then. Errors: those of load_index, the file system's.
    [[nodiscard]] Result<std::unique_ptr<DependencyProvider>> open(std::string const& path);
    /// Removes what is kept of the text at `path`.
    void forget(std::string const& path);

private:
    [[nodiscard]] std::unique_ptr<DependencyProvider> open_kept(Digest const& digest);
    [[nodiscard]] std::string kept_path(Digest const& digest) const;
    [[nodiscard]] std::string stamp_path(FileInfo const& text) const;
    /// The digest that the text had when a stamp was written for the file that it still is.
    [[nodiscard]] std::optional<Digest> stamped(FileInfo const& text);
    void stamp(FileInfo const& text, Digest const& digest);
    /// False when it could not be kept.
    bool keep(class IndexTable const& table, Digest const& digest);
    void sweep(std::string_view suffix);

    FileSystem& files_;
    Clock& clock_;
    std::string directory_;
};

}  // namespace ggen
