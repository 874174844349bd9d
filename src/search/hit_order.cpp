#include "search/hit_order.hpp"

#include <bit>
#include <charconv>

#include "codec/base64.hpp"

namespace ggen::search_index {
namespace {

constexpr char k_separator = '\x1f';
constexpr std::size_t k_cursor_bytes_max = 64 * k_kib;

bool take_field(std::string_view& rest, std::string_view& field) {
    auto const end = rest.find(k_separator);
    if (end == std::string_view::npos) return false;
    field = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return true;
}

template <class T>
bool take_number(std::string_view& rest, T& value) {
    std::string_view field;
    if (!take_field(rest, field)) return false;
    auto const [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    return error == std::errc{} && end == field.data() + field.size();
}

}  // namespace

std::string PageKey::print() const {
    std::string text;
    auto const put = [&](std::uint64_t number) { text += std::to_string(number) + k_separator; };
    put(static_cast<std::uint64_t>(tier));
    put(std::bit_cast<std::uint64_t>(key));
    put(downloads);
    put(stars);
    put(released);
    // By its length: an origin may hold any byte.
    put(origin.size());
    text += origin + name;
    return base64_encode(as_bytes(text));
}

Result<PageKey> PageKey::parse(std::string_view text) {
    Error const bad{Errc::invalid, "the cursor is not one that a search printed"};
    if (text.size() > k_cursor_bytes_max) return bad;
    auto const bytes = base64_decode(text);
    if (!bytes) return bad;
    auto rest = as_text(*bytes);
    PageKey out;
    std::uint64_t tier = 0;
    std::uint64_t key = 0;
    std::size_t origin_bytes = 0;
    if (!take_number(rest, tier) || !take_number(rest, key) || !take_number(rest, out.downloads) ||
        !take_number(rest, out.stars) || !take_number(rest, out.released) || !take_number(rest, origin_bytes) ||
        origin_bytes > rest.size() ||
        tier > static_cast<std::uint64_t>(Tier::any))
        return bad;
    out.tier = static_cast<Tier>(tier);
    out.key = std::bit_cast<double>(key);
    if (out.key != out.key) return bad;
    out.origin = rest.substr(0, origin_bytes);
    out.name = rest.substr(origin_bytes);
    return out;
}

int HitOrder::compare_names(RankedHit const& a, RankedHit const& b) const {
    thread_local std::string name_a;
    thread_local std::string name_b;
    auto const order =
        parts_.live[a.part].view().name(a.doc, name_a).compare(parts_.live[b.part].view().name(b.doc, name_b));
    return ascending_ ? -order : order;
}

bool HitOrder::is_before(RankedHit const& a, RankedHit const& b) const {
    if (a.key != b.key) return a.key > b.key;
    if (by_name_) {
        auto const order = compare_names(a, b);
        if (order != 0) return order < 0;
    }
    return comes_before(parts_, a.part, a.doc, b.part, b.doc);
}

PageKey HitOrder::key_of(RankedHit const& hit, Tier tier) const {
    auto const& view = parts_.live[hit.part].view();
    PageKey out;
    out.tier = tier;
    out.key = hit.key;
    out.downloads = view.downloads(hit.doc);
    out.stars = view.read_stars(hit.doc);
    out.released = view.read_released(hit.doc);
    std::string buffer;
    out.name = view.name(hit.doc, buffer);
    TermBuffer origin;
    out.origin = view.filter_text(FilterField::origin, view.origin(hit.doc), origin);
    return out;
}

bool HitOrder::is_after(RankedHit const& hit, PageKey const& key) const {
    if (hit.key != key.key) return hit.key < key.key;
    auto const mine = key_of(hit, key.tier);
    if (by_name_ && mine.name != key.name) return (mine.name > key.name) != ascending_;
    if (mine.downloads != key.downloads) return mine.downloads < key.downloads;
    if (mine.stars != key.stars) return mine.stars < key.stars;
    if (mine.released != key.released) return mine.released < key.released;
    if (mine.name != key.name) return mine.name > key.name;
    return mine.origin > key.origin;
}

void TopHits::offer(RankedHit const& hit) {
    if (capacity_ == 0) return;
    auto const worst_on_top = [&](RankedHit const& a, RankedHit const& b) { return order_->is_before(a, b); };
    if (heap_.size() < capacity_) {
        heap_.push_back(hit);
        std::push_heap(heap_.begin(), heap_.end(), worst_on_top);
        return;
    }
    if (!order_->is_before(hit, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), worst_on_top);
    heap_.back() = hit;
    std::push_heap(heap_.begin(), heap_.end(), worst_on_top);
}

void TopHits::offer_again(RankedHit const& hit) {
    auto const same = std::find_if(heap_.begin(), heap_.end(), [&](RankedHit const& other) {
        return other.part == hit.part && other.doc == hit.doc;
    });
    if (same == heap_.end()) return offer(hit);
    *same = hit;
    std::make_heap(heap_.begin(), heap_.end(),
                   [&](RankedHit const& a, RankedHit const& b) { return order_->is_before(a, b); });
}

std::vector<RankedHit>& TopHits::sorted() {
    std::sort(heap_.begin(), heap_.end(),
              [&](RankedHit const& a, RankedHit const& b) { return order_->is_before(a, b); });
    return heap_;
}

}  // namespace ggen::search_index
