#include "peers/link_floor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

#include "measure.hpp"

namespace ggen::bench {
namespace {

struct Tree {
    std::vector<std::string> directories;  // Parents first.
    std::vector<std::string> files;
};

void walk(std::filesystem::path const& place, std::string const& below, Tree& tree) {
    for (auto const& entry : std::filesystem::directory_iterator{place}) {
        auto const name = below + entry.path().filename().string();
        if (entry.is_directory()) {  // Follows links.
            tree.directories.push_back(name);
            walk(entry.path(), name + "/", tree);
        } else {
            tree.files.push_back(name);
        }
    }
}

Error failed(std::string const& what) {
    return Error{Errc::io, what + ": " + std::strerror(errno)};  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

Result<LinkFloor> measure_link_floor(std::string const& from, std::string const& to) {
    Tree tree;
    walk(from, "", tree);
    if (::mkdir(to.c_str(), 0755) != 0) return failed(to);
    int const source = ::open(from.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int const target = ::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::atomic<bool> is_good{source >= 0 && target >= 0};
    auto const cpu = process_cpu_ns();
    auto const started = now_ns();
    for (auto const& name : tree.directories) {
        if (::mkdirat(target, name.c_str(), 0755) != 0) is_good = false;
    }
    auto const link_half = [&](std::size_t half) {
        for (auto i = half * tree.files.size() / 2; i < (half + 1) * tree.files.size() / 2; ++i) {
            if (::linkat(source, tree.files[i].c_str(), target, tree.files[i].c_str(), 0) != 0) is_good = false;
        }
    };
    std::thread other{[&] { link_half(1); }};
    link_half(0);
    other.join();
    LinkFloor floor{now_ns() - started, process_cpu_ns() - cpu, tree.files.size(), tree.directories.size()};
    ::close(source);
    ::close(target);
    if (!is_good) return Error{Errc::io, "linking " + from + " failed"};
    return floor;
}

}  // namespace ggen::bench
