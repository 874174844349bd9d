#include "peers/search_children.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "base/file_system.hpp"
#include "peers/corpus.hpp"
#include "measure.hpp"
#include "peers/product_engine.hpp"
#include "peers/programs.hpp"
#include "peers/queries.hpp"
#include "search/index_writer.hpp"

namespace ggen::bench {
namespace {

std::string joined_paths(std::vector<std::string> const& paths) {
    std::string out;
    for (auto const& path : paths) out += (out.empty() ? "" : ",") + path;
    return out;
}

/// Runs `program` with `arguments`; what it prints.
Result<std::string> output_of(std::string const& program, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program);
    ASSIGN_OR_RETURN(auto done, run_well(std::move(arguments)));
    return std::move(done.output);
}

}  // namespace

Result<BuildFigures> build_in_child(std::string const& program, std::vector<std::string> const& corpus,
                                    std::string const& directory) {
    ASSIGN_OR_RETURN(auto const line,
                     output_of(program, {"child-build", "--corpus", joined_paths(corpus), "--index", directory}));
    BuildFigures out;
    if (std::sscanf(line.c_str(), "%lu %lu %lu %lu", &out.build_cpu_ns, &out.read_cpu_ns, &out.wall_ns,
                    &out.peak_bytes) != 4) {
        return Error{Errc::internal, "a measuring child said: " + line};
    }
    return out;
}

Result<OpenFigures> open_in_child(std::string const& program, std::string const& directory,
                                  std::string const& latency) {
    ASSIGN_OR_RETURN(auto const line, output_of(program, {"child-open", "--index", directory, "--latency", latency}));
    OpenFigures out;
    if (std::sscanf(line.c_str(), "%lu %lu %lu %lu %lu %lu", &out.first_result_ns, &out.first_result_cpu_ns,
                    &out.empty_bytes, &out.resident_bytes, &out.anonymous_bytes, &out.queries) != 6) {
        return Error{Errc::internal, "a measuring child said: " + line};
    }
    return out;
}

Result<void> run_build_child(std::vector<std::string> const& corpus, std::string const& directory) {
    auto const read_start = process_cpu_ns();
    std::size_t read = 0;
    for (auto const& path : corpus) {
        RETURN_IF_ERROR(each_document(path, [&](SearchDocument&& document) {
            read += document.name.empty() ? 0 : 1;
            return ok();
        }));
    }
    auto const read_cpu = process_cpu_ns() - read_start;
    auto const files = make_posix_file_system();
    auto const start = now_ns();
    auto const cpu_start = process_cpu_ns();
    ASSIGN_OR_RETURN(auto const builder, SearchIndexBuilder::create(*files, directory));
    for (auto const& path : corpus) {
        RETURN_IF_ERROR(each_document(path, [&](SearchDocument&& document) { return builder->add(document); }));
    }
    RETURN_IF_ERROR(builder->finish());
    auto const cpu = process_cpu_ns() - cpu_start;
    fmt::print("{} {} {} {}\n", cpu > read_cpu ? cpu - read_cpu : 0, read_cpu, now_ns() - start, memory_now().peak);
    return ok();
}

Result<void> run_open_child(std::string const& directory, std::string const& latency) {
    auto const empty = memory_now().resident;
    auto const start = now_ns();
    ASSIGN_OR_RETURN(auto const product, open_index_product(directory));
    std::vector<std::string> names;
    LatencyQuery first;
    first.text = "web server";
    RETURN_IF_ERROR(product->run(first, names));
    auto const first_ns = now_ns() - start;
    auto const first_cpu_ns = process_cpu_ns();
    ASSIGN_OR_RETURN(auto const queries, load_latency_queries(latency));
    for (auto const& query : queries) RETURN_IF_ERROR(product->run(query, names));
    auto const memory = memory_now();
    fmt::print("{} {} {} {} {} {}\n", first_ns, first_cpu_ns, empty, memory.resident, memory.anonymous,
               queries.size());
    return ok();
}

}  // namespace ggen::bench
