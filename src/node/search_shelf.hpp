#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "node/search_message.hpp"
#include "registry/reader.hpp"
#include "registry/state.hpp"

namespace ggen::search_index {
class Delta;
}

namespace ggen::p2p {

/// Packages that a node answers questions about; those of further logs are not.
inline constexpr std::size_t k_shelf_packages_max = 100'000;
inline constexpr std::size_t k_shelf_kept_bytes_max = 4 * k_mib;  ///< of encoded hits

/// What the registries that a node serves hold, in memory and with proofs, to answer the questions of peers: follows
/// the folders by their checkpoints, verified like any other registry. One thread.
class SearchShelf {
public:
    SearchShelf(FileSystem& files, Clock& clock);
    ~SearchShelf();
    SearchShelf(SearchShelf const&) = delete;
    SearchShelf& operator=(SearchShelf const&) = delete;

    /// Folders by the id of their log. Looks what is new in each; one that cannot be read is left out until its
    /// checkpoint is another.
    void follow(std::map<LogId, std::string> const& folders);
    /// All messages of the answer, framed, at most k_search_answer_bytes_max.
    [[nodiscard]] Bytes answer(PeerSearchRequest const& request);
    [[nodiscard]] std::size_t packages() const;

private:
    struct Log {
        std::string folder;
        Bytes checkpoint;  // As the folder showed it last.
        std::unique_ptr<RegistrySource> source;
        std::unique_ptr<RegistryReader> reader;
        std::optional<RegistryState> state;
        std::map<std::string, VersionState> shown;  // By name: the version that is found.
    };
    void look(LogId const& id, Log& log);
    [[nodiscard]] Result<void> replay(LogId const& id, Log& log);
    [[nodiscard]] Result<SearchDocument> document_of(LogId const& id, Log& log, VersionState const& version);
    void remove(LogId const& id, Log& log);
    [[nodiscard]] Result<std::shared_ptr<Bytes const>> hit_of(LogId const& id, std::string const& name);
    void keep(std::pair<LogId, std::string> const& key, std::shared_ptr<Bytes const> const& hit);

    FileSystem& files_;
    Clock& clock_;
    std::map<LogId, Log> logs_;
    std::shared_ptr<search_index::Delta const> index_;
    std::map<std::pair<LogId, std::string>, std::shared_ptr<Bytes const>> kept_;
    std::size_t kept_bytes_ = 0;
};

}  // namespace ggen::p2p
