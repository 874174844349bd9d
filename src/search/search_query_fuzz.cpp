#include <algorithm>
#include <array>
#include <cstdlib>

#include "search/index_directory.hpp"

/// Any bytes as a question: an error or a page that keeps its promises, and a cursor that leads on. The first bytes
/// choose options, a line the text, the next ones filter values and a cursor.
namespace {

std::shared_ptr<ggen::SearchIndex const> make_index() {
    std::vector<ggen::SearchDocument> documents;
    static constexpr std::array k_names{"react", "react-dom", "@types/react", "node-fetch", "größe", "日本語データ", "x",
                                        "HTTPServer2", "left-pad", "-", "lodash.debounce", "@acme/router"};
    for (auto const* const name : k_names) {
        ggen::SearchDocument document;
        document.name = name;
        document.version = "1.0.0";
        document.description = "fetch a größe router, データ and http2 for " + document.name;
        document.category = "web";
        document.license = "MIT";
        document.origin = "one/main";
        document.authors = {"Ada"};
        document.downloads = documents.size() * documents.size() * 1'000;
        documents.push_back(std::move(document));
    }
    auto index = ggen::make_memory_index(documents);
    if (!index) std::abort();
    return *index;
}

void require(bool holds) {
    if (!holds) std::abort();
}

bool is_border(std::string const& text, std::size_t at) {
    return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80;
}

void check_ranges(std::string const& text, std::vector<ggen::ByteRange> const& ranges) {
    std::size_t last = 0;
    for (auto const range : ranges) {
        require(range.begin >= last && range.begin < range.end && range.end <= text.size());
        require(is_border(text, range.begin) && is_border(text, range.end));
        last = range.end;
    }
}

std::string take_line(std::string_view& rest) {
    auto const end = rest.find('\n');
    std::string line{rest.substr(0, end)};
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const index = make_index();
    constexpr std::size_t k_option_bytes = 3;
    if (size < k_option_bytes) return 0;
    ggen::SearchQuery query;
    query.prefix = (data[0] & 1U) != 0;
    query.fuzzy = (data[0] & 2U) != 0;
    query.ascending = (data[0] & 4U) != 0;
    query.want_facets = (data[0] & 8U) != 0;
    query.names_only = (data[0] & 16U) != 0;
    query.signed_only = (data[0] & 32U) != 0;
    query.sort = static_cast<ggen::SearchSort>(data[1] % 5U);
    query.limit = data[2] % 16U;
    query.offset = data[2] / 16U;
    std::string_view rest{reinterpret_cast<char const*>(data) + k_option_bytes, size - k_option_bytes};
    query.text = take_line(rest);
    query.category = take_line(rest);
    query.author = take_line(rest);
    query.after = take_line(rest);
    auto const page = index->search(query);
    if (!page) return 0;
    require(page->hits.size() <= query.limit && page->hits.size() <= page->total);
    for (auto const& hit : page->hits) {
        check_ranges(hit.document.name, hit.name_highlights);
        check_ranges(hit.document.description, hit.description_highlights);
    }
    if (page->next.empty()) return 0;
    query.offset = 0;
    query.after = page->next;
    auto const second = index->search(query);
    require(second.has_value());
    for (auto const& hit : second->hits) {
        require(std::none_of(page->hits.begin(), page->hits.end(), [&](ggen::SearchHit const& before) {
            return before.document.name == hit.document.name;
        }));
    }
    return 0;
}
