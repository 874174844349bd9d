// usage: metadata_bench DIR [PACKAGES [RELEASES]]
//            writes an index of made-up packages (default 1,000,000 with 10,000,000 releases) into DIR, streaming, and
//            looks packages up in it; then adds a change of 100 packages and merges the two files. Prints times,
//            sizes and memory. "peak" is the largest resident set.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

#include "metadata/index_chain.hpp"
#include "metadata/package_encoder.hpp"

namespace ggen::metadata {
namespace {

constexpr std::uint64_t k_seed = 1;
constexpr std::uint64_t k_sought = 600;

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double peak_mb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Memory that no file backs, in MB.
double anonymous_mb() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) return std::atof(line.c_str() + 8) / 1024;
    }
    return 0;
}

std::string name_of(std::uint64_t number) {
    auto digits = std::to_string(number);
    return "made-up-" + std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

/// Packages as registries have them: most have few versions, a few have hundreds; neighbours need the same.
class Maker {
public:
    Maker(std::uint64_t packages, std::uint64_t releases) : packages_(packages), mean_(releases / packages) {
        ranges_.reserve(6);
        for (auto const* text : {"^1.0.0", "^2.3.1", "~4.17.21", ">=1.2 <3", "*", "1.2.3"})
            ranges_.push_back(VersionRange::parse(text).value());
    }
    Bytes make(std::uint64_t number) {
        std::mt19937_64 random{k_seed + number};
        auto const spread = random() % 100;
        auto const count = std::max<std::uint64_t>(1, spread == 0 ? mean_ * 20 : spread < 30 ? mean_ : mean_ * 3 / 4);
        std::vector<std::string> names;
        names.reserve(8);
        for (int i = 0; i < 8; ++i) names.push_back(name_of(random() % packages_));
        std::vector<std::vector<NeedFacts>> lists(1 + count / 8);
        for (auto& list : lists) {
            for (auto needs = random() % 6; needs > 0; --needs)
                list.push_back({names[random() % names.size()], &ranges_[random() % ranges_.size()], false});
        }
        std::vector<Version> versions;
        std::vector<LogFacts> logs(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            versions.emplace_back(i / 30, i / 3 % 10, i % 3);
            logs[i].index = number * mean_ + i;
            logs[i].first_seen_unix = static_cast<std::int64_t>(1'500'000'000 + number + i * 86'400);
            for (std::size_t at = 0; at < logs[i].leaf.size(); at += 8) {
                auto const word = random();
                for (std::size_t k = 0; k < 8; ++k) logs[i].leaf[at + k] = static_cast<std::uint8_t>(word >> (8 * k));
            }
        }
        std::vector<ReleaseFacts> facts;
        facts.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i)
            facts.push_back({&versions[i], i % 50 == 49, true, lists[i / 8], &logs[i]});
        return encode_package(PackageName::parse(name_of(number)).value(), std::move(facts)).value();
    }

private:
    std::uint64_t packages_;
    std::uint64_t mean_;
    std::vector<VersionRange> ranges_;
};

void write(FileSystem& files, std::string const& path, Maker& maker, std::uint64_t packages) {
    auto const start = seconds();
    auto writer = IndexWriter::create(files, path, {}).value();
    for (std::uint64_t i = 0; i < packages; ++i) {
        auto const bytes = maker.make(i);
        auto const added = writer->add(PackageRecord::open(bytes).value());
        GGEN_ASSERT(added);
    }
    auto const done = writer->finish(Sync::durable);
    GGEN_ASSERT(done);
    std::printf("write        %8.2f s, peak memory %.1f MB\n", seconds() - start, peak_mb());
}

void look_up(FileSystem& files, std::string const& directory, std::uint64_t packages) {
    auto const start = seconds();
    auto const chain = IndexChain::open(files, directory).value();
    std::printf("open         %8.3f ms, %zu files, %.1f MB\n", (seconds() - start) * 1e3, chain->file_count(),
                static_cast<double>(chain->file_bytes()) / 1e6);
    std::mt19937_64 random{k_seed};
    std::uint64_t found = 0;
    std::uint64_t bytes = 0;
    auto const begin = seconds();
    for (std::uint64_t i = 0; i < k_sought; ++i) {
        auto const record = chain->find(name_of(random() % packages)).value();
        found += record ? 1 : 0;
        bytes += record ? record->bytes().size() : 0;
    }
    std::printf("find %llu     %8.3f us each, %llu found, %.1f kB of records\n",
                static_cast<unsigned long long>(k_sought), (seconds() - begin) * 1e6 / static_cast<double>(k_sought),
                static_cast<unsigned long long>(found), static_cast<double>(bytes) / 1e3);
}

int run(std::string const& directory, std::uint64_t packages, std::uint64_t releases) {
    auto const files = make_posix_file_system();
    Maker maker{packages, releases};
    auto const made = files->make_directories(directory);
    GGEN_ASSERT(made);
    write(*files, chain_file_path(directory, 1), maker, packages);
    auto index = IndexFile::open(*files, chain_file_path(directory, 1)).value();
    std::printf("%llu packages, %llu releases, %.1f MB, %.1f bytes a release\n",
                static_cast<unsigned long long>(index->trailer().packages),
                static_cast<unsigned long long>(index->trailer().releases),
                static_cast<double>(index->file_bytes()) / 1e6,
                static_cast<double>(index->file_bytes()) / static_cast<double>(index->trailer().releases));
    index.reset();
    look_up(*files, directory, packages);
    IndexChain::Changes changes;
    for (std::uint64_t i = 0; i < 100; ++i) {
        auto const number = i * (packages / 100);
        changes.emplace(PackageName::parse(name_of(number)).value(), maker.make(number));
    }
    auto start = seconds();
    auto const appended = IndexChain::append(*files, directory, {}, changes, Sync::durable);
    GGEN_ASSERT(appended);
    std::printf("change       %8.3f ms for 100 packages\n", (seconds() - start) * 1e3);
    look_up(*files, directory, packages);
    start = seconds();
    auto const merged = IndexChain::merge(*files, directory, Sync::durable);
    GGEN_ASSERT(merged);
    std::printf("merge        %8.2f s, %.1f MB of memory afterwards; peak %.1f MB with mapped pages\n",
                seconds() - start, anonymous_mb(), peak_mb());
    return 0;
}

}  // namespace
}  // namespace ggen::metadata

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: metadata_bench DIR [PACKAGES [RELEASES]]\n");
        return 2;
    }
    auto const number = [&](int at, std::uint64_t fallback) {
        return argc > at ? std::max<std::uint64_t>(100, std::strtoull(argv[at], nullptr, 10)) : fallback;
    };
    auto const packages = number(2, 1'000'000);
    return ggen::metadata::run(argv[1], packages, number(3, packages * 10));
}
