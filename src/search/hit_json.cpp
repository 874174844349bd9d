#include "search/hit_json.hpp"

#include <utility>

namespace ggen {
namespace {

Json json_texts(std::vector<std::string> const& texts) {
    auto list = Json::array();
    for (auto const& text : texts) list.push(text);
    return list;
}

Json json_ranges(std::vector<ByteRange> const& ranges) {
    auto list = Json::array();
    for (auto const& range : ranges) {
        list.push(Json::array().push(std::uint64_t{range.begin}).push(std::uint64_t{range.end}));
    }
    return list;
}

}  // namespace

Json json_package(SearchDocument const& document) {
    auto json = Json::object();
    json.set("name", document.name);
    json.set("version", document.version);
    json.set("description", document.description);
    json.set("category", document.category);
    json.set("tags", json_texts(document.tags));
    json.set("keywords", json_texts(document.keywords));
    json.set("authors", json_texts(document.authors));
    json.set("license", document.license);
    return json;
}

Json json_highlights(SearchHit const& hit) {
    auto json = Json::object();
    json.set("name", json_ranges(hit.name_highlights));
    json.set("description", json_ranges(hit.description_highlights));
    return json;
}

}  // namespace ggen
