#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "search/search.hpp"

/// The file of changes that came after a segment (docs/formats/search-index.md, "changes").
namespace ggen::search_index {

/// A log beyond this is refused; a merge is due long before.
inline constexpr std::uint64_t k_change_log_bytes_max = 512 * k_mib;
/// What one record, that is one batch, may hold.
inline constexpr std::uint64_t k_change_record_bytes_max = 64 * k_mib;
inline constexpr std::uint64_t k_change_log_header_bytes = 16;

/// The first bytes of the log that belongs to segment `number`.
[[nodiscard]] Bytes change_log_header(std::uint64_t number);

/// Appends one record with all `changes`: read again, it counts whole or not at all.
/// Errors: too_large (over k_change_record_bytes_max; `out` is as before).
[[nodiscard]] Result<void> append_change_record(std::span<IndexChange const> changes, Bytes& out);

struct ChangeLogContent {
    std::vector<IndexChange> changes;  ///< Of all whole records, oldest first.
    std::uint64_t whole_bytes = 0;     ///< Header and whole records; what follows was torn by a crash.
};
/// Reads a log file. A last record that was cut short, or zeros that a crash left at the end, are dropped: nobody was
/// told that they are durable. Errors: invalid (no log, or of another version), corrupt (damaged before its end, or
/// the log of another segment than `number`).
[[nodiscard]] Result<ChangeLogContent> read_change_log(BytesView file, std::uint64_t number);

}  // namespace ggen::search_index
