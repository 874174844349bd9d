#pragma once

#include <string>
#include <vector>

namespace ggen::bench {

/// A table as it was printed.
struct PrintedTable {
    std::string section;  ///< Of `begin_table_section`; "" = before the first.
    std::string title;    ///< "" = the first head says it.
    std::vector<std::string> heads;
    std::vector<std::vector<std::string>> rows;  ///< As many cells each as there are heads.
    friend bool operator==(PrintedTable const&, PrintedTable const&) = default;
};

/// A table of text: the first column runs left, the others right. Columns are counted in bytes, so keep to ASCII.
class Table {
public:
    explicit Table(std::vector<std::string> heads, std::string title = "");
    /// As many cells as there are heads; missing ones are blank.
    void add(std::vector<std::string> cells);
    /// To standard output, below its title, with a rule below the heads and a blank line behind. It is kept, too, for
    /// `printed_tables`. Not thread-safe.
    void print() const;

private:
    PrintedTable table_;
};

/// Prints a heading, which belongs to all tables that are printed after it.
void begin_table_section(std::string title);

/// What this process has printed so far, oldest first: a comparison with other programs prints from many places, and
/// all of it goes into the store.
[[nodiscard]] std::vector<PrintedTable> const& printed_tables();

}  // namespace ggen::bench
