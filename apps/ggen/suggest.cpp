#include "suggest.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ggen::cli {
namespace {

constexpr std::size_t k_word_bytes_max = 64;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    a = a.substr(0, k_word_bytes_max);
    b = b.substr(0, k_word_bytes_max);
    using Row = std::array<std::size_t, k_word_bytes_max + 1>;
    Row before_last{};
    Row last{};
    Row row{};
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const cost = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = row;
    }
    return last[b.size()];
}

std::vector<std::string> similar_words(std::string_view wanted, std::vector<std::string> const& known,
                                       std::size_t max) {
    std::size_t const edits_max = wanted.size() >= 5 ? 2 : 1;
    std::vector<std::pair<std::size_t, std::string>> found;
    for (auto const& word : known) {
        auto const distance = edit_distance(wanted, word);
        bool const is_prefix = wanted.size() >= 2 && word.starts_with(wanted);
        if (distance <= edits_max) found.emplace_back(distance, word);
        else if (is_prefix) found.emplace_back(edits_max, word);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](auto const& x, auto const& y) { return x.first < y.first; });
    std::vector<std::string> words;
    for (auto& [distance, word] : found) {
        if (words.size() == max) break;
        if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
    }
    return words;
}

std::string did_you_mean(std::vector<std::string> const& words) {
    std::string text;
    for (auto const& word : words) text += (text.empty() ? "did you mean `" : ", `") + word + "`";
    return text.empty() ? text : text + "?";
}

}  // namespace ggen::cli
