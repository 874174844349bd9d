#pragma once

#include "harness/benchmark.hpp"

/// The tests of ggen-bench. Each file of this folder adds the groups that its name says; all of them run
/// production code and check what it did.
namespace ggen::bench {

/// All of them, in the order of the report.
void add_suites(Catalogue& catalogue);

void add_registry_suite(Catalogue& catalogue);
void add_registry_log_suite(Catalogue& catalogue);
void add_search_suite(Catalogue& catalogue);
void add_install_suite(Catalogue& catalogue);
void add_resolve_suite(Catalogue& catalogue);
void add_store_suite(Catalogue& catalogue);
void add_log_suite(Catalogue& catalogue);
void add_archive_suite(Catalogue& catalogue);
void add_crypto_suite(Catalogue& catalogue);
void add_spec_suite(Catalogue& catalogue);
void add_cli_suite(Catalogue& catalogue);
void add_concurrency_suite(Catalogue& catalogue);

// Where the network is built (GGEN_P2P).
void add_wire_suite(Catalogue& catalogue);
void add_reputation_suite(Catalogue& catalogue);
void add_peers_suite(Catalogue& catalogue);
void add_announcement_suite(Catalogue& catalogue);
void add_node_programs_suite(Catalogue& catalogue);
void add_peer_search_suite(Catalogue& catalogue);
void add_simulated_suite(Catalogue& catalogue);
void add_netlab_suite(Catalogue& catalogue);

}  // namespace ggen::bench
