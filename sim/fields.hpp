#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/json.hpp"
#include "sim/types.hpp"

namespace ggen::sim {

/// Reads the members of one JSON object: each may be absent, none may be unknown. The first mistake is kept, with its
/// path, and told by `finish`; getters then give defaults. The object outlives this.
class Fields {
public:
    /// `path` names the object in errors. Null or absent reads as empty.
    Fields(Json const* object, std::string path);

    [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t absent, std::uint64_t most);
    [[nodiscard]] bool flag(std::string_view name, bool absent);
    [[nodiscard]] std::string text(std::string_view name, std::string_view absent);
    /// Seconds, with a fraction, up to 30 days.
    [[nodiscard]] Nanos seconds(std::string_view name, Nanos absent);
    [[nodiscard]] double real(std::string_view name, double absent);
    /// Null when absent.
    [[nodiscard]] Json const* object(std::string_view name);
    [[nodiscard]] std::vector<Json> list(std::string_view name);
    [[nodiscard]] std::string const& path() const { return path_; }
    void fail(std::string_view name, std::string_view why);
    /// Errors: invalid (a mistake above, or a member that nobody asked for).
    [[nodiscard]] Result<void> finish() const;

private:
    [[nodiscard]] Json const* find(std::string_view name);

    Json const* object_;
    std::string path_;
    std::set<std::string, std::less<>> asked_;
    std::optional<Error> failed_;
};

}  // namespace ggen::sim
