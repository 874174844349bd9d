#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/search.hpp"

namespace ggen::bench {

/// Turns the lines of one list into documents.
class Columns {
public:
    explicit Columns(std::string origin) : origin_(std::move(origin)) {}

    /// Errors: invalid (no column `name`).
    Result<void> read_head(std::string_view line);
    /// Missing cells are blank; what they would have said is derived.
    [[nodiscard]] SearchDocument document(std::string_view line) const;

private:
    std::string origin_;
    std::vector<std::string> heads_;
};

}  // namespace ggen::bench
