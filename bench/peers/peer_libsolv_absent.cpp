#include "peers/peer_libsolv.hpp"

namespace ggen::bench {

bool has_libsolv() { return false; }

Result<void> write_solv(std::string const& /*text*/, std::string const& /*out*/) {
    return Error{Errc::unavailable, "this program was built without libsolv-dev"};
}

Result<void> run_libsolv_child(std::string const& /*path*/, bool /*is_text*/, std::string const& /*package*/) {
    return Error{Errc::unavailable, "this program was built without libsolv-dev"};
}

}  // namespace ggen::bench
