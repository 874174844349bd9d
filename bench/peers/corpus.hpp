#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/search.hpp"

/// Lists of real packages as search documents.
///
/// A list is a tab-separated text, plain (.tsv) or zstd-compressed (.tsv.zst), with one head line that names its
/// columns. Known columns: name, version, summary, origin, downloads_a_month, month (2026-11, of the newest
/// release), rank_among_15000_most_downloaded (0 = not among them), category, license, author, stars. What a list
/// lacks is derived from the name, the same on every machine; a missing origin is the file's name up to its first
/// dot.
namespace ggen::bench {

constexpr std::size_t k_corpus_line_bytes_max = 1'000'000;

/// Calls `take` for every row of `path`, in the order of the file. Streams: holds one row at a time.
/// Errors: `take`'s, io, invalid (no column `name`, a line over k_corpus_line_bytes_max, damaged compression).
Result<void> each_document(std::string const& path, std::function<Result<void>(SearchDocument&&)> const& take);

/// All rows of all files.
Result<std::vector<SearchDocument>> load_corpus(std::vector<std::string> const& paths);

/// The `count` most downloaded of `documents`, most downloaded first; ties by name, then origin.
[[nodiscard]] std::vector<SearchDocument> most_downloaded(std::vector<SearchDocument> const& documents,
                                                          std::size_t count);

/// 64 bits of `text` under `salt`: what the derived columns are drawn from.
[[nodiscard]] std::uint64_t name_hash(std::string_view text, std::uint64_t salt);

/// Estimated downloads a month of the package at `rank` (1 = most) of its registry: a power law.
[[nodiscard]] std::uint64_t downloads_of_rank(std::uint64_t rank);

}  // namespace ggen::bench
