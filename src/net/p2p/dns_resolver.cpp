#include "net/p2p/dns_resolver.hpp"

#include <ares.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace ggen::p2p {
namespace {

constexpr std::string_view k_dnsaddr_prefix = "dnsaddr=";
constexpr std::size_t k_name_bytes_max = 253;
/// What passes every path unfragmented; longer answers come over TCP.
constexpr int k_udp_answer_bytes_max = 1232;

Error lookup_error(int status, std::string const& name) {
    auto const text = "dns: " + name + ": " + ares_strerror(status);
    switch (status) {
        case ARES_ENODATA:
        case ARES_ENOTFOUND:
        case ARES_ENONAME: return Error{Errc::not_found, text};
        case ARES_ETIMEOUT: return Error{Errc::timed_out, text};
        case ARES_EBADNAME: return Error{Errc::invalid, text};
        default: return Error{Errc::unavailable, text};
    }
}

std::optional<MultiaddrPart> ip_part(ares_addrinfo_node const& node) {
    if (node.ai_family == AF_INET && node.ai_addrlen >= static_cast<ares_socklen_t>(sizeof(sockaddr_in))) {
        sockaddr_in raw{};
        std::memcpy(&raw, node.ai_addr, sizeof raw);
        Bytes value(4);
        std::memcpy(value.data(), &raw.sin_addr, value.size());
        return MultiaddrPart{MultiaddrCode::ip4, std::move(value)};
    }
    if (node.ai_family == AF_INET6 && node.ai_addrlen >= static_cast<ares_socklen_t>(sizeof(sockaddr_in6))) {
        sockaddr_in6 raw{};
        std::memcpy(&raw, node.ai_addr, sizeof raw);
        Bytes value(16);
        std::memcpy(value.data(), &raw.sin6_addr, value.size());
        return MultiaddrPart{MultiaddrCode::ip6, std::move(value)};
    }
    return std::nullopt;
}

}  // namespace

Result<Multiaddr> parse_dnsaddr_text(std::string_view text, std::vector<MultiaddrPart> const& suffix) {
    if (!text.starts_with(k_dnsaddr_prefix)) return Error{Errc::invalid, "dnsaddr: a text of something else"};
    if (text.size() > k_dnsaddr_text_bytes_max) return Error{Errc::invalid, "dnsaddr: a text of more than 1024 bytes"};
    ASSIGN_OR_RETURN(auto address, Multiaddr::parse(text.substr(k_dnsaddr_prefix.size())));
    auto const& parts = address.parts();
    bool const is_wanted = parts.size() >= suffix.size() && std::equal(suffix.rbegin(), suffix.rend(), parts.rbegin());
    if (!is_wanted) return Error{Errc::not_found, "dnsaddr: an address of another peer"};
    return address;
}

struct DnsResolver::Impl {
    explicit Impl(asio::io_context& io_in) : io(io_in), timer(io_in) {}
    ~Impl() {
        is_ending = true;
        if (channel != nullptr) ares_destroy(channel);
        ares_library_cleanup();
    }
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    /// A descriptor of c-ares that is watched. c-ares owns and closes it.
    struct Watch {
        explicit Watch(asio::io_context& io) : descriptor(io) {}
        asio::posix::stream_descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool is_reading = false;
        bool is_writing = false;
    };
    struct Lookup {
        Impl* owner;
        std::string name;
        std::vector<MultiaddrPart> rest;  // behind the name
        Done done;
    };

    static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
    static void on_addresses(void* argument, int status, int timeouts, ares_addrinfo* result);
    static void on_texts(void* argument, int status, int timeouts, unsigned char* answer, int size);
    void watch(int fd);
    void process(ares_socket_t readable, ares_socket_t writable);
    void arm_timer();
    void finish(std::unique_ptr<Lookup> lookup, Result<std::vector<Multiaddr>> result);

    asio::io_context& io;
    asio::steady_timer timer;
    ares_channel channel = nullptr;
    std::map<int, std::shared_ptr<Watch>> watches;
    std::size_t lookup_count = 0;
    bool is_ending = false;
};

Result<std::unique_ptr<DnsResolver>> DnsResolver::create(asio::io_context& io, DnsResolverOptions const& options) {
    if (int const status = ares_library_init(ARES_LIB_INIT_ALL); status != ARES_SUCCESS) {
        return Error{Errc::io, std::string{"dns: "} + ares_strerror(status)};
    }
    auto impl = std::make_unique<Impl>(io);
    ares_options raw{};
    raw.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS;
    raw.ednspsz = k_udp_answer_bytes_max;
    raw.timeout = static_cast<int>(options.timeout.count());
    raw.tries = options.tries;
    raw.sock_state_cb = &Impl::on_socket_state;
    raw.sock_state_cb_data = impl.get();
    int const mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                     ARES_OPT_SOCK_STATE_CB;
    int status = ares_init_options(&impl->channel, &raw, mask);
    if (status != ARES_SUCCESS) impl->channel = nullptr;
    if (status == ARES_SUCCESS && !options.servers.empty()) {
        status = ares_set_servers_ports_csv(impl->channel, options.servers.c_str());
    }
    if (status != ARES_SUCCESS) return Error{Errc::io, std::string{"dns: "} + ares_strerror(status)};
    return std::unique_ptr<DnsResolver>(new DnsResolver(std::move(impl)));
}

DnsResolver::DnsResolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DnsResolver::~DnsResolver() = default;

void DnsResolver::resolve(Multiaddr const& address, Done done) {
    auto const& parts = address.parts();
    auto const code = parts[0].code;
    auto const refuse = [&](Error error) {
        asio::post(impl_->io, [done = std::move(done), error = std::move(error)] { done(error); });
    };
    bool const is_name = code == MultiaddrCode::dns || code == MultiaddrCode::dns4 || code == MultiaddrCode::dns6 ||
                         code == MultiaddrCode::dnsaddr;
    if (!is_name) return refuse(Error{Errc::invalid, address.text() + ": no name to look up"});
    auto const name = parts[0].value_text();
    if (name.empty() || name.size() > k_name_bytes_max) return refuse(Error{Errc::invalid, "dns: no name: " + name});
    if (impl_->lookup_count == k_dns_lookups_max) {
        return refuse(Error{Errc::unavailable, "dns: 64 lookups run already"});
    }
    ++impl_->lookup_count;
    auto* const lookup = new Impl::Lookup{impl_.get(), name, {parts.begin() + 1, parts.end()}, std::move(done)};
    if (code == MultiaddrCode::dnsaddr) {
        ares_query(impl_->channel, ("_dnsaddr." + name).c_str(), 1 /* IN */, 16 /* TXT */, &Impl::on_texts, lookup);
    } else {
        ares_addrinfo_hints hints{};
        hints.ai_family = code == MultiaddrCode::dns4 ? AF_INET : code == MultiaddrCode::dns6 ? AF_INET6 : AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = ARES_AI_NOSORT;
        ares_getaddrinfo(impl_->channel, name.c_str(), nullptr, &hints, &Impl::on_addresses, lookup);
    }
    impl_->arm_timer();
}

void DnsResolver::Impl::on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
    std::unique_ptr<Lookup> lookup{static_cast<Lookup*>(argument)};
    auto* const self = lookup->owner;
    std::vector<Multiaddr> out;
    for (auto const* node = result != nullptr ? result->nodes : nullptr; node != nullptr; node = node->ai_next) {
        auto part = ip_part(*node);
        if (!part || out.size() == k_dns_answers_max) continue;
        std::vector<MultiaddrPart> parts{std::move(*part)};
        parts.insert(parts.end(), lookup->rest.begin(), lookup->rest.end());
        auto address = Multiaddr::from_parts(std::move(parts));
        if (address && std::find(out.begin(), out.end(), *address) == out.end()) {
            out.push_back(std::move(address).value());
        }
    }
    if (result != nullptr) ares_freeaddrinfo(result);
    auto const name = lookup->name;
    if (!out.empty()) return self->finish(std::move(lookup), std::move(out));
    self->finish(std::move(lookup), lookup_error(status == ARES_SUCCESS ? ARES_ENODATA : status, name));
}

void DnsResolver::Impl::on_texts(void* argument, int status, int /*timeouts*/, unsigned char* answer, int size) {
    std::unique_ptr<Lookup> lookup{static_cast<Lookup*>(argument)};
    auto* const self = lookup->owner;
    std::vector<Multiaddr> out;
    ares_txt_ext* first = nullptr;
    if (status == ARES_SUCCESS) status = ares_parse_txt_reply_ext(answer, size, &first);
    std::string text;
    for (auto const* at = first; at != nullptr; at = at->next) {
        if (at->record_start != 0) text.clear();
        text.append(as_text({at->txt, at->length}));
        bool const is_whole = at->next == nullptr || at->next->record_start != 0;
        if (!is_whole || out.size() == k_dns_answers_max) continue;
        if (auto address = parse_dnsaddr_text(text, lookup->rest)) out.push_back(std::move(address).value());
    }
    if (first != nullptr) ares_free_data(first);
    auto const name = "_dnsaddr." + lookup->name;
    if (!out.empty()) return self->finish(std::move(lookup), std::move(out));
    self->finish(std::move(lookup), lookup_error(status == ARES_SUCCESS ? ARES_ENODATA : status, name));
}

/// Called by c-ares at any time, also before `resolve` returns; the answer is told from the loop.
void DnsResolver::Impl::finish(std::unique_ptr<Lookup> lookup, Result<std::vector<Multiaddr>> result) {
    --lookup_count;
    if (is_ending) return;
    asio::post(io, [done = std::move(lookup->done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void DnsResolver::Impl::on_socket_state(void* self_in, ares_socket_t fd, int readable, int writable) {
    auto& self = *static_cast<Impl*>(self_in);
    auto at = self.watches.find(fd);
    if (readable == 0 && writable == 0) {
        if (at == self.watches.end()) return;
        at->second->descriptor.release();  // c-ares closes it
        self.watches.erase(at);
        return;
    }
    if (at == self.watches.end()) {
        auto row = std::make_shared<Watch>(self.io);
        std::error_code error;
        row->descriptor.assign(fd, error);
        if (error) return;  // The lookup runs into its time limit.
        at = self.watches.emplace(fd, std::move(row)).first;
    }
    at->second->wants_read = readable != 0;
    at->second->wants_write = writable != 0;
    self.watch(fd);
}

void DnsResolver::Impl::watch(int fd) {
    auto const at = watches.find(fd);
    if (at == watches.end()) return;
    auto const row = at->second;
    using Descriptor = asio::posix::stream_descriptor;
    if (row->wants_read && !row->is_reading) {
        row->is_reading = true;
        row->descriptor.async_wait(Descriptor::wait_read, [this, row, fd](std::error_code const& error) {
            row->is_reading = false;
            if (error) return;
            process(fd, ARES_SOCKET_BAD);
            watch(fd);
        });
    }
    if (row->wants_write && !row->is_writing) {
        row->is_writing = true;
        row->descriptor.async_wait(Descriptor::wait_write, [this, row, fd](std::error_code const& error) {
            row->is_writing = false;
            if (error) return;
            process(ARES_SOCKET_BAD, fd);
            watch(fd);
        });
    }
}

void DnsResolver::Impl::process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel, readable, writable);
    arm_timer();
}

void DnsResolver::Impl::arm_timer() {
    timeval raw{};
    auto const* const next = lookup_count > 0 ? ares_timeout(channel, nullptr, &raw) : nullptr;
    if (next == nullptr) return;
    timer.expires_after(std::chrono::seconds{next->tv_sec} + std::chrono::microseconds{next->tv_usec} +
                        std::chrono::milliseconds{1});
    timer.async_wait([this](std::error_code const& error) {
        if (!error) process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    });
}

}  // namespace ggen::p2p
