#include "market/search_coverage.hpp"

#include <algorithm>
#include <utility>

#include "codec/json.hpp"

namespace ggen::detail {
namespace {

constexpr std::string_view k_schema = "ggen.search-coverage/1";
constexpr char k_separator = '\x1e';  // No origin can hold it.
constexpr std::size_t k_root_digits = 12;

Error damaged() { return {Errc::corrupt, "the coverage of the search index does not parse"}; }

Result<std::string> text_member(Json const& object, std::string_view key) {
    auto const* const member = object.find(key);
    auto const* const text = member == nullptr ? nullptr : member->if_string();
    if (text == nullptr) return damaged();
    return *text;
}

Result<std::uint64_t> count_member(Json const& object, std::string_view key) {
    auto const* const member = object.find(key);
    auto const* const number = member == nullptr ? nullptr : member->if_integer();
    if (number == nullptr || *number < 0) return damaged();
    return static_cast<std::uint64_t>(*number);
}

}  // namespace

Result<SearchCoverage> SearchCoverage::parse(std::string_view text) {
    if (text.size() > k_bytes_max) return Error{Errc::too_large, "the coverage of the search index is over 1 MiB"};
    auto const json = Json::parse(text, 4);
    if (!json) return damaged();
    ASSIGN_OR_RETURN(auto const schema, text_member(*json, "schema"));
    if (schema != k_schema) return Error{Errc::corrupt, "another version wrote the search index"};
    auto const* const list = json->find("registries");
    auto const* const entries = list == nullptr ? nullptr : list->if_array();
    if (entries == nullptr) return damaged();
    SearchCoverage out;
    ASSIGN_OR_RETURN(out.position_.number, count_member(*json, "segment"));
    ASSIGN_OR_RETURN(out.position_.changes_bytes, count_member(*json, "changes_bytes"));
    for (auto const& item : *entries) {
        CoveredRegistry entry;
        ASSIGN_OR_RETURN(entry.key, text_member(item, "key"));
        ASSIGN_OR_RETURN(entry.log_size, count_member(item, "log_size"));
        ASSIGN_OR_RETURN(entry.packages, count_member(item, "packages"));
        ASSIGN_OR_RETURN(entry.popularity, text_member(item, "popularity"));
        if (out.find(entry.key) != nullptr) return damaged();
        out.put(std::move(entry));
    }
    return out;
}

Result<SearchCoverage> SearchCoverage::load(FileSystem& files, std::string const& path) {
    ASSIGN_OR_RETURN(auto const bytes, files.read_file(path, k_bytes_max));
    return parse(as_text(bytes));
}

std::string SearchCoverage::text() const {
    auto entries = Json::array();
    for (auto const& entry : registries_) {
        auto item = Json::object();
        item.set("key", entry.key);
        item.set("log_size", entry.log_size);
        item.set("packages", entry.packages);
        item.set("popularity", entry.popularity);
        entries.push(std::move(item));
    }
    auto document = Json::object();
    document.set("schema", k_schema);
    document.set("segment", position_.number);
    document.set("changes_bytes", position_.changes_bytes);
    document.set("registries", std::move(entries));
    return document.dump(2) + "\n";
}

CoveredRegistry const* SearchCoverage::find(std::string_view key) const {
    auto const found = std::find_if(registries_.begin(), registries_.end(),
                                    [&](CoveredRegistry const& entry) { return entry.key == key; });
    return found == registries_.end() ? nullptr : &*found;
}

void SearchCoverage::put(CoveredRegistry entry) {
    auto const place = std::lower_bound(
        registries_.begin(), registries_.end(), entry.key,
        [](CoveredRegistry const& present, std::string const& key) { return present.key < key; });
    if (place != registries_.end() && place->key == entry.key) *place = std::move(entry);
    else registries_.insert(place, std::move(entry));
}

std::string origin_key(KnownRegistry const& known) {
    return known.origin + k_separator + known.root_fingerprint.hex().substr(0, k_root_digits);
}

std::string origin_of_key(std::string_view key) { return std::string{key.substr(0, key.find(k_separator))}; }

}  // namespace ggen::detail
