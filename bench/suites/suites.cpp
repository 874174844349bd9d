#include "suites/suites.hpp"

namespace ggen::bench {

void add_suites(Catalogue& catalogue) {
    add_registry_suite(catalogue);
    add_registry_log_suite(catalogue);
    add_search_suite(catalogue);
    add_install_suite(catalogue);
    add_resolve_suite(catalogue);
    add_store_suite(catalogue);
    add_concurrency_suite(catalogue);
    add_cli_suite(catalogue);
    add_log_suite(catalogue);
    add_archive_suite(catalogue);
    add_crypto_suite(catalogue);
    add_spec_suite(catalogue);
#if defined(GGEN_BENCH_P2P)
    add_wire_suite(catalogue);
    add_reputation_suite(catalogue);
    add_peers_suite(catalogue);
    add_announcement_suite(catalogue);
    add_node_programs_suite(catalogue);
    add_peer_search_suite(catalogue);
    add_simulated_suite(catalogue);
    add_netlab_suite(catalogue);
#endif
}

}  // namespace ggen::bench
