#pragma once

#include <string>
#include <vector>

namespace ggen::bench {

/// A table of text: the first column runs left, the others right. Columns are counted in bytes, so keep to ASCII.
class Table {
public:
    explicit Table(std::vector<std::string> heads);
    /// As many cells as there are heads; missing ones are blank.
    void add(std::vector<std::string> cells);
    /// To standard output, with a rule below the heads and a blank line behind.
    void print() const;

private:
    std::vector<std::vector<std::string>> rows_;  // The first one holds the heads.
};

}  // namespace ggen::bench
