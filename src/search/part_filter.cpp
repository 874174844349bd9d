#include "search/part_filter.hpp"

#include <algorithm>
#include <limits>

#include "codec/utf8.hpp"
#include "search/text.hpp"

namespace ggen::search_index {
namespace {

constexpr std::uint64_t k_count_max = std::numeric_limits<std::uint32_t>::max();

std::size_t words_of_bits(std::size_t count) { return (count + 63) / 64; }
void set_bit(std::vector<std::uint64_t>& bits, std::uint32_t at) { bits[at / 64] |= std::uint64_t{1} << (at % 64); }
bool has_bit(std::vector<std::uint64_t> const& bits, std::uint32_t at) {
    return (bits[at / 64] >> (at % 64) & 1U) != 0;
}

}  // namespace

bool PartFilter::Values::admits(std::uint32_t value) const {
    return !is_on || std::find(numbers.begin(), numbers.end(), value) != numbers.end();
}

/// Every value of the field whose folded text is `wanted`, or has it as a part.
void PartFilter::find_values(FilterField field, std::string_view wanted, bool is_part, Values& out) const {
    out.numbers.clear();
    out.is_on = !wanted.empty();
    if (!out.is_on) return;
    auto const& view = part_->view();
    auto const folded = fold_value(wanted);
    TermBuffer buffer;
    auto const count = view.filter_value_count(field);
    for (std::uint32_t value = 0; value < count; ++value) {
        auto const text = view.filter_text(field, value, buffer);
        // Folding changes lengths of other than ASCII only, and then by little; most values fall out here, before
        // they are folded.
        if (text.size() < folded.size() / 4) continue;
        if (is_ascii(text) && (is_part ? text.size() < folded.size() : text.size() != folded.size())) continue;
        auto const other = fold_value(text);
        if (is_part ? other.find(folded) != std::string::npos : other == folded) out.numbers.push_back(value);
    }
}

void PartFilter::require(FilterField field, std::string_view wanted) {
    if (wanted.empty()) return;
    if (required_count_ == required_.size()) required_.emplace_back();
    auto& bits = required_[required_count_++];
    bits.assign(words_of_bits(part_->view().doc_count()), 0);
    Values values;
    find_values(field, wanted, false, values);
    for (auto const value : values.numbers) {
        for (auto cursor = part_->view().filter_docs(field, value); !cursor.at_end(); cursor.next())
            set_bit(bits, cursor.doc());
    }
}

void PartFilter::require_author(std::string_view wanted) {
    has_wanted_authors_ = !wanted.empty();
    if (!has_wanted_authors_) return;
    auto const& view = part_->view();
    Values values;
    find_values(FilterField::author, wanted, true, values);
    wanted_authors_.assign(words_of_bits(view.filter_value_count(FilterField::author)), 0);
    author_docs_.clear();
    for (auto const value : values.numbers) {
        set_bit(wanted_authors_, value);
        for (auto cursor = view.filter_docs(FilterField::author, value); !cursor.at_end(); cursor.next()) {
            if (author_docs_.empty()) author_docs_.assign(words_of_bits(view.doc_count()), 0);
            set_bit(author_docs_, cursor.doc());
        }
    }
}

bool PartFilter::has_author(DocId doc) const {
    auto const author = part_->view().author(doc);
    return (author / 64 < wanted_authors_.size() && has_bit(wanted_authors_, author)) ||
           (!author_docs_.empty() && has_bit(author_docs_, doc));
}

void PartFilter::assign(SearchQuery const& query, Part const& part) {
    part_ = &part;
    auto const& view = part.view();
    required_count_ = 0;
    find_values(FilterField::category, query.category, false, category_);
    find_values(FilterField::license, query.license, false, license_);
    origin_.is_on = !query.origins.empty();
    origin_.numbers.clear();
    for (auto const& origin : query.origins) {
        auto const value = view.find_filter_value(FilterField::origin, origin);
        if (value != k_none) origin_.numbers.push_back(value);
    }
    for (auto const& tag : query.tags) require(FilterField::tag, tag);
    for (auto const& keyword : query.keywords) require(FilterField::keyword, keyword);
    require_author(query.author);

    end_ = view.doc_count();
    if (query.downloads_min > 0) {
        end_ = view.first_below_downloads(static_cast<std::uint32_t>(std::min(query.downloads_min, k_count_max)));
    }
    stars_min_ = static_cast<std::uint32_t>(std::min(query.stars_min, k_count_max));
    released_max_ = static_cast<std::uint32_t>(k_count_max);
    is_shut_ = query.released_before_unix < 0;
    if (query.released_before_unix > 0) {
        released_max_ = static_cast<std::uint32_t>(
            std::min(static_cast<std::uint64_t>(query.released_before_unix), k_count_max));
    }
    signed_only_ = query.signed_only;
    is_open_ = !category_.is_on && !license_.is_on && !origin_.is_on && !has_wanted_authors_ && required_count_ == 0 &&
               end_ == view.doc_count() && stars_min_ == 0 && released_max_ == k_count_max && !signed_only_ &&
               !is_shut_;
}

bool PartFilter::passes(DocId doc) const {
    if (is_open_) return true;
    auto const& view = part_->view();
    // A column that does not matter is not read: it would push another out of the cache.
    if (is_shut_ || (stars_min_ > 0 && view.stars(doc) < stars_min_) ||
        (released_max_ < k_count_max && view.released(doc) > released_max_)) {
        return false;
    }
    if (signed_only_ && !view.is_signed(doc)) return false;
    if (category_.is_on && !category_.admits(view.category(doc))) return false;
    if (license_.is_on && !license_.admits(view.license(doc))) return false;
    if (origin_.is_on && !origin_.admits(view.origin(doc))) return false;
    if (has_wanted_authors_ && !has_author(doc)) return false;
    return std::all_of(required_.begin(), required_.begin() + static_cast<std::ptrdiff_t>(required_count_),
                       [&](Bits const& bits) { return has_bit(bits, doc); });
}

}  // namespace ggen::search_index
