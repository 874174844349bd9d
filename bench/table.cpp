#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ggen::bench {
namespace {

struct Printed {
    std::string section;
    std::vector<PrintedTable> tables;
};

Printed& printed() {
    static Printed all;
    return all;
}

}  // namespace

Table::Table(std::vector<std::string> heads, std::string title) {
    table_.title = std::move(title);
    table_.heads = std::move(heads);
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(table_.heads.size());
    table_.rows.push_back(std::move(cells));
}

void Table::print() const {
    std::vector<std::size_t> widths;
    widths.reserve(table_.heads.size());
    for (auto const& head : table_.heads) widths.push_back(head.size());
    for (auto const& row : table_.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    auto const line_of = [&](std::vector<std::string> const& cells) {
        std::string line;
        for (std::size_t column = 0; column < widths.size(); ++column) {
            if (column == 0) line += fmt::format("{:<{}}", cells[0], widths[0]);
            else line += fmt::format("  {:>{}}", cells[column], widths[column]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        return line;
    };
    if (!table_.title.empty()) fmt::print("{}\n", table_.title);
    auto const head = line_of(table_.heads);
    fmt::print("{}\n{}\n", head, std::string(head.size(), '-'));
    for (auto const& row : table_.rows) fmt::print("{}\n", line_of(row));
    fmt::print("\n");
    auto& kept = printed();
    kept.tables.push_back(table_);
    kept.tables.back().section = kept.section;
}

void begin_table_section(std::string title) {
    fmt::print("\n== {} ==\n", title);
    printed().section = std::move(title);
}

std::vector<PrintedTable> const& printed_tables() { return printed().tables; }

}  // namespace ggen::bench
