#include "peers/store_timings.hpp"

#include <fmt/format.h>

#include "base/file_system.hpp"
#include "base/time.hpp"
#include "measure.hpp"
#include "store/package_store.hpp"
#include "table.hpp"

namespace ggen::bench {
namespace {

constexpr std::size_t k_packages = 10'000;
constexpr std::size_t k_questions = 20'000;

Digest tree_of(std::size_t number) { return sha256(as_bytes(fmt::format("package {}", number))); }

void add_row(Table& table, std::string const& what, Samples const& samples, std::string const& goal) {
    table.add({what, std::to_string(samples.count()), format_us(samples.percentile(50)),
               format_us(samples.percentile(99)), goal});
}

Result<Samples> write_all(PackageStore& store) {
    Samples samples;
    auto const text = std::string(1'000, 'x');
    for (std::size_t i = 0; i < k_packages; ++i) {
        auto const fill = [&](auto const& add) -> Result<void> {
            return add(StoreFile{"gpack.toml", false, as_bytes(text)});
        };
        auto const started = now_ns();
        ASSIGN_OR_RETURN(auto const ensured, store.ensure(tree_of(i), "acme/some@1.0.0", fill));
        samples.add(now_ns() - started);
        if (ensured != PackageStore::Ensured::fetched) return Error{Errc::internal, "the store was not empty"};
    }
    return samples;
}

}  // namespace

Result<void> run_store_suite(std::string const& room) {
    auto const files = make_posix_file_system();
    SystemClock clock;
    auto const directory = room + "/store";
    ASSIGN_OR_RETURN(auto const store, PackageStore::open(*files, clock, directory));
    ASSIGN_OR_RETURN(auto const writes, write_all(*store));
    Samples hits;
    Samples uses;
    Samples misses;
    for (std::size_t i = 0; i < k_questions; ++i) {
        auto const present = tree_of(i * 7'919 % k_packages);
        auto const absent = tree_of(k_packages + i);
        auto started = now_ns();
        bool const is_hit = store->contains(present);
        hits.add(now_ns() - started);
        started = now_ns();
        bool const is_used = store->use(present);
        uses.add(now_ns() - started);
        started = now_ns();
        bool const is_miss = !store->contains(absent);
        misses.add(now_ns() - started);
        if (!is_hit || !is_used || !is_miss) return Error{Errc::internal, "the store answers wrongly"};
    }
    CollectRequest request;
    auto const cpu_started = process_cpu_ns();
    auto const started = now_ns();
    ASSIGN_OR_RETURN(auto const collected, store->collect(request));
    auto const took = now_ns() - started;
    auto const cpu = process_cpu_ns() - cpu_started;
    if (collected.removed_packages != k_packages) return Error{Errc::internal, "not everything was collected"};
    Table table{{fmt::format("store of {} packages", k_packages), "samples", "p50 us", "p99 us", "goal"}};
    add_row(table, "hit", hits, "20 us");
    add_row(table, "hit, marked as used", uses, "20 us");
    add_row(table, "miss", misses, "5 us");
    add_row(table, "write of one file", writes, "");
    table.add({"collection, a package", std::to_string(k_packages), format_us(took / k_packages), "", "1 ms"});
    table.add({fmt::format("  all {}", k_packages), "1", format_us(took), "", ""});
    table.add({"  processor time of it", std::to_string(k_packages), format_us(cpu / k_packages), "", ""});
    table.print();
    return ok();
}

}  // namespace ggen::bench
