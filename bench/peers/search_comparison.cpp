#include "peers/search_comparison.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "base/file_system.hpp"
#include "peers/corpus.hpp"
#include "peers/latency.hpp"
#include "peers/product_engine.hpp"
#include "search/index_writer.hpp"
#include "peers/search_children.hpp"
#include "peers/search_report.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

constexpr int k_throughput_rounds = 3;

/// A directory for indexes: the one that was named, or one that is removed with everything in it.
class WorkDirectory {
public:
    static Result<WorkDirectory> make(std::string const& named) {
        WorkDirectory out;
        if (!named.empty()) {
            out.path_ = named;
            RETURN_IF_ERROR(out.files_->make_directories(named));
            return out;
        }
        std::string pattern = "/var/tmp/ggen-bench-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) return Error{Errc::io, "no directory for the indexes"};
        out.path_ = pattern;
        out.is_ours_ = true;
        return out;
    }
    WorkDirectory(WorkDirectory&& other) noexcept
        : files_(std::move(other.files_)),
          path_(std::move(other.path_)),
          is_ours_(std::exchange(other.is_ours_, false)) {}
    WorkDirectory(WorkDirectory const&) = delete;
    WorkDirectory& operator=(WorkDirectory const&) = delete;
    WorkDirectory& operator=(WorkDirectory&&) = delete;
    ~WorkDirectory() {
        if (is_ours_) static_cast<void>(files_->remove_tree(path_));
    }
    [[nodiscard]] std::string file(std::string const& name) const { return join_path(path_, name); }

private:
    WorkDirectory() : files_(make_posix_file_system()) {}

    std::unique_ptr<FileSystem> files_;
    std::string path_;
    bool is_ours_ = false;
};

Result<std::size_t> parse_size(std::string const& text, std::size_t all) {
    if (text == "all") return all;
    std::size_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code == std::errc{} && end == text.data() + text.size() && value > 0) return std::min(value, all);
    return Error{Errc::invalid, "--sizes takes numbers and `all`, not " + text};
}

Result<std::uint64_t> directory_bytes(std::string const& directory) {
    auto const files = make_posix_file_system();
    ASSIGN_OR_RETURN(auto const entries, files->list(directory));
    std::uint64_t total = 0;
    for (auto const& entry : entries) {
        ASSIGN_OR_RETURN(auto const info, files->info(join_path(directory, entry.name)));
        total += info.size_bytes;
    }
    return total;
}

/// Loads once, then measures each size.
class SearchRun {
public:
    explicit SearchRun(SearchComparisonOptions const& options, WorkDirectory work)
        : options_(options), work_(std::move(work)) {}

    Result<void> load() {
        auto const start = now_ns();
        ASSIGN_OR_RETURN(documents_, load_corpus(options_.corpus));
        if (documents_.empty()) return Error{Errc::invalid, "the corpus is empty"};
        documents_ = most_downloaded(documents_, documents_.size());
        fmt::print("corpus: {} packages, read in {}\n", documents_.size(), format_ns(now_ns() - start));
        if (!options_.queries.empty()) {
            ASSIGN_OR_RETURN(judged_, load_judged_queries(options_.queries));
        }
        if (!options_.latency.empty()) {
            ASSIGN_OR_RETURN(latency_, load_latency_queries(options_.latency));
        }
        return ok();
    }

    Result<void> measure_sizes() {
        std::vector<std::size_t> sizes;
        for (auto const& text : options_.sizes) {
            ASSIGN_OR_RETURN(auto const size, parse_size(text, documents_.size()));
            if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) sizes.push_back(size);
        }
        std::sort(sizes.begin(), sizes.end());
        for (auto const size : sizes) {
            RETURN_IF_ERROR(measure_size(size));
        }
        report_sizes(figures_);
        return ok();
    }

private:
    Result<void> measure_size(std::size_t size) {
        begin_table_section(fmt::format("{} packages", size));
        bool const is_whole = size == documents_.size();
        auto const directory = work_.file(fmt::format("index-{}", size));
        SizeFigures figures;
        figures.packages = size;
        Rows const rows{documents_.begin(), documents_.begin() + static_cast<std::ptrdiff_t>(size)};
        RETURN_IF_ERROR(is_whole ? build_whole(directory, &figures) : build_part(rows, directory, &figures));
        ASSIGN_OR_RETURN(figures.disk_bytes, directory_bytes(directory));
        if (!latency_.empty()) {
            ASSIGN_OR_RETURN(figures.open, open_in_child(program(), directory, options_.latency));
        }
        report_index(figures);
        ASSIGN_OR_RETURN(auto const product, open_index_product(directory));
        if (product->document_count() != size) {
            return Error{Errc::internal, fmt::format("the index of {} packages holds {}", size,
                                                     product->document_count())};
        }
        if (!latency_.empty()) {
            ASSIGN_OR_RETURN(figures.times, time_alone(*product, latency_));
            report_latency(figures.times);
        }
        if (!judged_.empty() && is_whole) {
            RETURN_IF_ERROR(measure_box(*product));
            RETURN_IF_ERROR(measure_throughput(*product));
        }
        figures_.push_back(std::move(figures));
        if (is_whole && !options_.peers.empty() && !latency_.empty()) {
            RETURN_IF_ERROR(measure_peers(*product, rows));
        }
        if (!is_whole) return ok();
        ASSIGN_OR_RETURN(auto const updates, time_updates(directory, documents_.front(), options_.updates));
        report_updates(updates);
        return ok();
    }

    /// In a child that streams the lists, as nothing else may count as memory of the build.
    Result<void> build_whole(std::string const& directory, SizeFigures* figures) {
        RETURN_IF_ERROR(make_posix_file_system()->remove_tree(directory));
        ASSIGN_OR_RETURN(auto const built, build_in_child(program(), options_.corpus, directory));
        figures->build_cpu_ns = built.build_cpu_ns;
        figures->build_peak_bytes = built.peak_bytes;
        return ok();
    }

    Result<void> build_part(Rows const& rows, std::string const& directory, SizeFigures* figures) {
        auto const files = make_posix_file_system();
        RETURN_IF_ERROR(files->remove_tree(directory));
        auto const start = process_cpu_ns();
        ASSIGN_OR_RETURN(auto const builder, SearchIndexBuilder::create(*files, directory));
        for (auto const& row : rows) RETURN_IF_ERROR(builder->add(row));
        RETURN_IF_ERROR(builder->finish());
        figures->build_cpu_ns = process_cpu_ns() - start;
        return ok();
    }

    Result<void> measure_box(Product& product) {
        ASSIGN_OR_RETURN(auto const box, time_search_box(product, judged_));
        report_box(box, judge(judged_, box.answers));
        if (options_.results.empty()) return ok();
        std::string text;
        for (std::size_t i = 0; i < judged_.size(); ++i) {
            text += judged_[i].text + '\t';
            for (auto const& name : box.answers[i]) text += (text.back() == '\t' ? "" : "|") + name;
            text += '\n';
        }
        auto const files = make_posix_file_system();
        return files->write_file_atomic(options_.results, as_bytes(text), Sync::none);
    }

    /// Rounds, so that a busy minute does not fall on one count of threads alone; the best round counts.
    Result<void> measure_throughput(Product& product) {
        std::vector<Throughput> best{{1, 0, 0}, {2, 0, 0}, {10, 0, 0}};
        for (int round = 0; round < k_throughput_rounds; ++round) {
            for (auto& entry : best) {
                ASSIGN_OR_RETURN(auto const rate,
                                 throughput(product, judged_, entry.threads, options_.throughput_ms * 1'000'000));
                if (rate.queries_per_s > entry.queries_per_s) entry = rate;
            }
        }
        report_throughput(best);
        return ok();
    }

    Result<void> measure_peers(Product& product, Rows const& rows) {
        std::vector<std::unique_ptr<Engine>> peers;
        for (auto const& name : options_.peers) {
            auto const start = process_cpu_ns();
            if (name == "sqlite") {
                ASSIGN_OR_RETURN(auto peer, open_sqlite_peer(work_.file("sqlite.db"), rows));
                peers.push_back(std::move(peer));
            } else if (name == "xapian") {
                ASSIGN_OR_RETURN(auto peer, open_xapian_peer(work_.file("xapian"), rows));
                if (!peer) {
                    fmt::print("peer xapian: SKIPPED, libxapian-dev was not installed when this was built\n");
                    continue;
                }
                peers.push_back(*std::move(peer));
            } else {
                return Error{Errc::invalid, "no peer is called " + name + "; there are sqlite and xapian"};
            }
            fmt::print("peer {}: ready after {} of CPU time\n", name, format_ns(process_cpu_ns() - start));
        }
        std::vector<Engine*> engines{&product};
        for (auto const& peer : peers) engines.push_back(peer.get());
        if (engines.size() == 1) return ok();
        ASSIGN_OR_RETURN(auto const times, time_side_by_side(engines, latency_, options_.peer_every));
        report_side_by_side(engines, times);
        return ok();
    }

    [[nodiscard]] std::string program() const {
        return options_.program.empty() ? k_this_program : options_.program;
    }

    SearchComparisonOptions const& options_;
    WorkDirectory work_;
    Rows documents_;
    std::vector<JudgedQuery> judged_;
    std::vector<LatencyQuery> latency_;
    std::vector<SizeFigures> figures_;
};

}  // namespace

Result<void> run_search_comparison(SearchComparisonOptions const& options) {
    ASSIGN_OR_RETURN(auto work, WorkDirectory::make(options.work));
    SearchRun run{options, std::move(work)};
    RETURN_IF_ERROR(run.load());
    return run.measure_sizes();
}

}  // namespace ggen::bench
