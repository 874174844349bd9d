#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "search/index_types.hpp"
#include "search/search.hpp"

namespace ggen::search_index {

/// Numbers documents by popularity: more downloads, more stars, newer (all three as columns hold them), then name and
/// origin bytewise, then a hash of the record. Depends on the set of documents only. About 60 bytes a document. One
/// thread.
class PopularityOrder {
public:
    void add(SearchDocument const& document, BytesView record);
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(count_); }
    /// The id of each document in the order in which they were added; gives the memory of the keys back.
    [[nodiscard]] std::vector<DocId> take_ids();

private:
    struct Key {
        std::uint32_t downloads = 0;
        std::uint32_t stars = 0;
        std::uint32_t released = 0;
        std::uint32_t name = 0;  // Place in `names_`.
        std::uint32_t name_bytes = 0;
        std::uint32_t hash = 0;
    };
    [[nodiscard]] Key const& key(std::uint32_t i) const { return keys_[i / k_chunk_keys][i % k_chunk_keys]; }
    [[nodiscard]] std::string_view name(Key const& key) const;
    [[nodiscard]] bool is_named_before(std::uint32_t a, std::uint32_t b) const;

    static constexpr std::size_t k_chunk_keys = 1U << 10U;
    static constexpr std::uint32_t k_chunk_bytes = 1U << 16U;
    /// Names are compared up to here; the hash tells longer ones apart.
    static constexpr std::size_t k_name_bytes_max = 1'024;
    std::vector<std::unique_ptr<Key[]>> keys_;
    std::vector<std::unique_ptr<char[]>> names_;
    std::uint32_t names_used_ = k_chunk_bytes;
    std::size_t count_ = 0;
};

}  // namespace ggen::search_index
