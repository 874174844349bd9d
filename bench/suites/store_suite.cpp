#include <fmt/format.h>

#include "archive/archive.hpp"
#include "base/file_system.hpp"
#include "store/package_store.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

struct Blob {
    Digest tree;
    Bytes content;
};

enum class CacheJob : std::uint8_t { hit, miss, write, list, verify, cleanup };

/// A store of `count` packages of one file of 500 bytes.
class CacheWork final : public Work {
public:
    CacheWork(CacheJob job, std::size_t count) : job_(job), count_(count) {}

    Result<void> prepare(std::string const& directory) override {
        directory_ = directory + "/store";
        SeededBytes random{13};
        for (std::size_t i = 0; i < count_; ++i) {
            Blob blob;
            blob.content.resize(500);
            random.fill(blob.content);
            blob.tree = sha256(blob.content);
            blobs_.push_back(std::move(blob));
        }
        absent_ = sha256(as_bytes("absent"));
        if (job_ == CacheJob::write) return ok();
        return fill();
    }
    [[nodiscard]] bool needs_reset() const override {
        return job_ == CacheJob::write || job_ == CacheJob::cleanup;
    }
    Result<void> reset() override {
        store_.reset();
        RETURN_IF_ERROR(files_->remove_tree(directory_));
        if (job_ == CacheJob::cleanup) return fill();
        ASSIGN_OR_RETURN(store_, PackageStore::open(*files_, clock_, directory_));
        return ok();
    }
    Result<void> run() override {
        switch (job_) {
            case CacheJob::hit:
                next_ = (next_ + 1) % blobs_.size();
                is_right_ = store_->contains(blobs_[next_].tree);
                return ok();
            case CacheJob::miss:
                is_right_ = !store_->contains(absent_);
                return ok();
            case CacheJob::write:
                return put_all();
            case CacheJob::list: {
                ASSIGN_OR_RETURN(auto const listed, store_->list());
                is_right_ = listed.size() == count_;
                return ok();
            }
            case CacheJob::verify: {
                ASSIGN_OR_RETURN(auto const report, store_->verify());
                is_right_ = report.packages == count_ && report.damaged.empty();
                return ok();
            }
            case CacheJob::cleanup: {
                CollectRequest request;
                request.projects = [&]() -> Result<KnownProjects> {
                    return KnownProjects{{blobs_.front().tree}, {}, {}};
                };
                ASSIGN_OR_RETURN(auto const report, store_->collect(request));
                is_right_ = report.removed_packages == count_ - 1 && report.kept_packages == 1;
                return ok();
            }
        }
        return ok();
    }
    Result<void> check() override {
        if (!is_right_) return wrong("the store answered wrongly");
        if (job_ == CacheJob::cleanup) {
            bool const is_kept =
                store_->contains(blobs_.front().tree) && !store_->contains(blobs_.back().tree);
            return is_kept ? ok() : Result<void>{wrong("collection kept the wrong packages")};
        }
        for (auto const& blob : blobs_) {
            if (!store_->contains(blob.tree)) return wrong("a package is missing");
        }
        return ok();
    }

private:
    Result<void> fill() {
        ASSIGN_OR_RETURN(store_, PackageStore::open(*files_, clock_, directory_));
        return put_all();
    }
    Result<void> put_all() {
        for (auto const& blob : blobs_) {
            auto const fill = [&](std::function<Result<void>(StoreFile const&)> const& add) {
                return add({"data.bin", false, blob.content});
            };
            RETURN_IF_ERROR(store_->ensure(blob.tree, "acme/blob@1.0.0", fill));
        }
        is_right_ = true;
        return store_->settle(false);
    }

    CacheJob job_;
    std::size_t count_;
    std::string directory_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    SystemClock clock_;
    std::vector<Blob> blobs_;
    Digest absent_;
    std::unique_ptr<PackageStore> store_;
    std::size_t next_ = 0;
    bool is_right_ = false;
};

void add(Catalogue& catalogue, char const* group, std::string name, CacheJob job, std::size_t count,
         char const* what, std::vector<std::string> aliases = {}) {
    Test test{group,
              std::move(name),
              TestClass::micro,
              what,
              [=] { return std::make_unique<CacheWork>(job, count); },
              std::move(aliases)};
    test.is_quick = count <= 1'000;
    if (job == CacheJob::write || job == CacheJob::cleanup) test.slices_max = 5;
    if (count > 100) test.exact_runs = 0;
    if (count >= 1'000) test.time_limit_s = 300;  // Each of them is put there with fsync, on any disk.
    if (count >= 10'000) test.rounds_max = 1;
    catalogue.add(std::move(test));
}

}  // namespace

void add_store_suite(Catalogue& catalogue) {
    for (std::size_t const n : {10UL, 1'000UL, 10'000UL}) {
        add(catalogue, "cache_hit", fmt::format("contains_n{}", n), CacheJob::hit, n,
            "a package that is there, among n",
            n == 1'000 ? std::vector<std::string>{"cache/hit"} : std::vector<std::string>{});
        add(catalogue, "cache_miss", fmt::format("contains_n{}", n), CacheJob::miss, n,
            "a package that is not there, among n",
            n == 1'000 ? std::vector<std::string>{"cache/miss"} : std::vector<std::string>{});
    }
    for (std::size_t const n : {10UL, 100UL, 1'000UL}) {
        add(catalogue, "cache_write", fmt::format("put_n{}", n), CacheJob::write, n, "n packages, durable",
            n == 100 ? std::vector<std::string>{"cache/write"} : std::vector<std::string>{});
    }
    for (std::size_t const n : {100UL, 1'000UL, 10'000UL}) {
        add(catalogue, "cache_cleanup", fmt::format("collect_n{}", n), CacheJob::cleanup, n,
            "collection of all packages but one",
            n == 1'000 ? std::vector<std::string>{"cache/cleanup"} : std::vector<std::string>{});
    }
    add(catalogue, "cache_list", "list_n1000", CacheJob::list, 1'000, "sizes and ages of 1,000 packages");
    add(catalogue, "cache_list", "verify_n1000", CacheJob::verify, 1'000, "1,000 packages hashed again");
}

}  // namespace ggen::bench
