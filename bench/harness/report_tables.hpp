#pragma once

#include <string>
#include <vector>

#include "harness/report.hpp"

/// What both forms of the report say, as titles and tables of text.
namespace ggen::bench {

struct ReportTable {
    std::string title;
    std::string note;  ///< "" = none.
    std::vector<std::string> heads;
    std::vector<std::vector<std::string>> rows;
    std::size_t colour_column = 0;  ///< Whose words (green, red …) colour the row; 0 = none.
};

[[nodiscard]] std::vector<ReportTable> report_tables(ReportInput const& input);

}  // namespace ggen::bench
