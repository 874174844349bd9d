#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "metadata/index_writer.hpp"
#include "resolve/resolve.hpp"

namespace ggen {

/// The releases of an index in memory: each name and each range is parsed and kept once.
class IndexTable final : public DependencyProvider {
public:
    struct Need {
        std::uint32_t name;
        std::uint32_t range;
        bool is_optional;
    };

    /// The number of the name. Errors: invalid (name_invalid).
    Result<std::uint32_t> name(std::string_view text);
    /// The number of the range. Errors: invalid (range_invalid), too_large.
    Result<std::uint32_t> range(std::string_view text);
    /// Errors: invalid (version_invalid; a release that stands twice).
    Result<void> add(std::uint32_t name, std::string_view version, bool is_yanked,
                     std::vector<Need> const& needs);

    /// The releases as an index file; those of one package together, packages by name. Errors: the writer's,
    /// too_large (a package with more than 100,000 versions).
    [[nodiscard]] Result<void> write(metadata::IndexWriter& out) const;

    Result<std::vector<Candidate>> versions(PackageName const& name) override;
    Result<std::vector<Dependency>> dependencies(PackageName const& name, Version const& version) override;

private:
    struct Release {
        Candidate candidate;
        std::uint32_t first_need;
        std::uint32_t need_count;
    };
    struct Package {
        explicit Package(PackageName parsed) : name(std::move(parsed)) {}
        PackageName name;
        std::vector<Release> releases;
        /// Texts of the versions, from the first on that was not higher than all before it.
        std::unordered_set<std::string> texts;
    };
    struct KnownRange {
        std::string text;  ///< As it stood in the index.
        VersionRange range;
    };

    [[nodiscard]] Package const* find(PackageName const& name) const;

    std::deque<Package> packages_;  ///< Those only depended on included.
    std::unordered_map<std::string_view, std::uint32_t> names_;  ///< The texts belong to `packages_`.
    std::deque<KnownRange> ranges_;
    std::unordered_map<std::string_view, std::uint32_t> range_ids_;  ///< … to `ranges_`.
    std::vector<Need> needs_;
};

/// Reads a text of JSON lines into `out`; load_index says which. Errors: invalid, too_large.
[[nodiscard]] Result<void> read_index(std::string_view jsonl, IndexTable& out);

/// Reads the line of one release when it is written plainly: no escapes, no unknown members, dependencies
/// as texts. Parsing is simdjson's. `read` returns false when the line must be read in another way, for
/// its form or to say what is wrong with it; no release was added then.
class PlainLineReader {
public:
    PlainLineReader();
    ~PlainLineReader();
    PlainLineReader(PlainLineReader const&) = delete;
    PlainLineReader& operator=(PlainLineReader const&) = delete;
    bool read(std::string_view line, IndexTable& out);

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
    std::vector<IndexTable::Need> needs_;
    std::vector<std::uint64_t> last_line_of_name_;  ///< To see a name that stands twice in one line.
    std::uint64_t line_ = 0;
};

}  // namespace ggen
