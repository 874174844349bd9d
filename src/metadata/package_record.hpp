#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "metadata/version_key.hpp"

namespace ggen::metadata {

/// A package with more is not kept.
inline constexpr std::uint32_t k_versions_max = 100'000;
/// A record with more bytes is refused.
inline constexpr std::uint32_t k_record_bytes_max = 64U * 1024 * 1024;
/// Of one range; k_bytes_max bytes of text never need more.
inline constexpr std::size_t k_range_code_bytes_max = std::size_t{64} * 1024;

/// Where the log says a release, and since when.
struct LogFacts {
    std::uint64_t index = 0;
    std::int64_t first_seen_unix = 0;
    std::array<std::uint8_t, 32> leaf{};  ///< Leaf hash of the release record.
    friend bool operator==(LogFacts const&, LogFacts const&) = default;
};

/// The sections of a record, by offset from its start.
struct RecordLayout {
    std::uint64_t yanked = 0, prereleases = 0, log_facts = 0, list_offsets = 0, name_offsets = 0, text_offsets = 0,
                  code_offsets = 0, pairs = 0, major = 0, minor = 0, patch = 0, tails = 0, list_ids = 0,
                  list_items = 0, codes = 0, tail_bytes = 0, strings = 0, end = 0;
};

/// What the resolver needs to know about one package, read where it lies. Format: docs/formats/metadata-index.md.
///
/// A view: the bytes must outlive it. Everything inside is checked where it is used, so that bytes of an attacker with
/// a right checksum give wrong answers or `corrupt`, never a read outside the record. Thread-safe.
class PackageRecord {
public:
    static constexpr std::size_t k_header_bytes = 56;
    static constexpr std::uint32_t k_unknown_list = ~std::uint32_t{0};

    /// What one version needs of one package.
    struct Pair {
        std::uint32_t name = 0;
        std::uint32_t range = 0;
        bool is_optional = false;
    };

    /// The record that `bytes` starts with; more may follow. Checks length, sections and checksum. Errors: corrupt.
    [[nodiscard]] static Result<PackageRecord> open(BytesView bytes);

    [[nodiscard]] BytesView bytes() const { return bytes_; }
    [[nodiscard]] std::string_view name() const;
    /// How many versions; they ascend, no two of equal precedence.
    [[nodiscard]] std::uint32_t size() const { return versions_; }
    /// Sets of states of the resolver (state i + 1 is version i): bit s % 64 of word s / 64; empty when no version is
    /// in the set. Whoever uses them masks the bits beyond the last state.
    [[nodiscard]] std::span<std::uint64_t const> yanked() const;
    [[nodiscard]] std::span<std::uint64_t const> prereleases() const;
    [[nodiscard]] bool is_yanked(std::uint32_t index) const;

    /// `index` below size().
    [[nodiscard]] VersionKey key(std::uint32_t index) const;
    /// "1.2.3-rc.1+b5".
    [[nodiscard]] std::string version_text(std::uint32_t index) const;
    /// Nothing when the record has no log facts.
    [[nodiscard]] std::optional<LogFacts> log_facts(std::uint32_t index) const;

    /// Which list of needs the version has; k_unknown_list when nobody asked for it when the record was written.
    [[nodiscard]] std::uint32_t list_of(std::uint32_t index) const;
    [[nodiscard]] std::uint32_t list_count() const { return lists_; }
    [[nodiscard]] std::uint32_t pair_count() const { return pairs_; }
    /// How many needs the list has; 0 when damaged.
    [[nodiscard]] std::uint32_t list_size(std::uint32_t list) const;
    /// The number of the pair; not below pair_count() when damaged.
    [[nodiscard]] std::uint32_t list_item(std::uint32_t list, std::uint32_t at) const;
    /// `pair` below pair_count().
    [[nodiscard]] Pair pair(std::uint32_t pair) const;
    [[nodiscard]] std::uint32_t name_count() const { return names_; }
    [[nodiscard]] std::uint32_t range_count() const { return ranges_; }
    /// The name of a dependency, the text of a range and its code; empty when damaged.
    [[nodiscard]] std::string_view dependency_name(std::uint32_t name) const;
    [[nodiscard]] std::string_view range_text(std::uint32_t range) const;
    [[nodiscard]] BytesView range_code(std::uint32_t range) const;

    /// Looks at everything: whether another writer than ours could have written it. Errors: corrupt.
    [[nodiscard]] Result<void> check_contents() const;

private:
    [[nodiscard]] std::uint8_t const* at(std::uint64_t offset) const { return bytes_.data() + offset; }
    [[nodiscard]] BytesView slice(std::uint64_t offsets, std::uint32_t at_index, std::uint64_t base,
                                  std::uint64_t size) const;
    [[nodiscard]] std::string_view tail(std::uint32_t index) const;
    [[nodiscard]] Result<void> check_versions() const;
    [[nodiscard]] Result<void> check_needs() const;
    [[nodiscard]] bool read_header();

    BytesView bytes_;
    std::uint32_t versions_ = 0, lists_ = 0, items_ = 0, pairs_ = 0, ranges_ = 0, names_ = 0, string_bytes_ = 0,
                  tail_bytes_ = 0, code_bytes_ = 0;
    std::uint8_t flags_ = 0, name_bytes_ = 0;
    unsigned major_width_ = 0, minor_width_ = 0, patch_width_ = 0, tail_width_ = 0, list_width_ = 0, pair_width_ = 0;
    RecordLayout layout_;
};

}  // namespace ggen::metadata
