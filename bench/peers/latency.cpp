#include "peers/latency.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "base/file_system.hpp"
#include "search/index_writer.hpp"

namespace ggen::bench {
namespace {

/// Nanoseconds that `call` takes.
template <class Call>
Result<std::uint64_t> timed(Call const& call) {
    auto const start = now_ns();
    RETURN_IF_ERROR(call());
    return now_ns() - start;
}

template <class Call>
Result<std::uint64_t> least_of(int runs, Call const& call) {
    auto least = ~std::uint64_t{0};
    for (int run = 0; run < runs; ++run) {
        ASSIGN_OR_RETURN(auto const ns, timed(call));
        least = std::min(least, ns);
    }
    return least;
}

}  // namespace

Result<LatencyTimes> time_alone(Engine& engine, std::vector<LatencyQuery> const& queries) {
    LatencyTimes out;
    std::vector<std::string> names;
    for (auto const& query : queries) {
        if (!engine.answers(query.kind)) continue;
        ASSIGN_OR_RETURN(auto const ns, timed([&] { return engine.run(query, names); }));
        out[static_cast<std::size_t>(query.kind)].first.add(ns);
    }
    for (auto const& query : queries) {
        if (!engine.answers(query.kind)) continue;
        ASSIGN_OR_RETURN(auto const ns, least_of(k_runs_per_query, [&] { return engine.run(query, names); }));
        out[static_cast<std::size_t>(query.kind)].least.add(ns);
    }
    return out;
}

Result<std::vector<LatencyTimes>> time_side_by_side(std::vector<Engine*> const& engines,
                                                    std::vector<LatencyQuery> const& queries, std::size_t every) {
    std::vector<LatencyTimes> out(engines.size());
    std::array<std::size_t, k_query_kind_count> seen{};
    std::vector<std::string> names;
    for (auto const& query : queries) {
        auto const kind = static_cast<std::size_t>(query.kind);
        if (seen[kind]++ % every != 0) continue;
        for (std::size_t i = 0; i < engines.size(); ++i) {
            if (!engines[i]->answers(query.kind)) continue;
            auto const run = [&] { return engines[i]->run(query, names); };
            ASSIGN_OR_RETURN(auto const first, timed(run));
            ASSIGN_OR_RETURN(auto const least, least_of(first > k_slow_query_ns ? 1 : k_runs_per_query, run));
            out[i][kind].first.add(first);
            out[i][kind].least.add(std::min(first, least));
        }
    }
    return out;
}

Result<BoxTimes> time_search_box(Product& product, std::vector<JudgedQuery> const& queries) {
    BoxTimes out;
    for (auto const& query : queries) {
        std::vector<std::string> names;
        ASSIGN_OR_RETURN(auto const ns, timed([&] { return product.search_box(query.text, names); }));
        out.first.add(ns);
        out.answers.push_back(std::move(names));
    }
    std::vector<std::string> names;
    for (auto const& query : queries) {
        auto const run = [&] { return product.search_box(query.text, names); };
        ASSIGN_OR_RETURN(auto const ns, least_of(k_runs_per_query, run));
        out.least.add(ns);
    }
    return out;
}

Result<UpdateTimes> time_updates(std::string const& directory, SearchDocument document, std::size_t count) {
    auto const files = make_posix_file_system();
    ASSIGN_OR_RETURN(auto const writer, SearchIndexWriter::open(*files, directory));
    UpdateTimes out;
    for (std::size_t i = 0; i < count; ++i) {
        SearchQuery query;
        query.text = "qzupdate" + std::to_string(i) + "word";
        document.description = query.text;
        IndexChange const change{IndexChange::Kind::upsert, document};
        std::atomic<std::uint64_t> seen_ns{0};
        std::atomic<bool> is_watching{false};
        std::atomic<bool> is_over{false};
        std::thread watcher{[&] {
            // The first search makes this thread's scratch.
            static_cast<void>(writer->snapshot()->search(query));
            is_watching = true;
            while (true) {
                bool const is_last = is_over;
                auto const page = writer->snapshot()->search(query);
                bool const is_found = page && !page->hits.empty() && page->hits[0].document.name == document.name;
                if (is_found) seen_ns = now_ns();
                if (is_found || is_last) return;
            }
        }};
        while (!is_watching) std::this_thread::yield();
        auto const start = now_ns();
        auto const applied = writer->apply({&change, 1});
        auto const durable = now_ns() - start;
        is_over = true;
        watcher.join();
        RETURN_IF_ERROR(applied);
        if (seen_ns == 0) return Error{Errc::internal, "an update was not found by the next search: " + query.text};
        out.durable.add(durable);
        out.visible.add(seen_ns - start);
    }
    return out;
}

Result<Throughput> throughput(Product& product, std::vector<JudgedQuery> const& queries, unsigned threads,
                          std::uint64_t run_ns) {
    std::vector<std::uint64_t> answered(threads);
    std::vector<std::optional<Error>> errors(threads);
    std::atomic<unsigned> ready{0};
    std::atomic<std::uint64_t> end{0};
    auto const work = [&](unsigned thread) {
        std::vector<std::string> names;
        ++ready;
        while (end.load() == 0) std::this_thread::yield();
        std::uint64_t count = 0;
        // Each thread begins elsewhere, so that they do not ask in step.
        for (auto i = std::size_t{thread} * queries.size() / threads; now_ns() < end.load(); ++i) {
            if (auto answer = product.search_box(queries[i % queries.size()].text, names); !answer) {
                errors[thread] = answer.error();
                break;
            }
            ++count;
        }
        answered[thread] = count;
    };
    std::vector<std::thread> pool;
    pool.reserve(threads);
    for (unsigned thread = 0; thread < threads; ++thread) pool.emplace_back(work, thread);
    while (ready.load() < threads) std::this_thread::yield();
    auto const start = now_ns();
    auto const cpu_start = process_cpu_ns();
    end = start + run_ns;
    for (auto& thread : pool) thread.join();
    auto const cpu_ns = process_cpu_ns() - cpu_start;
    auto const seconds = static_cast<double>(now_ns() - start) / 1e9;
    std::uint64_t total = 0;
    for (unsigned thread = 0; thread < threads; ++thread) {
        if (errors[thread]) return *errors[thread];
        total += answered[thread];
    }
    Throughput out{threads, static_cast<double>(total) / seconds, 0};
    if (total > 0) out.cpu_ns_per_query = static_cast<double>(cpu_ns) / static_cast<double>(total);
    return out;
}

}  // namespace ggen::bench
