#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.hpp"

namespace ggen::testing {

/// What the failing call leaves behind.
enum class FaultMode : std::uint8_t {
    not_done,   ///< The call fails and nothing happened.
    persisted,  ///< The call happened, but failed all the same (or the process died right after it).
};

/// Forwards to a real file system and fails the N-th changing call (reads never fail and do not count).
/// With `dies` every later changing call fails too, as if the process had ended there: what is on the
/// real disk then is what the next process finds. Syncs count and can fail, with the text that a real one
/// has, but never reach the disk: no test here loses power, and syncing is most of a test's time.
class FaultFileSystem final : public FileSystem {
public:
    explicit FaultFileSystem(FileSystem& inner) : inner_(inner) {}

    /// `call` counts from 1; 0 = never.
    void fail_at(std::uint64_t call, FaultMode mode, bool dies) {
        calls_ = 0;
        fail_at_ = call;
        mode_ = mode;
        dies_ = dies;
        failed_ = false;
    }
    /// A promise that this disk breaks, as network file systems do.
    enum class Broken : std::uint8_t {
        nothing,
        no_replace_replaces,
        no_replace_is_unknown,
        rename_copies,
        locks_do_nothing,
    };
    void break_promise(Broken promise) { broken_ = promise; }

    [[nodiscard]] std::uint64_t calls() const { return calls_; }
    [[nodiscard]] bool has_failed() const { return failed_; }

    Result<Bytes> read_file(std::string const& path, std::uint64_t bytes_max) override {
        return inner_.read_file(path, bytes_max);
    }
    Result<std::unique_ptr<MappedFile>> map(std::string const& path, std::uint64_t bytes_max) override {
        return inner_.map(path, bytes_max);
    }
    Result<FileInfo> info(std::string const& path) override { return inner_.info(path); }
    Result<std::vector<DirectoryEntry>> list(std::string const& path, std::size_t entries_max) override {
        return inner_.list(path, entries_max);
    }
    Result<std::string> read_symlink(std::string const& path) override { return inner_.read_symlink(path); }

    Result<void> write_file_atomic(std::string const& path, BytesView content, Sync sync,
                                   std::uint32_t mode) override {
        static_cast<void>(sync);
        return step("write " + path,
                    [&] { return inner_.write_file_atomic(path, content, Sync::none, mode); });
    }
    Result<std::unique_ptr<AppendFile>> open_append(std::string const& path) override {
        RETURN_IF_ERROR(step("open " + path, [] { return ok(); }));
        ASSIGN_OR_RETURN(auto file, inner_.open_append(path));
        return std::unique_ptr<AppendFile>{std::make_unique<FaultAppendFile>(*this, std::move(file), path)};
    }
    Result<void> truncate(std::string const& path, std::uint64_t size_bytes) override {
        return step("truncate " + path, [&] { return inner_.truncate(path, size_bytes); });
    }
    Result<void> make_directories(std::string const& path, std::uint32_t mode) override {
        return step("mkdir " + path, [&] { return inner_.make_directories(path, mode); });
    }
    Result<void> rename(std::string const& from, std::string const& to) override {
        return step("rename to " + to, [&] { return inner_.rename(from, to); });
    }
    Result<void> rename_no_replace(std::string const& from, std::string const& to) override {
        if (broken_ == Broken::no_replace_is_unknown) return Error{Errc::io, "rename to " + to + ": Invalid argument"};
        if (broken_ == Broken::no_replace_replaces) static_cast<void>(inner_.remove_tree(to));
        if (broken_ == Broken::rename_copies && !inner_.info(to))
            return step("mkdir " + to, [&] { return inner_.make_directories(to, 0755); });
        return step("rename to " + to, [&] { return inner_.rename_no_replace(from, to); });
    }
    Result<void> rename_exchange(std::string const& a, std::string const& b) override {
        return step("rename to " + b, [&] { return inner_.rename_exchange(a, b); });
    }
    Result<void> remove_file(std::string const& path) override {
        return step("remove " + path, [&] { return inner_.remove_file(path); });
    }
    Result<void> remove_tree(std::string const& path) override {
        return step("remove " + path, [&] { return inner_.remove_tree(path); });
    }
    Result<void> make_symlink(std::string const& target, std::string const& path) override {
        return step("symlink " + path, [&] { return inner_.make_symlink(target, path); });
    }
    Result<void> make_hard_link(std::string const& existing, std::string const& path) override {
        return step("link " + path, [&] { return inner_.make_hard_link(existing, path); });
    }
    Result<void> set_mode(std::string const& path, std::uint32_t mode) override {
        return step("chmod " + path, [&] { return inner_.set_mode(path, mode); });
    }
    Result<void> touch(std::string const& path) override {
        return step("touch " + path, [&] { return inner_.touch(path); });
    }
    Result<void> sync_directory(std::string const& path) override {
        return step("fsync " + path, [] { return ok(); });
    }
    Result<void> sync_file_system(std::string const& path) override {
        return step("syncfs " + path, [] { return ok(); });
    }
    Result<std::unique_ptr<TreeBuilder>> create_tree(std::string const& path) override {
        RETURN_IF_ERROR(step("mkdir " + path, [] { return ok(); }));
        return inner_.create_tree(path);
    }
    Result<std::unique_ptr<FileLock>> lock(std::string const& path, LockMode mode,
                                           CancelToken const* cancel) override {
        return inner_.lock(path, mode, cancel);
    }
    Result<std::optional<std::unique_ptr<FileLock>>> try_lock(std::string const& path,
                                                              LockMode mode) override {
        if (broken_ == Broken::locks_do_nothing) return inner_.try_lock(path + "-of-nobody", mode);
        return inner_.try_lock(path, mode);
    }

private:
    class FaultAppendFile final : public AppendFile {
    public:
        FaultAppendFile(FaultFileSystem& owner, std::unique_ptr<AppendFile> inner, std::string path)
            : owner_(owner), inner_(std::move(inner)), path_(std::move(path)) {}
        Result<void> append(BytesView bytes) override {
            return owner_.step("write " + path_, [&] { return inner_->append(bytes); });
        }
        Result<void> sync() override {
            return owner_.step("fsync " + path_, [] { return ok(); });
        }
        [[nodiscard]] std::uint64_t size_bytes() const override { return inner_->size_bytes(); }

    private:
        FaultFileSystem& owner_;
        std::unique_ptr<AppendFile> inner_;
        std::string path_;
    };

    Result<void> step(std::string const& what, std::function<Result<void>()> const& call) {
        auto const error = [&] { return Error{Errc::io, what + ": injected fault"}; };
        if (failed_ && dies_) return error();
        if (++calls_ != fail_at_) return call();
        failed_ = true;
        if (mode_ == FaultMode::persisted) static_cast<void>(call());
        return error();
    }

    FileSystem& inner_;
    std::atomic<std::uint64_t> calls_{0};  // Operations may call from several threads.
    std::uint64_t fail_at_ = 0;
    FaultMode mode_ = FaultMode::not_done;
    bool dies_ = false;
    Broken broken_ = Broken::nothing;
    std::atomic<bool> failed_{false};
};

}  // namespace ggen::testing
