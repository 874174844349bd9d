#include "peers/queries.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "base/file_system.hpp"

namespace ggen::bench {
namespace {

constexpr std::uint64_t k_query_file_bytes_max = 64 * k_mib;
constexpr std::size_t k_judged_results = 10;
constexpr std::array<std::string_view, k_query_kind_count> k_kind_names = {
    "exact1", "exact2", "prefix", "fuzzy1", "fuzzy2", "filtersort", "facet", "stress"};

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (;;) {
        auto const end = std::min(text.find(separator), text.size());
        out.emplace_back(text.substr(0, end));
        if (end == text.size()) return out;
        text.remove_prefix(end + 1);
    }
}

/// The rows below the head line, cut into cells.
Result<std::vector<std::vector<std::string>>> load_rows(std::string const& path) {
    auto const files = make_posix_file_system();
    ASSIGN_OR_RETURN(auto const bytes, files->read_file(path, k_query_file_bytes_max));
    auto const lines = split(as_text(bytes), '\n');
    std::vector<std::vector<std::string>> out;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (!lines[i].empty()) out.push_back(split(lines[i], '\t'));
    }
    return out;
}

std::string folded_name(std::string_view name) {
    std::string out;
    for (char c : name) {
        if (c == '_' || c == '.') c = '-';
        if (c == '-' && !out.empty() && out.back() == '-') continue;
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

/// 1 = first; 0 = not among the first ten.
std::size_t rank_of(JudgedQuery const& query, std::vector<std::string> const& names) {
    std::vector<std::string> expected;
    expected.reserve(query.expected.size());
    for (auto const& name : query.expected) expected.push_back(folded_name(name));
    std::vector<std::string> seen;
    for (auto const& name : names) {
        auto const folded = folded_name(name);
        if (std::find(seen.begin(), seen.end(), folded) != seen.end()) continue;
        if (seen.size() == k_judged_results) return 0;
        seen.push_back(folded);
        if (std::find(expected.begin(), expected.end(), folded) != expected.end()) return seen.size();
    }
    return 0;
}

}  // namespace

std::string_view kind_name(QueryKind kind) { return k_kind_names[static_cast<std::size_t>(kind)]; }

Result<std::vector<LatencyQuery>> load_latency_queries(std::string const& path) {
    ASSIGN_OR_RETURN(auto const rows, load_rows(path));
    std::vector<LatencyQuery> out;
    for (auto const& row : rows) {
        auto const kind = std::find(k_kind_names.begin(), k_kind_names.end(), row[0]);
        if (kind == k_kind_names.end() || row.size() < 2) {
            return Error{Errc::invalid, path + ": not a latency query: " + row[0]};
        }
        LatencyQuery query;
        query.kind = static_cast<QueryKind>(kind - k_kind_names.begin());
        query.text = row[1];
        if (row.size() > 2) query.category = row[2];
        if (row.size() > 3) {
            std::from_chars(row[3].data(), row[3].data() + row[3].size(), query.downloads_min);
        }
        out.push_back(std::move(query));
    }
    return out;
}

Result<std::vector<JudgedQuery>> load_judged_queries(std::string const& path) {
    ASSIGN_OR_RETURN(auto const rows, load_rows(path));
    std::vector<JudgedQuery> out;
    for (auto const& row : rows) {
        if (row.size() < 3 || row[2].empty()) return Error{Errc::invalid, path + ": no expected name: " + row[0]};
        out.push_back({row[0], row[1], split(row[2], '|')});
    }
    return out;
}

std::map<std::string, Quality> judge(std::vector<JudgedQuery> const& queries,
                                     std::vector<std::vector<std::string>> const& answers) {
    std::map<std::string, Quality> out;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        auto const rank = rank_of(queries[i], answers[i]);
        for (auto const& key : {queries[i].kind, std::string{"all"}}) {
            auto& quality = out[key];
            ++quality.count;
            quality.mrr10 += rank == 0 ? 0 : 1 / static_cast<double>(rank);
            quality.success10 += rank == 0 ? 0 : 1;
        }
    }
    for (auto& [key, quality] : out) {
        quality.mrr10 /= static_cast<double>(quality.count);
        quality.success10 /= static_cast<double>(quality.count);
    }
    return out;
}

}  // namespace ggen::bench
