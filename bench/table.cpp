#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ggen::bench {

Table::Table(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }

void Table::add(std::vector<std::string> cells) {
    cells.resize(rows_.front().size());
    rows_.push_back(std::move(cells));
}

void Table::print() const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (auto const& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        std::string line;
        for (std::size_t column = 0; column < widths.size(); ++column) {
            if (column == 0) line += fmt::format("{:<{}}", rows_[i][0], widths[0]);
            else line += fmt::format("  {:>{}}", rows_[i][column], widths[column]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        fmt::print("{}\n", line);
        if (i == 0) fmt::print("{}\n", std::string(line.size(), '-'));
    }
    fmt::print("\n");
}

}  // namespace ggen::bench
