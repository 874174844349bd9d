#include "base/result.hpp"

#include <cstdio>

namespace ggen {

std::string_view errc_name(Errc code) {
    switch (code) {
        case Errc::invalid: return "invalid";
        case Errc::not_found: return "not_found";
        case Errc::corrupt: return "corrupt";
        case Errc::conflict: return "conflict";
        case Errc::refused: return "refused";
        case Errc::too_large: return "too_large";
        case Errc::timed_out: return "timed_out";
        case Errc::unavailable: return "unavailable";
        case Errc::offline: return "offline";
        case Errc::io: return "io";
        case Errc::cancelled: return "cancelled";
        case Errc::internal: return "internal";
    }
    return "internal";
}

Error wrap(Error error, std::string_view doing) {
    error.context.insert(0, std::string{doing} + ": ");
    return error;
}

Error with_help(Error error, std::string help) {
    if (error.help.empty()) error.help = std::move(help);
    return error;
}

namespace detail {
void bad_result_access(char const* what) {
    std::fprintf(stderr, "ggen: internal check failed: %s\n", what);
    std::abort();
}
}  // namespace detail

}  // namespace ggen
