#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codec/multiaddr.hpp"

namespace asio {
class io_context;  // NOLINT(readability-identifier-naming): not ours
}

namespace ggen::p2p {

inline constexpr std::size_t k_dns_answers_max = 32;  ///< taken from one lookup; the rest is left out
inline constexpr std::size_t k_dns_lookups_max = 64;  ///< at once
inline constexpr std::size_t k_dnsaddr_text_bytes_max = 1024;  ///< of one TXT record; longer ones are left out

struct DnsResolverOptions {
    std::chrono::milliseconds timeout{2000};  ///< of the first try with each server; later ones wait longer
    int tries = 2;
    std::string servers;  ///< "127.0.0.1:5353,…" instead of those of the system
};

/// Turns addresses that hold names into addresses that hold less of them (multiaddr dns, dns4, dns6; the dnsaddr
/// of libp2p/specs addressing): hosts file and name servers of the system, without its search domains. No thread;
/// runs on the loop of `io`.
class DnsResolver {
public:
    using Done = std::function<void(Result<std::vector<Multiaddr>>)>;

    /// `io` must outlive the resolver. Errors: io (the configuration of the system cannot be read).
    [[nodiscard]] static Result<std::unique_ptr<DnsResolver>> create(asio::io_context& io,
                                                                     DnsResolverOptions const& options);
    ~DnsResolver();
    DnsResolver(DnsResolver const&) = delete;
    DnsResolver& operator=(DnsResolver const&) = delete;

    /// `/dns*/name/rest` gives `/ip…/…/rest`. `/dnsaddr/name/rest` gives what the TXT records of `_dnsaddr.name`
    /// hold, as far as it ends in `rest`; a dnsaddr among them is not followed.
    /// `done` is called once, later, on the loop; never when the resolver is destroyed first. Errors: invalid (the
    /// address does not begin with a name), not_found (no such name, or nothing of use), timed_out,
    /// unavailable (no server answers, or 64 lookups run already).
    void resolve(Multiaddr const& address, Done done);

private:
    struct Impl;
    explicit DnsResolver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The address in a TXT record of dnsaddr ("dnsaddr=/ip4/…") when it ends in `suffix`.
/// Errors: invalid (another text, or no address), not_found (another end).
[[nodiscard]] Result<Multiaddr> parse_dnsaddr_text(std::string_view text, std::vector<MultiaddrPart> const& suffix);

}  // namespace ggen::p2p
