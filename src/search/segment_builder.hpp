#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "search/index_types.hpp"
#include "search/search.hpp"

namespace ggen::search_index {

/// A string of a document with all its flags.
struct IndexedString {
    std::string_view text;
    std::uint8_t flags = 0;
};

/// Replaces `strings` by the distinct tokens and joined names of `document`, each 1 to k_term_bytes_max bytes, at most
/// one with k_joined_whole. The texts stay valid until the next call.
using Analyser = std::function<void(SearchDocument const& document, std::vector<IndexedString>& strings)>;

/// What a finished build says about itself.
struct SegmentSummary {
    std::uint32_t doc_count = 0;
    std::uint32_t term_count = 0;
    std::uint64_t file_bytes = 0;
};

/// Builds a segment file from documents in any order: `add` spools them to disk and keeps only sort keys, `finish`
/// numbers them by popularity, inverts them part by part and publishes the file.
///
/// The bytes depend on the set of documents only, not on their order. Peak memory is about 180 bytes a package and
/// 30 MB. Everything is written beside the target under `<path>.build-<slot>.*`; a slot is taken by a lock, so builders
/// at the same time do not meet, and what a killed one left is overwritten by the next. One thread.
class SegmentBuilder {
public:
    /// Documents with equal origin and name must not be added twice. Errors: io, conflict (all 16 slots busy).
    static Result<std::unique_ptr<SegmentBuilder>> create(FileSystem& files, std::string path,
                                                          Analyser analyser);
    ~SegmentBuilder();
    SegmentBuilder(SegmentBuilder const&) = delete;
    SegmentBuilder& operator=(SegmentBuilder const&) = delete;

    /// Errors: io (disk full), too_large (more than k_documents_max, or a document over k_document_bytes_max).
    Result<void> add(SearchDocument const& document);
    /// Writes, fsyncs and renames over the target; readers of the old file keep it. On error, or when the
    /// builder dies without `finish`, the old file stands. Once. Errors: io, too_large, cancelled.
    Result<SegmentSummary> finish(CancelToken const* cancel = nullptr);

    /// All texts of one document together.
    static constexpr std::size_t k_document_bytes_max = 4 * k_mib;

private:
    struct Impl;
    explicit SegmentBuilder(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::search_index
