#include "harness/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "spec/similar_names.hpp"

namespace ggen::bench {
namespace {

constexpr std::array<std::string_view, 4> k_kinds{"exact", "time", "load", "quality"};
constexpr std::array<std::string_view, 4> k_classes{"micro", "process", "network", "simulation"};

bool answers_to(Test const& test, std::string_view word) {
    if (word.ends_with('*')) {
        word.remove_suffix(1);
        return test.id().starts_with(word);
    }
    return test.id() == word || test.group == word ||
           std::find(test.aliases.begin(), test.aliases.end(), word) != test.aliases.end();
}

}  // namespace

std::string_view kind_name(Kind kind) { return k_kinds[static_cast<std::size_t>(kind)]; }
std::string_view class_name(TestClass test_class) { return k_classes[static_cast<std::size_t>(test_class)]; }

Result<Kind> parse_kind(std::string_view name) {
    auto const found = std::find(k_kinds.begin(), k_kinds.end(), name);
    if (found == k_kinds.end()) return Error{Errc::invalid, fmt::format("'{}' is no kind of figure", name)};
    return static_cast<Kind>(found - k_kinds.begin());
}

std::string_view group_of(std::string_view test_id) { return test_id.substr(0, test_id.find('/')); }

std::size_t count_groups(std::vector<std::string> const& test_ids) {
    std::set<std::string_view> groups;
    for (auto const& id : test_ids) groups.insert(group_of(id));
    return groups.size();
}

void Catalogue::add(Test test) {
    auto const last = std::find_if(tests_.rbegin(), tests_.rend(),
                                   [&](Test const& other) { return other.group == test.group; });
    tests_.insert(last == tests_.rend() ? tests_.end() : last.base(), std::move(test));
}

std::vector<std::string> Catalogue::ids() const {
    std::vector<std::string> out;
    out.reserve(tests_.size());
    for (auto const& test : tests_) out.push_back(test.id());
    return out;
}

Test const* Catalogue::find(std::string_view id) const {
    for (auto const& test : tests_) {
        if (test.id() == id) return &test;
    }
    for (auto const& test : tests_) {
        if (std::find(test.aliases.begin(), test.aliases.end(), id) != test.aliases.end()) return &test;
    }
    return nullptr;
}

std::vector<std::string> Catalogue::groups() const {
    std::vector<std::string> out;
    for (auto const& test : tests_) {
        if (std::find(out.begin(), out.end(), test.group) == out.end()) out.push_back(test.group);
    }
    return out;
}

Result<std::vector<Test const*>> Catalogue::select(std::vector<std::string> const& words, bool quick) const {
    for (auto const& word : words) {
        if (std::any_of(tests_.begin(), tests_.end(),
                        [&](Test const& test) { return answers_to(test, word); })) {
            continue;
        }
        auto const near = closest(word, groups(), 1);
        return Error{Errc::not_found, ErrorId::none, fmt::format("no test or group is called '{}'", word),
                     near.empty()
                         ? "`ggen-bench list` prints them all"
                         : fmt::format("did you mean {}? `ggen-bench list` prints them all", near.front())};
    }
    std::vector<Test const*> out;
    for (auto const& test : tests_) {
        bool const is_wanted =
            words.empty() || std::any_of(words.begin(), words.end(),
                                         [&](std::string const& word) { return answers_to(test, word); });
        if (is_wanted && (test.is_quick || !quick)) out.push_back(&test);
    }
    return out;
}

}  // namespace ggen::bench
