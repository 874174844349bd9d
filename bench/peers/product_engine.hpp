#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "peers/search_engine.hpp"

namespace ggen::bench {

/// Our own engine behind the port `SearchIndex`. Both ways of asking are thread-safe.
class Product : public Engine {
public:
    /// As `ggen search --fuzzy` asks: every way to match, best ten.
    virtual Result<void> search_box(std::string const& text, std::vector<std::string>& names) = 0;
    [[nodiscard]] virtual std::size_t document_count() const = 0;
};

/// The index in `directory`. Errors: open_search_index()'s.
Result<std::unique_ptr<Product>> open_index_product(std::string const& directory);

}  // namespace ggen::bench
