#pragma once

#include <map>
#include <string>
#include <vector>

#include "peers/programs.hpp"

namespace ggen::bench {

/// What runs cost, by case and tool, in the order in which they came first.
class CostTable {
public:
    void add(std::string const& what, std::string const& tool, Finished const& cost);
    /// Medians; the last column is the median wall time as a multiple of `base`'s in the same case.
    void print(std::string const& base, std::string title) const;
    /// Median wall time in ms; 0 when that never ran.
    [[nodiscard]] double wall_ms(std::string const& what, std::string const& tool) const;
    [[nodiscard]] double cpu_ms(std::string const& what, std::string const& tool) const;

private:
    using Key = std::pair<std::string, std::string>;
    std::vector<Key> order_;
    std::map<Key, std::vector<Finished>> costs_;
};

}  // namespace ggen::bench
