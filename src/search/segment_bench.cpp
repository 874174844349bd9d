// Builds a segment from lists of packages and measures it: build time, peak memory, bytes a section, opening, look-ups.
// With --check also compares fuzzy look-ups with brute force over every string.
//
//   search_segment_bench [--build-only] [--no-times] [--check N] [--only KIND] [--keep PATH] LIST.tsv.zst…
//
// Without lists the segment kept at PATH is measured; --only times the kinds whose name contains KIND.
// Lists have a header line and the columns name, version, downloads_a_month, summary (npm) or name, version, month,
// rank, summary (PyPI). Prints to stdout; exit code 1 when a comparison differs.
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "search/segment_builder.hpp"
#include "search/segment_reader.hpp"
#include "search/text.hpp"

namespace ggen::search_index {
namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double cpu_us() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// A number in kB from /proc/self/status.
long status_kb(char const* key) {
    std::FILE* const file = std::fopen("/proc/self/status", "re");
    char line[256];
    long value = 0;
    std::string const pattern = std::string{key} + ": %ld kB";
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
        if (std::sscanf(line, pattern.c_str(), &value) == 1) break;
    }
    if (file != nullptr) std::fclose(file);
    return value;
}

/// Calls `visit` for each line of a zstd file.
template <class Visit>
bool for_each_line(std::string const& path, Visit visit) {
    std::FILE* const file = std::fopen(path.c_str(), "rbe");
    if (file == nullptr) return false;
    ZSTD_DStream* const stream = ZSTD_createDStream();
    std::vector<char> in(ZSTD_DStreamInSize());
    std::vector<char> out(ZSTD_DStreamOutSize());
    std::string line;
    std::size_t got = 0;
    while ((got = std::fread(in.data(), 1, in.size(), file)) > 0) {
        ZSTD_inBuffer source{in.data(), got, 0};
        while (source.pos < source.size) {
            ZSTD_outBuffer target{out.data(), out.size(), 0};
            if (ZSTD_isError(ZSTD_decompressStream(stream, &target, &source)) != 0) return false;
            for (std::size_t i = 0; i < target.pos; ++i) {
                if (out[i] != '\n') {
                    line += out[i];
                    continue;
                }
                visit(line);
                line.clear();
            }
        }
    }
    ZSTD_freeDStream(stream);
    std::fclose(file);
    return true;
}

std::vector<std::string> fields_of(std::string const& line) {
    std::vector<std::string> fields(1);
    for (char const c : line) {
        if (c == '\t') fields.emplace_back();
        else fields.back() += c;
    }
    return fields;
}

/// Columns that the lists lack come from a hash of the name.
SearchDocument document_of(std::vector<std::string> const& fields, bool is_npm) {
    SearchDocument document;
    document.name = fields[0];
    document.version = fields[1];
    document.description = fields.back();
    document.origin = is_npm ? "https://npm.example" : "https://pypi.example";
    std::uint64_t hash = std::hash<std::string>{}(document.name);
    auto const draw = [&](std::uint64_t below) {
        hash = hash * 6364136223846793005ULL + 1442695040888963407ULL;
        return (hash >> 33U) % below;
    };
    std::uint64_t const number = std::strtoull(fields[is_npm ? 2 : 3].c_str(), nullptr, 10);
    document.downloads = is_npm ? number : number > 0 ? 300'000'000 / number : draw(3'000);
    document.category = "category-" + std::to_string(draw(40));
    document.license = std::vector<std::string>{"MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "GPL-3.0"}[draw(5)];
    document.authors = {"author-" + std::to_string(draw(300'000))};
    document.stars = draw(10) < 7 ? 0 : draw(2'000);
    document.released_unix = static_cast<std::int64_t>(15'000 + draw(5'000)) * 86'400;
    return document;
}

/// Documents that a fuzzy prefix may name in the comparison.
constexpr DocId k_popular = 200'000;

struct Options {
    std::size_t checks = 0;
    bool builds_only = false;
    bool times = true;
    std::string path;
    std::string only;
    std::vector<std::string> lists;
};

bool build(FileSystem& files, Options const& options) {
    double const start = cpu_seconds();
    double parsing = 0;
    auto builder = SegmentBuilder::create(files, options.path, make_analyser());
    if (!builder) return false;
    bool good = true;
    for (auto const& list : options.lists) {
        bool header = true;
        bool is_npm = false;
        good = good && for_each_line(list, [&](std::string const& line) {
            double const from = cpu_us();
            if (header) is_npm = line.find("downloads_a_month") != std::string::npos;
            bool const skip = std::exchange(header, false);
            auto const fields = fields_of(line);
            if (skip || fields.size() < 4) return;
            auto const document = document_of(fields, is_npm);
            parsing += cpu_us() - from;
            good = good && (*builder)->add(document).has_value();
        });
    }
    double const added = cpu_seconds();
    auto const summary = (*builder)->finish();
    if (!good || !summary) {
        std::fprintf(stderr, "build failed: %s\n", summary ? "input" : summary.error().context.c_str());
        return false;
    }
    std::printf("build: %u packages, %u strings, add %.2f s (and parsing %.2f s), finish %.2f s CPU, peak %.1f MB\n",
                summary->doc_count, summary->term_count, added - start - parsing / 1e6, parsing / 1e6,
                cpu_seconds() - added, static_cast<double>(status_kb("VmHWM")) / 1024);
    return true;
}

void print_sections(SegmentReader const& reader) {
    for (auto const& info : reader.sections()) {
        std::printf("  %-20s %12.3f MB\n", std::string{section_name(info.section)}.c_str(),
                    static_cast<double>(info.bytes) / 1e6);
    }
    std::printf("  %-20s %12.3f MB\n", "file", static_cast<double>(reader.file_bytes()) / 1e6);
}

std::string edited(std::string text, unsigned edits, std::mt19937_64& random) {
    for (; edits > 0 && !text.empty(); --edits) {
        std::size_t const at = random() % text.size();
        char const letter = static_cast<char>('a' + random() % 26);
        switch (random() % 4) {
            case 0: text.erase(at, 1); break;
            case 1: text[at] = letter; break;
            case 2: text.insert(at, 1, letter); break;
            default:
                if (at + 1 < text.size()) std::swap(text[at], text[at + 1]);
        }
    }
    return text;
}

/// Strings of the dictionary, the more popular the likelier, with `edits` errors.
std::vector<std::string> draw_queries(SegmentView const& view, std::size_t count, unsigned edits, std::size_t least,
                                      std::size_t most) {
    std::mt19937_64 random{count + std::size_t{edits} * 7 + least};
    std::vector<std::string> queries;
    TermBuffer buffer;
    while (queries.size() < count) {
        auto const term = static_cast<TermId>(random() % view.term_count());
        std::string const text{view.term_text(term, buffer)};
        bool const popular = view.term_best_name_doc(term) < view.doc_count() / (1 + random() % 50);
        if (popular && text.size() >= least && text.size() <= most) queries.push_back(edited(text, edits, random));
    }
    return queries;
}

template <class Ask>
void time_queries(char const* label, std::vector<std::string> const& queries, Ask ask) {
    std::vector<double> times;
    std::size_t found = 0;
    for (auto const& query : queries) {
        double best = 1e9;
        for (int round = 0; round < 5; ++round) {
            double const start = cpu_us();
            std::size_t const n = ask(query);
            best = std::min(best, cpu_us() - start);
            if (round == 0) found += n;
        }
        times.push_back(best);
    }
    std::sort(times.begin(), times.end());
    std::printf("  %-28s p50 %8.2f us  p99 %8.2f us  max %8.2f us  %.1f found\n", label, times[times.size() / 2],
                times[times.size() * 99 / 100], times.back(),
                static_cast<double>(found) / static_cast<double>(queries.size()));
}

void time_look_ups(SegmentView const& view, std::string const& only) {
    FuzzyScratch scratch;
    std::vector<FuzzyMatch> matches;
    BestNameScratch names;
    std::string name_buffer;
    StoreScratchPtr store;
    constexpr std::size_t k_count = 500;
    auto const time_kind = [&](std::string const& label, std::vector<std::string> const& queries, auto ask) {
        if (label.find(only) != std::string::npos) time_queries(label.c_str(), queries, ask);
    };
    time_kind("find", draw_queries(view, k_count, 0, 2, 30), [&](auto const& q) { return view.find(q) != k_none; });
    time_kind("prefix_range (3)", draw_queries(view, k_count, 0, 3, 3),
              [&](auto const& q) { return view.prefix_range(q).size(); });
    time_kind("24 best names of a prefix", draw_queries(view, k_count, 0, 2, 5), [&](auto const& q) {
        auto const range = view.prefix_range(q);
        std::size_t n = 0;
        for (view.begin_best_names(range, names); n < 24 && view.next_best_name(range, names); ++n) {}
        return n;
    });
    auto const fuzzy = [&](unsigned distance) {
        return [&, distance](auto const& q) {
            view.fuzzy(q, distance, scratch, matches);
            return matches.size();
        };
    };
    auto const speed = scratch.speed;
    for (auto const slower : {speed, ScanSpeed::avx2, ScanSpeed::scalar}) {
        scratch.speed = slower;
        std::printf(" scan speed %d\n", static_cast<int>(slower));
        time_kind("fuzzy 1, 4 to 30", draw_queries(view, k_count, 1, 4, 30), fuzzy(1));
        time_kind("fuzzy 2, 8 to 30", draw_queries(view, k_count, 2, 8, 30), fuzzy(2));
        time_kind("fuzzy 2, 6 to 7", draw_queries(view, k_count, 2, 6, 7), fuzzy(2));
        time_kind("fuzzy 2, 4 to 5", draw_queries(view, k_count, 2, 4, 5), fuzzy(2));
        time_kind("fuzzy 2, 3", draw_queries(view, k_count, 2, 3, 3), fuzzy(2));
        time_kind("fuzzy prefix, all", draw_queries(view, k_count, 1, 5, 12), [&](auto const& q) {
            view.fuzzy_prefix(q, 1, scratch, k_none, matches);
            return matches.size();
        });
        time_kind("fuzzy prefix, 10,000 best", draw_queries(view, k_count, 1, 5, 12), [&](auto const& q) {
            view.fuzzy_prefix(q, 1, scratch, 10'000, matches);
            return matches.size();
        });
        if (slower == ScanSpeed::scalar) break;
    }
    std::mt19937_64 random{1};
    auto const any_doc = [&] { return static_cast<DocId>(random() % view.doc_count()); };
    time_kind("name", std::vector<std::string>(k_count),
              [&](auto const&) { return view.name(any_doc(), name_buffer).size(); });
    time_kind("stored", std::vector<std::string>(k_count),
              [&](auto const&) { return view.stored(any_doc(), store).has_value(); });
    for (char const* const word : {"react", "for", "python"}) {
        time_kind(std::string{"walk of "} + word, {word}, [&](auto const& q) {
            std::size_t n = 0;
            for (auto cursor = view.postings(view.find(q)); !cursor.at_end(); cursor.next()) n += cursor.flags() & 1U;
            return n;
        });
    }
}

/// Compares a query with every string by the table of distances, plain but for giving up early.
class BruteForce {
public:
    explicit BruteForce(SegmentView const& view) {
        TermBuffer buffer;
        std::array<char32_t, k_term_bytes_max> points;
        for (TermId term = 0; term < view.term_count(); ++term) {
            starts_.push_back(points_.size());
            auto const count = decode_code_points(view.term_text(term, buffer), points);
            points_.insert(points_.end(), points.begin(), points.begin() + static_cast<std::ptrdiff_t>(count));
        }
        starts_.push_back(points_.size());
    }

    void ask(std::string const& query, unsigned limit, bool is_prefix, std::vector<FuzzyMatch>& out) {
        std::array<char32_t, k_term_bytes_max> points;
        std::span<char32_t const> const a{points.data(), decode_code_points(query, points)};
        out.clear();
        for (TermId term = 0; term + 1 < starts_.size(); ++term) {
            std::span<char32_t const> b{points_.data() + starts_[term], starts_[term + 1] - starts_[term]};
            if (is_prefix) b = b.first(std::min(b.size(), a.size() + limit));
            if (b.size() > a.size() + limit || a.size() > b.size() + limit) continue;
            unsigned const d = distance(a, b, limit, is_prefix);
            if (d <= limit) out.push_back({term, static_cast<std::uint8_t>(d)});
        }
    }

private:
    /// Only cells within `limit` of the diagonal can matter; those beside them count as too far.
    unsigned distance(std::span<char32_t const> a, std::span<char32_t const> b, unsigned limit, bool is_prefix) {
        auto* before = rows_[0].data();
        auto* previous = rows_[1].data();
        auto* row = rows_[2].data();
        unsigned const far = limit + 1;
        std::size_t high = std::min<std::size_t>(b.size(), limit);
        for (std::size_t j = 0; j <= high; ++j) previous[j] = static_cast<unsigned>(j);
        previous[high + 1] = far;
        unsigned least_before = 0;
        for (std::size_t i = 1; i <= a.size(); ++i) {
            std::size_t const low = i > limit ? i - limit : 1;
            high = std::min(b.size(), i + limit);
            row[low - 1] = low == 1 ? static_cast<unsigned>(i) : far;
            unsigned least = row[low - 1];
            for (std::size_t j = low; j <= high; ++j) {
                unsigned best = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
                best = std::min({best, previous[j] + 1, row[j - 1] + 1});
                bool const swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if (swapped) best = std::min(best, before[j - 2] + 1);
                row[j] = best;
                least = std::min(least, best);
            }
            row[high + 1] = far;
            if (least > limit && least_before > limit) return far;
            least_before = least;
            std::swap(before, previous);
            std::swap(previous, row);
        }
        if (!is_prefix) return previous[b.size()];
        auto* const first = previous + (a.size() > limit ? a.size() - limit : 0);
        return *std::min_element(first, previous + high + 1);
    }

    std::vector<char32_t> points_;
    std::vector<std::size_t> starts_;
    std::array<std::array<unsigned, k_term_bytes_max + 3>, 3> rows_{};
};

std::size_t differences(SegmentView const& view, std::size_t count) {
    BruteForce brute{view};
    FuzzyScratch scratch;
    std::vector<FuzzyMatch> found;
    std::vector<FuzzyMatch> wanted;
    std::size_t different = 0;
    auto const compare = [&](char const* label, unsigned edits, std::size_t least, auto ask, bool is_prefix) {
        std::size_t const before = different;
        std::size_t matches = 0;
        for (auto const& query : draw_queries(view, count, edits, least, 40)) {
            ask(query);
            brute.ask(query, edits, is_prefix, wanted);
            if (is_prefix) {
                std::erase_if(wanted, [&](FuzzyMatch m) { return view.term_best_name_doc(m.term) >= k_popular; });
            }
            if (found != wanted) ++different;
            matches += wanted.size();
        }
        std::printf("check %-14s %zu queries, %zu matches, %zu differences\n", label, count, matches,
                    different - before);
    };
    compare("fuzzy 1", 1, 1, [&](auto const& q) { view.fuzzy(q, 1, scratch, found); }, false);
    compare("fuzzy 2", 2, 2, [&](auto const& q) { view.fuzzy(q, 2, scratch, found); }, false);
    compare("fuzzy prefix", 1, 3, [&](auto const& q) { view.fuzzy_prefix(q, 1, scratch, k_popular, found); }, true);
    return different;
}

int run(Options const& options) {
    auto const files = make_posix_file_system();
    if (!options.lists.empty() && !build(*files, options)) return 2;
    double const before = cpu_us();
    auto const reader = SegmentReader::open(*files, options.path);
    double const opened = cpu_us();
    if (!reader) {
        std::fprintf(stderr, "%s\n", reader.error().context.c_str());
        return 2;
    }
    std::printf("open: %.0f us CPU\n", opened - before);
    auto const verified = (*reader)->verify();
    std::printf("verify: %s, %.1f ms CPU\n", verified ? "good" : verified.error().context.c_str(),
                (cpu_us() - opened) / 1e3);
    print_sections(**reader);
    if (options.builds_only) return 0;
    if (options.times) time_look_ups((*reader)->view(), options.only);
    if (options.checks == 0) return 0;
    return differences((*reader)->view(), options.checks) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ggen::search_index

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    ggen::search_index::Options options;
    bool keeps = false;
    for (int i = 1; i < argc; ++i) {
        std::string const argument = argv[i];
        if (argument == "--check" && i + 1 < argc) options.checks = std::strtoull(argv[++i], nullptr, 10);
        else if (argument == "--build-only") options.builds_only = true;
        else if (argument == "--no-times") options.times = false;
        else if (argument == "--only" && i + 1 < argc) options.only = argv[++i];
        else if (argument == "--keep" && i + 1 < argc) options.path = argv[++i], keeps = true;
        else options.lists.push_back(argument);
    }
    if (options.lists.empty() && !keeps) {
        std::fprintf(stderr, "usage: search_segment_bench [OPTIONS] LIST.tsv.zst...\n");
        return 2;
    }
    if (!keeps) options.path = "search-segment-bench." + std::to_string(getpid());
    int const code = ggen::search_index::run(options);
    if (!keeps) {
        std::remove(options.path.c_str());
        std::remove((options.path + ".build-0.lock").c_str());
    }
    return code;
}
