#pragma once

#include "exit_code.hpp"

/// The commands. Each turns flags into a request, calls one operation and renders its report.
namespace ggen::cli {

class Context;

// commands_find.cpp
Result<ExitCode> run_search(Context& context);
Result<ExitCode> run_info(Context& context);
// commands_install.cpp
Result<ExitCode> run_install(Context& context);
Result<ExitCode> run_update(Context& context);
Result<ExitCode> run_remove(Context& context);
Result<ExitCode> run_rollback(Context& context);
Result<ExitCode> run_lock(Context& context);
// commands_project.cpp
Result<ExitCode> run_list(Context& context);
Result<ExitCode> run_outdated(Context& context);
Result<ExitCode> run_why(Context& context);
Result<ExitCode> run_tree(Context& context);
Result<ExitCode> run_verify(Context& context);
// commands_publish.cpp
Result<ExitCode> run_init(Context& context);
Result<ExitCode> run_pack(Context& context);
Result<ExitCode> run_publish(Context& context);
Result<ExitCode> run_yank(Context& context);
Result<ExitCode> run_unyank(Context& context);
Result<ExitCode> run_deprecate(Context& context);
// commands_registry.cpp
Result<ExitCode> run_registry_create(Context& context);
Result<ExitCode> run_registry_add(Context& context);
Result<ExitCode> run_registry_list(Context& context);
Result<ExitCode> run_registry_remove(Context& context);
Result<ExitCode> run_registry_fsck(Context& context);
Result<ExitCode> run_registry_rebuild(Context& context);
// commands_witness.cpp
Result<ExitCode> run_witness_list(Context& context);
Result<ExitCode> run_witness_add(Context& context);
Result<ExitCode> run_witness_remove(Context& context);
Result<ExitCode> run_witness_quorum(Context& context);
// commands_registry.cpp
Result<ExitCode> run_key_new(Context& context);
Result<ExitCode> run_key_show(Context& context);
// commands_import.cpp
Result<ExitCode> run_import_npm(Context& context);
Result<ExitCode> run_import_tree(Context& context);
// commands_machine.cpp
Result<ExitCode> run_cache_list(Context& context);
Result<ExitCode> run_cache_gc(Context& context);
Result<ExitCode> run_cache_verify(Context& context);
Result<ExitCode> run_config_list(Context& context);
Result<ExitCode> run_config_get(Context& context);
Result<ExitCode> run_config_set(Context& context);
Result<ExitCode> run_doctor(Context& context);
// commands_inspect.cpp
Result<ExitCode> run_inspect_log(Context& context);
Result<ExitCode> run_inspect_proof(Context& context);
Result<ExitCode> run_inspect_archive(Context& context);
Result<ExitCode> run_semver(Context& context);
Result<ExitCode> run_resolve(Context& context);
// commands_p2p.cpp, or commands_p2p_absent.cpp in a build without the network
Result<ExitCode> run_p2p_ping(Context& context);
Result<ExitCode> run_p2p_recover(Context& context);
Result<ExitCode> run_p2p_identify(Context& context);
Result<ExitCode> run_p2p_perf(Context& context);
// commands_follow.cpp, commands_node.cpp, commands_peers.cpp, commands_search_peers.cpp, or commands_p2p_absent.cpp
Result<ExitCode> run_p2p_search(Context& context);
Result<ExitCode> run_p2p_blocks(Context& context);
Result<ExitCode> run_p2p_publish(Context& context);
Result<ExitCode> run_follow(Context& context);
Result<ExitCode> run_unfollow(Context& context);
Result<ExitCode> run_p2p_start(Context& context);
Result<ExitCode> run_p2p_stop(Context& context);
Result<ExitCode> run_p2p_status(Context& context);
Result<ExitCode> run_p2p_unit(Context& context);
Result<ExitCode> run_p2p_peer_list(Context& context);
Result<ExitCode> run_p2p_peer_info(Context& context);
Result<ExitCode> run_p2p_bootstrap(Context& context);
Result<ExitCode> run_p2p_connect(Context& context);
Result<ExitCode> run_p2p_disconnect(Context& context);
// commands_help.cpp
Result<ExitCode> run_help(Context& context);
Result<ExitCode> run_explain(Context& context);
Result<ExitCode> run_completion(Context& context);
Result<ExitCode> run_man(Context& context);
Result<ExitCode> run_version(Context& context);
Result<ExitCode> run_complete(Context& context);

}  // namespace ggen::cli
