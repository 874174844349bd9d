#include "search/delta.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "search/memory_segment.hpp"
#include "search/text.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_fan_in = 4;

/// Segments of one level are merged together: up to 4 documents, up to 16, up to 64, …
unsigned level_of(std::uint32_t documents) {
    unsigned level = 0;
    for (std::uint32_t size = k_fan_in; size < documents; size *= k_fan_in) ++level;
    return level;
}

/// How many at the end of `sizes` should become one: from the first of the last four of one level on.
std::size_t count_to_merge(std::vector<std::uint32_t> const& sizes) {
    if (sizes.empty()) return 0;
    auto const level = level_of(sizes.back());
    std::size_t count = 0;
    while (count < sizes.size() && level_of(sizes[sizes.size() - 1 - count]) <= level) ++count;
    return count >= k_fan_in ? count : 0;
}

Result<std::shared_ptr<SegmentReader const>> build(std::vector<SearchDocument> const& documents) {
    thread_local Analyser const analyser = make_analyser();
    return make_memory_segment(documents, analyser);
}

/// Appends the documents for which `wanted` holds.
template <class Wanted>
Result<void> read_all(SegmentReader const& segment, Wanted const& wanted, std::vector<SearchDocument>& out) {
    StoreScratchPtr scratch;
    for (DocId doc = 0; doc < segment.view().doc_count(); ++doc) {
        if (!wanted(doc)) continue;
        ASSIGN_OR_RETURN(auto document, segment.view().stored(doc, scratch));
        out.push_back(std::move(document));
    }
    return ok();
}

using Key = std::pair<std::string, std::string>;

Key key_of(SearchDocument const& document) { return {document.origin, document.name}; }

}  // namespace

std::shared_ptr<Delta const> Delta::empty(std::shared_ptr<SegmentReader const> base) {
    auto out = std::make_shared<Delta>();
    if (base != nullptr) {
        out->has_base_ = true;
        out->parts_.live.push_back({std::move(base), nullptr, {}});
    }
    return out;
}

std::uint64_t Delta::record_count() const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < parts_.live.size(); ++i) {
        auto const& part = parts_.live[i];
        bool const is_base = has_base_ && i == 0;
        count += is_base ? part.view().doc_count() - part.live_count() : part.live_count();
    }
    return count;
}

bool Delta::is_at(Part const& part, DocId doc, std::string_view origin, std::string_view name) const {
    if (!part.is_live(doc)) return false;
    auto const& view = part.view();
    TermBuffer buffer;
    if (view.filter_text(FilterField::origin, view.origin(doc), buffer) != origin) return false;
    thread_local std::string found;
    return view.name(doc, found) == name;
}

std::optional<Delta::Place> Delta::find(std::string_view origin, std::string_view name) const {
    std::string joined;
    append_joined(name, joined);
    for (std::size_t i = 0; i < parts_.live.size(); ++i) {
        auto const& part = parts_.live[i];
        auto const term = part.view().find(joined);
        if (term == k_none) continue;
        for (auto cursor = part.view().postings(term); !cursor.at_end(); cursor.next()) {
            if ((cursor.flags() & k_joined_whole) != 0 && is_at(part, cursor.doc(), origin, name))
                return Place{i, cursor.doc()};
        }
    }
    return std::nullopt;
}

/// Marks documents of one part dead.
Result<void> Delta::bury(std::size_t at, std::vector<DocId> const& docs) {
    auto& part = parts_.live[at];
    auto dead = part.dead == nullptr ? std::make_shared<DeadSet>(part.view().doc_count())
                                     : std::make_shared<DeadSet>(*part.dead);
    StoreScratchPtr scratch;
    std::vector<SearchDocument> buried;
    for (auto const doc : docs) {
        dead->add(doc);
        ASSIGN_OR_RETURN(auto document, part.view().stored(doc, scratch));
        buried.push_back(std::move(document));
    }
    ASSIGN_OR_RETURN(auto grave, build(buried));
    part.dead = std::move(dead);
    part.graves.push_back(std::move(grave));
    // As with the parts: few graves to look into.
    std::vector<std::uint32_t> sizes;
    sizes.reserve(part.graves.size());
    for (auto const& segment : part.graves) sizes.push_back(segment->view().doc_count());
    auto const count = count_to_merge(sizes);
    if (count == 0) return ok();
    buried.clear();
    for (auto i = part.graves.size() - count; i < part.graves.size(); ++i)
        RETURN_IF_ERROR(read_all(*part.graves[i], [](DocId) { return true; }, buried));
    part.graves.resize(part.graves.size() - count);
    ASSIGN_OR_RETURN(grave, build(buried));
    part.graves.push_back(std::move(grave));
    return ok();
}

Result<std::shared_ptr<Delta const>> Delta::with(std::span<IndexChange const> changes) const {
    auto next = std::make_shared<Delta>(*this);
    // The last word on each document: what it becomes, or nothing.
    std::map<Key, std::optional<SearchDocument>> outcome;
    StoreScratchPtr scratch;
    for (auto const& change : changes) {
        auto const key = key_of(change.document);
        if (change.kind == IndexChange::Kind::upsert) {
            outcome[key] = change.document;
        } else if (change.kind == IndexChange::Kind::remove) {
            outcome[key] = std::nullopt;
        } else {
            auto found = outcome.find(key);
            if (found == outcome.end()) {
                auto const place = find(key.first, key.second);
                if (!place) continue;
                ASSIGN_OR_RETURN(auto document, parts_.live[place->part].view().stored(place->doc, scratch));
                found = outcome.emplace(key, std::move(document)).first;
            }
            if (!found->second) continue;
            found->second->downloads = change.document.downloads;
            found->second->stars = change.document.stars;
        }
    }
    std::map<std::size_t, std::vector<DocId>> replaced;
    std::vector<SearchDocument> born;
    for (auto& [key, document] : outcome) {
        if (auto const place = find(key.first, key.second)) replaced[place->part].push_back(place->doc);
        if (document) born.push_back(*std::move(document));
    }
    for (auto const& [part, docs] : replaced) RETURN_IF_ERROR(next->bury(part, docs));
    if (!born.empty()) {
        ASSIGN_OR_RETURN(auto segment, build(born));
        next->parts_.live.push_back({std::move(segment), nullptr, {}});
    }
    RETURN_IF_ERROR(next->merge_small_parts());
    return std::shared_ptr<Delta const>{std::move(next)};
}

Result<void> Delta::merge_small_parts() {
    auto& live = parts_.live;
    std::size_t const fixed = has_base_ ? 1 : 0;
    std::vector<std::uint32_t> sizes;
    for (std::size_t i = fixed; i < live.size(); ++i) sizes.push_back(live[i].view().doc_count());
    auto const count = count_to_merge(sizes);
    if (count == 0) return ok();
    std::vector<SearchDocument> documents;
    for (auto i = live.size() - count; i < live.size(); ++i) {
        auto const& part = live[i];
        RETURN_IF_ERROR(read_all(*part.segment, [&](DocId doc) { return part.is_live(doc); }, documents));
    }
    live.resize(live.size() - count);
    if (documents.empty()) return ok();
    ASSIGN_OR_RETURN(auto segment, build(documents));
    live.push_back({std::move(segment), nullptr, {}});
    return ok();
}

Result<void> Delta::for_each_live(std::function<Result<void>(SearchDocument const&)> const& visit) const {
    StoreScratchPtr scratch;
    for (auto const& part : parts_.live) {
        for (DocId doc = 0; doc < part.view().doc_count(); ++doc) {
            if (!part.is_live(doc)) continue;
            ASSIGN_OR_RETURN(auto const document, part.view().stored(doc, scratch));
            RETURN_IF_ERROR(visit(document));
        }
    }
    return ok();
}

}  // namespace ggen::search_index
