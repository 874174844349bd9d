// This and simdjson_library.cpp alone include simdjson, whose header is heavy.
#include <simdjson.h>

#include <optional>
#include <utility>

#include "resolve/index_table.hpp"
#include "resolve/simdjson_library.hpp"

namespace ggen {

struct PlainLineReader::Parser {
    simdjson::dom::parser json;
};

PlainLineReader::PlainLineReader() : parser_(has_simdjson() ? std::make_unique<Parser>() : nullptr) {}
PlainLineReader::~PlainLineReader() = default;

bool PlainLineReader::read(std::string_view line, IndexTable& out) {
    // An escape can hide an equal key or half a character: the strict parser judges those lines.
    if (!parser_ || !line.starts_with('{') || line.find('\\') != std::string_view::npos) return false;
    simdjson::dom::object release;
    if (parser_->json.parse(line.data(), line.size()).get(release) != simdjson::SUCCESS) return false;
    ++line_;
    needs_.clear();
    std::optional<std::string_view> name;
    std::optional<std::string_view> version;
    std::optional<simdjson::dom::object> dependencies;
    std::optional<bool> is_yanked;
    auto const take = [](auto const& value, auto& place) {
        return !place.has_value() && value.get(place.emplace()) == simdjson::SUCCESS;
    };
    for (auto const& [key, value] : release) {
        bool const is_known = key == "name"           ? take(value, name)
                              : key == "version"      ? take(value, version)
                              : key == "dependencies" ? take(value, dependencies)
                                                      : key == "yanked" && take(value, is_yanked);
        if (!is_known) return false;
    }
    if (!name || !version) return false;
    auto const id = out.name(*name);
    if (!id) return false;
    if (dependencies) {
        for (auto const& [key, value] : *dependencies) {
            std::string_view text;
            if (value.get(text) != simdjson::SUCCESS) return false;
            auto const target = out.name(key);
            auto const range = out.range(text);
            if (!target || !range) return false;
            if (*target >= last_line_of_name_.size()) last_line_of_name_.resize(*target + 1);
            if (std::exchange(last_line_of_name_[*target], line_) == line_) return false;
            needs_.push_back({*target, *range, false});
        }
    }
    return static_cast<bool>(out.add(*id, *version, is_yanked.value_or(false), needs_));
}

}  // namespace ggen
