#include "peers/sample.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/file_system.hpp"
#include "base/time.hpp"
#include "peers/corpus.hpp"
#include "peers/queries.hpp"

namespace ggen::bench {
namespace {

constexpr int k_level = 19;
constexpr std::size_t k_month_bytes = 7;  // 2026-11
constexpr std::uint64_t k_results_bytes_max = 64 * k_mib;

/// The names of all rows of a results file.
Result<std::set<std::string>> result_names(std::string const& path) {
    auto const files = make_posix_file_system();
    ASSIGN_OR_RETURN(auto const bytes, files->read_file(path, k_results_bytes_max));
    std::set<std::string> out;
    auto text = as_text(bytes);
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const tab = line.find('\t');
        if (tab == std::string_view::npos) continue;
        line.remove_prefix(tab + 1);
        while (!line.empty()) {
            auto const bar = std::min(line.find('|'), line.size());
            out.emplace(line.substr(0, bar));
            line.remove_prefix(std::min(bar + 1, line.size()));
        }
    }
    return out;
}

std::string row_of(SearchDocument const& document) {
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", document.origin, document.name, document.version,
                       document.downloads, format_utc({document.released_unix}).substr(0, k_month_bytes),
                       document.description);
}

Result<Bytes> compressed(std::string const& text) {
    Bytes out(ZSTD_compressBound(text.size()));
    auto const size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), k_level);
    if (ZSTD_isError(size) != 0) return Error{Errc::internal, "zstd cannot compress the sample"};
    out.resize(size);
    return out;
}

}  // namespace

Result<void> make_sample(SampleOptions const& options) {
    ASSIGN_OR_RETURN(auto documents, load_corpus(options.corpus));
    ASSIGN_OR_RETURN(auto const queries, load_judged_queries(options.queries));
    ASSIGN_OR_RETURN(auto wanted, result_names(options.results));
    std::set<std::string> expected;
    for (auto const& query : queries) expected.insert(query.expected.begin(), query.expected.end());
    wanted.insert(expected.begin(), expected.end());

    documents = most_downloaded(documents, documents.size());
    auto const is_wanted = [&](SearchDocument const& document) { return wanted.contains(document.name); };
    auto const middle = std::stable_partition(documents.begin(), documents.end(), is_wanted);
    for (auto document = documents.begin(); document != middle; ++document) expected.erase(document->name);
    if (!expected.empty()) return Error{Errc::invalid, "the corpus has no package called " + *expected.begin()};
    documents.resize(std::min(options.rows, documents.size()));
    std::sort(documents.begin(), documents.end(), [](SearchDocument const& a, SearchDocument const& b) {
        return a.name != b.name ? a.name < b.name : a.origin < b.origin;
    });
    std::string text = "origin\tname\tversion\tdownloads_a_month\tmonth\tsummary\n";
    for (auto const& document : documents) text += row_of(document);
    ASSIGN_OR_RETURN(auto const bytes, compressed(text));
    auto const files = make_posix_file_system();
    RETURN_IF_ERROR(files->write_file_atomic(options.out, bytes, Sync::none));
    fmt::print("{}: {} packages, {} bytes ({} bytes of text)\n", options.out, documents.size(), bytes.size(),
               text.size());
    return ok();
}

}  // namespace ggen::bench
