#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

// The constants of discovery and everything that a stranger could make grow. docs/protocols/p2p-discovery.md says
// why each has its value.
namespace ggen::p2p {

// One datagram of mDNS
inline constexpr std::size_t k_mdns_accept_bytes_max = 8932;  ///< what rust-libp2p may send: a jumbo frame
inline constexpr std::size_t k_mdns_emit_bytes_max = 1400;    ///< fits one frame of Ethernet
inline constexpr std::size_t k_dns_name_bytes_max = 255;      ///< RFC 1035 2.3.4
inline constexpr std::size_t k_dns_label_bytes_max = 63;
inline constexpr std::size_t k_dns_pointers_max = 16;         ///< followed for one name
inline constexpr std::size_t k_dns_questions_max = 32;
inline constexpr std::size_t k_dns_records_max = 256;         ///< of all sections together
inline constexpr std::size_t k_dns_text_bytes_max = 255;      ///< one string of a TXT record

// Neighbours on the local network
inline constexpr std::size_t k_mdns_neighbours_max = 1024;
inline constexpr std::size_t k_mdns_addresses_max = 16;       ///< of one peer, told and taken
inline constexpr std::size_t k_mdns_connections_wanted = 32;  ///< with so many peers nobody more is dialed
inline constexpr std::chrono::seconds k_mdns_ttl{360};
inline constexpr std::chrono::seconds k_mdns_ttl_max{3600};   ///< longer promises are cut
inline constexpr std::chrono::minutes k_mdns_query_interval{5};
inline constexpr std::chrono::milliseconds k_mdns_first_query{250};
inline constexpr std::chrono::seconds k_mdns_second_query{1};  ///< then twice as long each time
/// An answer waits so long at most, so that those of many peers do not collide (RFC 6762 6).
inline constexpr std::chrono::milliseconds k_mdns_answer_delay_min{20};
inline constexpr std::chrono::milliseconds k_mdns_answer_delay_max{120};
/// The same records leave no more often (RFC 6762 6).
inline constexpr std::chrono::seconds k_mdns_answer_gap{1};
inline constexpr int k_mdns_announcements = 2;                ///< of a new address, one second apart (RFC 6762 8.3)

// The way in
inline constexpr std::size_t k_bootstrap_peers_max = 1024;    ///< listed and remembered ones
inline constexpr std::size_t k_bootstrap_low_water = 4;       ///< connected peers
inline constexpr std::size_t k_bootstrap_dials_at_once = 4;
inline constexpr std::chrono::seconds k_bootstrap_backoff{5};  ///< after the first failure; it doubles
inline constexpr std::chrono::minutes k_bootstrap_backoff_max{10};
inline constexpr std::chrono::seconds k_bootstrap_dial_limit{60};  ///< until a dial counts as failed

// Rendezvous
inline constexpr std::size_t k_rendezvous_name_bytes_max = 128;
inline constexpr std::size_t k_rendezvous_peers_wanted = 8;
inline constexpr std::chrono::seconds k_rendezvous_first_search{5};  ///< then twice as long each time
inline constexpr std::chrono::minutes k_rendezvous_search_max{10};

// Peers on disk
inline constexpr std::size_t k_peerstore_peers_max = 1024;
inline constexpr std::size_t k_peerstore_addresses_max = 16;  ///< of one peer
inline constexpr std::size_t k_peerstore_record_bytes_max = 4 * k_kib;
inline constexpr std::size_t k_peerstore_file_bytes_max = 8 * k_mib;
inline constexpr std::chrono::hours k_peerstore_lifetime{24 * 30};  ///< after the peer was last connected
inline constexpr std::chrono::minutes k_peerstore_save_interval{10};

}  // namespace ggen::p2p
