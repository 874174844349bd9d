#include "search/beginnings.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ggen::search_index {

std::vector<Beginning> BeginningCollector::add(std::string_view text, std::span<Posting const> list) {
    auto const ends = std::mismatch(text.begin(), text.end(), last_.begin(), last_.end());
    auto const shared = static_cast<std::size_t>(ends.first - text.begin());
    for (auto length = last_.size(); length > shared && length >= k_beginning_bytes_min; --length) close(length);
    if (shared < k_beginning_bytes_min) docs_.clear();
    auto const before = docs_.size();
    for (auto const& posting : list) {
        if ((posting.flags & k_in_name) != 0) docs_.push_back(posting.doc);
    }
    // Documents of the string itself do not count where all of it is the beginning.
    for (auto length = shared + 1; length < text.size(); ++length) open_[length] = {strings_, before};
    open_[text.size()] = {strings_, docs_.size()};
    last_ = text;
    ++strings_;
    return std::exchange(found_, {});
}

/// The last string is the last with this beginning.
void BeginningCollector::close(std::size_t length) {
    auto const& open = open_[length];
    if (strings_ - open.strings < strings_min_) return;
    for (auto i = open.docs; i < docs_.size(); ++i) bits_[docs_[i] / 64] |= std::uint64_t{1} << (docs_[i] % 64);
    Beginning beginning;
    beginning.text = last_.substr(0, length);
    for (std::size_t at = 0; at < bits_.size(); ++at) {
        for (auto word = std::exchange(bits_[at], 0); word != 0; word &= word - 1) {
            auto const bit = static_cast<std::size_t>(std::countr_zero(word));
            beginning.docs.push_back({static_cast<DocId>(at * 64 + bit), 0});
        }
    }
    if (!beginning.docs.empty()) found_.push_back(std::move(beginning));
}

std::vector<Beginning> BeginningCollector::finish() {
    for (auto length = last_.size(); length >= k_beginning_bytes_min; --length) close(length);
    return std::exchange(found_, {});
}

}  // namespace ggen::search_index
