#include <algorithm>
#include <array>

#include "search/segment_view.hpp"

// Fuzzy look-up. If a text t is within d edits of the query q = q1 q2, then either q1 is within d / 2 edits of a prefix
// of t, or q2 is within d / 2 edits of a suffix of t, or t swaps the two characters at the border and is within d - 1
// edits of q with that pair swapped. The directories give all strings with such a prefix or suffix as ranges of the
// sorted and the reversed order; signatures sort out nearly all of them, the bit-parallel distance the rest.
namespace ggen::search_index {
namespace {

/// Fetches the string of a later candidate while the present one is compared.
void prefetch_ahead(StringTable const& terms, CandidateList const& candidates, std::size_t at) {
    constexpr std::size_t k_ahead = 6;
    if (at + k_ahead < candidates.size()) terms.prefetch(candidates[at + k_ahead]);
}

/// Sorts out most strings of which no beginning is one edit away from `query`: the edit is in the first half, and then
/// the second stands where it should or one place beside, or it is in the second, or swaps the two at the border.
class HalvesFilter {
public:
    explicit HalvesFilter(std::string_view query) {
        auto const half = query.size() / 2;
        first_ = query.substr(0, half);
        second_ = query.substr(half);
        // Places are those of bytes.
        is_on_ = half > 1 && std::all_of(query.begin(), query.end(), [](char c) { return (c & 0x80) == 0; });
    }
    [[nodiscard]] bool admits(std::string_view text) const {
        if (!is_on_ || text.starts_with(first_)) return true;
        auto const at = first_.size();
        // An inserted or replacing character may be longer than a byte.
        if (text.size() <= at || std::any_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at + 1),
                                             [](char c) { return (c & 0x80) != 0; })) {
            return true;
        }
        auto const stands = [&](std::string_view part, std::size_t place) {
            return text.substr(place).starts_with(part);
        };
        return stands(second_, at) || stands(second_, at - 1) || stands(second_, at + 1) ||
               stands(second_.substr(1), at + 1);
    }

private:
    std::string_view first_;
    std::string_view second_;
    bool is_on_ = false;
};

}  // namespace

void SegmentView::scan_side(std::span<char32_t const> characters, std::size_t length, unsigned edits,
                            std::uint32_t query, unsigned distance, bool is_reversed, FuzzyScratch& scratch) const {
    auto const& directory = is_reversed ? parts_.suffixes : parts_.prefixes;
    auto const signatures = is_reversed ? parts_.reverse_signatures : parts_.forward_signatures;
    class_ranges(directory, characters, length, edits, is_reversed ? nullptr : &parts_.terms, scratch.ranges);
    std::size_t const before = scratch.candidates.size();
    scan_signatures(scratch.speed, signatures, scratch.ranges, query, distance, scratch.candidates);
    if (!is_reversed) return;
    for (std::size_t i = before; i < scratch.candidates.size(); ++i) {
        scratch.candidates[i] = parts_.reverse_order.at(scratch.candidates[i]);
    }
}

void SegmentView::collect_fuzzy(std::string_view text, unsigned distance, FuzzyScratch& scratch) const {
    std::array<char32_t, k_fuzzy_chars_max> characters;
    std::size_t const count = decode_code_points(text, characters);
    std::size_t const half = count / 2;
    std::uint32_t const query = signature_of(text);
    scan_side({characters.data(), count}, half, distance / 2, query, distance, false, scratch);
    if (!parts_.suffixes.is_present()) return;  // The scan has seen every string.
    std::reverse(characters.begin(), characters.begin() + static_cast<std::ptrdiff_t>(count));
    scan_side({characters.data(), count}, count - half, distance / 2, query, distance, true, scratch);
    std::reverse(characters.begin(), characters.begin() + static_cast<std::ptrdiff_t>(count));
    if (half > 0) find_swapped({characters.data(), count}, half, distance, scratch);
}

void SegmentView::find_swapped(std::span<char32_t const> characters, std::size_t half, unsigned distance,
                               FuzzyScratch& scratch) const {
    std::array<char32_t, k_fuzzy_chars_max> swapped;
    std::copy(characters.begin(), characters.end(), swapped.begin());
    std::swap(swapped[half - 1], swapped[half]);
    std::array<char, 4 * k_fuzzy_chars_max> bytes;
    std::string_view const text{bytes.data(), encode_code_points({swapped.data(), characters.size()}, bytes)};
    if (distance > 1) {
        collect_fuzzy(text, distance - 1, scratch);
        return;
    }
    TermId const term = find(text);
    if (term != k_none) scratch.candidates.push_back(term);
}

void SegmentView::fuzzy(std::string_view text, unsigned distance, FuzzyScratch& scratch,
                        std::vector<FuzzyMatch>& out) const {
    out.clear();
    if (text.size() > k_term_bytes_max || !scratch.pattern.assign(text)) return;
    distance = std::clamp(distance, 1U, 2U);
    scratch.candidates.clear();
    collect_fuzzy(text, distance, scratch);
    // Both sides can find a string. Sorting the few matches is cheaper than sorting all candidates to see them once.
    StringScan strings{parts_.terms};
    for (std::size_t i = 0; i < scratch.candidates.size(); ++i) {
        prefetch_ahead(parts_.terms, scratch.candidates, i);
        TermId const term = scratch.candidates[i];
        if (term >= parts_.term_count) continue;
        unsigned const found = scratch.pattern.distance(strings.at(term), distance);
        if (found <= distance) out.push_back({term, static_cast<std::uint8_t>(found)});
    }
    std::sort(out.begin(), out.end(), [](FuzzyMatch a, FuzzyMatch b) { return a.term < b.term; });
    out.erase(std::unique(out.begin(), out.end()), out.end());
}

void SegmentView::fuzzy_prefix(std::string_view text, unsigned distance, FuzzyScratch& scratch,
                               DocId best_doc_below, std::vector<FuzzyMatch>& out) const {
    out.clear();
    if (best_doc_below == 0 || text.size() > k_term_bytes_max || !scratch.pattern.assign(text)) return;
    distance = std::clamp(distance, 1U, 1U);
    std::uint8_t const rank_max = rank_of(std::min(best_doc_below - 1, k_documents_max));
    std::array<char32_t, k_fuzzy_chars_max> characters;
    std::size_t const count = decode_code_points(text, characters);
    class_ranges(parts_.prefixes, {characters.data(), count}, count, distance, &parts_.terms, scratch.ranges);
    std::uint32_t const query = signature_of(text);
    scratch.candidates.clear();
    scan_prefix_signatures(scratch.speed, parts_.forward_signatures, scratch.ranges, parts_.name_ranks.ranks(), query,
                           distance, rank_max, scratch.candidates);
    StringScan strings{parts_.terms};
    HalvesFilter const halves{text};
    for (std::size_t i = 0; i < scratch.candidates.size(); ++i) {
        prefetch_ahead(parts_.terms, scratch.candidates, i);
        TermId const term = scratch.candidates[i];
        auto const string = strings.at(term);
        if (!halves.admits(string)) continue;
        unsigned const found = scratch.pattern.prefix_distance(string, distance);
        if (found > distance || term_best_name_doc(term) >= best_doc_below) continue;
        out.push_back({term, static_cast<std::uint8_t>(found)});
    }
}

}  // namespace ggen::search_index
