#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "search/segment_reader.hpp"

namespace ggen::search_index::testing {

/// Bytes as a mapping of exactly their size, so that sanitizers see any read beyond them.
class BytesFile final : public MappedFile {
public:
    explicit BytesFile(BytesView bytes)
        : words_(std::make_unique<std::uint64_t[]>((bytes.size() + 7) / 8)),
          // Aligned like a mapping; placed so that the end of the bytes is the end of the memory, when it can be.
          at_(reinterpret_cast<std::uint8_t*>(words_.get())),
          size_(bytes.size()) {
        std::copy(bytes.begin(), bytes.end(), at_);
    }
    [[nodiscard]] BytesView bytes() const override { return {at_, size_}; }
    Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
        if (offset > size_ || out.size() > size_ - offset) return Error{Errc::corrupt, "read beyond the end"};
        std::copy_n(at_ + offset, out.size(), out.begin());
        return ok();
    }
    void prefetch() const override {}

private:
    std::unique_ptr<std::uint64_t[]> words_;
    std::uint8_t* at_;
    std::size_t size_;
};

[[nodiscard]] inline std::shared_ptr<MappedFile const> map_bytes(BytesView bytes) {
    return std::make_shared<BytesFile>(bytes);
}

/// Asks a view every kind of question, with ids in and out of range. Returns a sum, so that nothing is left out.
inline std::uint64_t drive_view(SegmentView const& view) {
    constexpr std::uint32_t k_most = 200;  // Of anything, so that damaged counts end soon.
    std::uint64_t sum = 0;
    TermBuffer buffer;
    std::string name;
    StoreScratchPtr store;
    FuzzyScratch fuzzy;
    BestNameScratch best;
    std::vector<FuzzyMatch> matches;
    std::vector<std::uint32_t> counts;
    auto const walk = [&](PostingCursor cursor) {
        std::uint32_t steps = 0;
        for (; !cursor.at_end() && steps < k_most; cursor.next(), ++steps) {
            if (cursor.doc() >= view.doc_count()) std::abort();
            sum += cursor.doc() + cursor.flags() + cursor.block_flags() + cursor.block_last();
        }
        if (!cursor.at_end()) cursor.seek(cursor.doc() + 1'000);
        if (!cursor.at_end() && cursor.doc() >= view.doc_count()) std::abort();
    };
    for (TermId term = 0; term < std::min(view.term_count() + 2, k_most); ++term) {
        std::string const text{view.term_text(term, buffer)};
        sum += view.find(text) + view.prefix_range(text.substr(0, 2)).size() + view.term_df(term) +
               view.posting_count(term) + view.term_best_doc(term) + view.term_best_name_doc(term);
        walk(view.postings(term));
        sum += view.cached_facet(term, FilterField::category, counts) ? counts.size() : 0;
        if (term % 16 != 0) continue;
        for (unsigned const distance : {1U, 2U}) view.fuzzy(text, distance, fuzzy, matches);
        view.fuzzy_prefix(text, 1, fuzzy, term % 32 == 0 ? 20 : k_none, matches);
        sum += matches.size();
    }
    TermRange const range{1, view.term_count()};
    view.begin_best_names(range, best);
    for (std::uint32_t i = 0; i < k_most; ++i) {
        auto const next = view.next_best_name(range, best);
        if (!next) break;
        sum += next->doc;
    }
    for (DocId doc = 0; doc < std::min(view.doc_count() + 2, k_most); ++doc) {
        sum += view.downloads(doc) + view.stars(doc) + view.released(doc) + view.category(doc) + view.license(doc) +
               view.origin(doc) + view.author(doc) + (view.is_signed(doc) ? 1 : 0) +
               (view.is_scoped(doc) ? 1 : 0) + view.name(doc, name).size();
        auto const stored = view.stored(doc, store);
        sum += stored ? stored->description.size() : 1;
    }
    sum += view.first_below_downloads(100);
    for (std::size_t field = 0; field < k_filter_fields; ++field) {
        auto const which = static_cast<FilterField>(field);
        for (std::uint32_t value = 0; value < std::min(view.filter_value_count(which) + 1, k_most); ++value) {
            std::string const text{view.filter_text(which, value, buffer)};
            sum += view.find_filter_value(which, text);
            walk(view.filter_docs(which, value));
        }
    }
    sum += view.find_beginning("py");
    for (std::uint32_t beginning = 0; beginning < k_most; ++beginning) walk(view.beginning_docs(beginning));
    return sum;
}

/// Opens `bytes` without comparing checksums and drives the view; 0 when they are refused.
inline std::uint64_t drive_segment(BytesView bytes) {
    auto const opened = SegmentReader::from(map_bytes(bytes), Verify::none);
    return opened ? drive_view((*opened)->view()) : 0;
}

}  // namespace ggen::search_index::testing
