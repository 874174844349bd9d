#include "search/popularity.hpp"

#include <algorithm>
#include <cstring>

#include "search/document_codec.hpp"

namespace ggen::search_index {
namespace {

std::uint32_t hash_of(BytesView record) {
    std::uint64_t hash = 0x9e3779b97f4a7c15ULL ^ record.size();
    while (!record.empty()) {
        std::uint64_t word = 0;
        std::size_t const used = std::min(record.size(), sizeof word);
        std::memcpy(&word, record.data(), used);
        hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
        hash ^= hash >> 32U;
        record = record.subspan(used);
    }
    return static_cast<std::uint32_t>(hash);
}

}  // namespace

void PopularityOrder::add(SearchDocument const& document, BytesView record) {
    std::string place = document.name;
    place += '\0';
    place += document.origin;
    place.resize(std::min(place.size(), k_name_bytes_max));
    if (k_chunk_bytes - names_used_ < place.size()) {
        names_.push_back(std::make_unique_for_overwrite<char[]>(k_chunk_bytes));
        names_used_ = 0;
    }
    std::memcpy(names_.back().get() + names_used_, place.data(), place.size());
    if (count_ % k_chunk_keys == 0) keys_.push_back(std::make_unique<Key[]>(k_chunk_keys));
    keys_.back()[count_ % k_chunk_keys] = {
        column_value(document.downloads), column_value(document.stars), column_value(document.released_unix),
        static_cast<std::uint32_t>(names_.size() - 1) * k_chunk_bytes + names_used_,
        static_cast<std::uint32_t>(place.size()), hash_of(record)};
    names_used_ += static_cast<std::uint32_t>(place.size());
    ++count_;
}

std::string_view PopularityOrder::name(Key const& key) const {
    return {names_[key.name / k_chunk_bytes].get() + key.name % k_chunk_bytes, key.name_bytes};
}

bool PopularityOrder::is_named_before(std::uint32_t a, std::uint32_t b) const {
    auto const& x = key(a);
    auto const& y = key(b);
    if (int const order = name(x).compare(name(y)); order != 0) return order < 0;
    return x.hash < y.hash;
}

std::vector<DocId> PopularityOrder::take_ids() {
    struct Entry {
        std::uint64_t counts;  // Downloads, then stars: they tell most documents apart without a look at their keys.
        std::uint32_t released;
        std::uint32_t document;
    };
    std::vector<Entry> entries;
    entries.reserve(count_);
    for (std::uint32_t i = 0; i < count_; ++i) {
        auto const& from = key(i);
        entries.push_back({std::uint64_t{from.downloads} << 32U | from.stars, from.released, i});
    }
    std::sort(entries.begin(), entries.end(), [this](Entry const& a, Entry const& b) {
        if (a.counts != b.counts) return a.counts > b.counts;
        return a.released != b.released ? a.released > b.released : is_named_before(a.document, b.document);
    });
    std::vector<DocId> ids(count_);
    for (DocId id = 0; id < entries.size(); ++id) ids[entries[id].document] = id;
    *this = PopularityOrder{};
    return ids;
}

}  // namespace ggen::search_index
