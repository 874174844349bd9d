#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/temp_dir.hpp"
#include "registry/source.hpp"

namespace ggen::testing {

/// A registry in memory that lies on demand. Remembers what was asked.
class MemorySource final : public RegistrySource {
public:
    using Objects = std::map<std::string, Bytes>;
    /// Changes what is served as `path`; nothing = not found.
    using Mutate = std::function<std::optional<Bytes>(std::string const& path, std::optional<Bytes> honest)>;

    explicit MemorySource(Objects objects) : objects_(std::move(objects)) {}

    /// Everything public below `directory`.
    [[nodiscard]] static Objects load(FileSystem& files, std::string const& directory) {
        Objects objects;
        load_into(files, directory, "", objects);
        return objects;
    }

    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override {
        asked_.push_back(path);
        auto const found = objects_.find(path);
        auto answer = found == objects_.end() ? std::nullopt : std::optional{found->second};
        if (mutate_) answer = mutate_(path, std::move(answer));
        if (!answer) return Error{Errc::not_found, path + ": not found"};
        if (answer->size() > bytes_max) return Error{Errc::too_large, path + ": too large"};
        return std::move(*answer);
    }
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override {
        return read(blob_path(digest), bytes_max);
    }
    [[nodiscard]] std::string describe() const override { return "memory"; }

    void set_mutate(Mutate mutate) { mutate_ = std::move(mutate); }
    void set_objects(Objects objects) { objects_ = std::move(objects); }
    [[nodiscard]] Objects& objects() { return objects_; }
    [[nodiscard]] std::vector<std::string>& asked() { return asked_; }

private:
    static void load_into(FileSystem& files, std::string const& directory, std::string const& prefix,
                          Objects& objects) {
        auto const listed = files.list(directory).value();
        for (auto const& entry : listed) {
            if (entry.name[0] == '.') continue;
            auto const path = join_path(directory, entry.name);
            auto const name = prefix + entry.name;
            if (entry.kind == FileKind::directory) {
                load_into(files, path, name + "/", objects);
            } else {
                objects[name] = files.read_file(path, 100'000'000).value();
            }
        }
    }

    Objects objects_;
    Mutate mutate_;
    std::vector<std::string> asked_;
};

}  // namespace ggen::testing
