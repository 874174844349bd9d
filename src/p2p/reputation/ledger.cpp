#include "p2p/reputation/ledger.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "codec/protobuf.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr double k_score_min = -1000;
constexpr double k_useful_points = 0.1;      // one answer or message that was needed
constexpr double k_invalid_points = 25;
constexpr double k_protocol_error_points = 5;
constexpr double k_overload_points = 2;
constexpr double k_timeout_points = 1;
constexpr double k_lie_points = 200;
/// What of a peer's faults its network bears, and how far a bad network pulls a stranger down.
constexpr double k_network_share = 0.25;
constexpr double k_network_pull = 0.1;
constexpr double k_network_pull_max = 10;
/// Useful bytes count less from a slow peer: at this speed and above in full, at a quarter of it and below a quarter.
constexpr double k_full_speed_mib = 1;
constexpr double k_responsiveness_min = 0.25;
constexpr double k_useful_megabytes_max = 1024.0 * 1024;  // told of: more makes no difference to anybody
/// P5's range and what of the score it takes.
constexpr double k_gossip_share = 0.1;

constexpr std::size_t k_ip4_prefix_bytes = 3;
constexpr std::size_t k_ip6_prefix_bytes = 6;

// Field numbers of the image.
constexpr std::uint32_t k_image_version = 1;
constexpr std::uint32_t k_image_peer = 2;
constexpr std::uint32_t k_image_network = 3;
constexpr std::uint64_t k_version = 1;

constexpr std::uint64_t k_ban_seconds = duration_cast<seconds>(k_ledger_ban).count();
constexpr std::uint64_t k_retention_seconds = duration_cast<seconds>(k_ledger_retention).count();

double half_lives(TimePoint from, TimePoint to) {
    return duration<double>(to - from) / duration<double>(k_ledger_half_life);
}

double decayed(double value, TimePoint from, TimePoint to) {
    return to <= from ? value : value * std::exp2(-half_lives(from, to));
}

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"reputation: "} + what}; }

std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

/// A number of an image: finite and not negative.
Result<double> number_of(ProtoField const& field) {
    auto const value = std::bit_cast<double>(field.value);
    if (field.wire != ProtoWire::fixed64 || !std::isfinite(value) || value < 0) return invalid("not a number");
    return value;
}

Result<std::string> network_name_of(ProtoField const& field) {
    ASSIGN_OR_RETURN(BytesView const bytes, proto_bytes(field));
    if (bytes.empty() || bytes.size() > 1 + k_ip6_prefix_bytes) return invalid("a network of no known form");
    return std::string{as_text(bytes)};
}

TimePoint back(TimePoint now, std::uint64_t age_seconds) {
    std::uint64_t const age = std::min(age_seconds, k_retention_seconds);
    return now - seconds{static_cast<std::int64_t>(age)};
}

std::uint64_t age_of(TimePoint then, TimePoint now) {
    return then >= now ? 0 : static_cast<std::uint64_t>(duration_cast<seconds>(now - then).count());
}

}  // namespace

std::string network_of(Multiaddr const& address) {
    auto const& part = address.parts().front();
    BytesView value = part.value;
    if (part.code == MultiaddrCode::ip6) {
        auto const is_zero = [](auto byte) { return byte == 0; };
        if (std::all_of(value.begin(), value.end() - 1, is_zero) && value.back() == 1) return {};
        bool const is_mapped =
            std::all_of(value.begin(), value.begin() + 10, is_zero) && value[10] == 0xff && value[11] == 0xff;
        if (!is_mapped) return "6" + std::string{as_text(value.first(k_ip6_prefix_bytes))};
        value = value.subspan(12);
    } else if (part.code != MultiaddrCode::ip4) {
        return {};
    }
    return value[0] == 127 ? std::string{} : "4" + std::string{as_text(value.first(k_ip4_prefix_bytes))};
}

void Ledger::on_connected(PeerId const& peer, Multiaddr const& address, TimePoint now) {
    auto& known = account(peer, now);
    known.network = network_of(address);
    known.heard = now;
}

void Ledger::on_conduct(PeerId const& peer, Conduct conduct, double weight, TimePoint now) {
    if (!(weight > 0)) return;
    auto& known = account(peer, now);
    known.heard = now;
    switch (conduct) {
        case Conduct::useful:
            known.useful = std::min(known.useful + weight * k_useful_points, k_ledger_points_max);
            break;
        case Conduct::invalid_data: add_fault(known, weight * k_invalid_points, now); break;
        case Conduct::protocol_error: add_fault(known, weight * k_protocol_error_points, now); break;
        case Conduct::timeout: add_soft_fault(known, weight * k_timeout_points, now); break;
        case Conduct::overload: add_soft_fault(known, weight * k_overload_points, now); break;
    }
}

void Ledger::add_soft_fault(Account& account, double points, TimePoint now) {
    add_fault(account, std::clamp(k_ledger_soft_faults_max - account.faults, 0.0, points), now);
}

void Ledger::on_useful_bytes(PeerId const& peer, std::uint64_t bytes, std::chrono::nanoseconds took, TimePoint now) {
    auto& known = account(peer, now);
    known.heard = now;
    double const points = static_cast<double>(bytes) / k_ledger_useful_bytes_per_point;
    known.useful = std::min(known.useful + points, k_ledger_points_max);
    known.megabytes += static_cast<double>(bytes) / static_cast<double>(k_mib);
    known.seconds += duration<double>(std::max(took, std::chrono::nanoseconds{})).count();
}

void Ledger::on_lie(PeerId const& peer, TimePoint now) {
    auto& known = account(peer, now);
    known.heard = now;
    known.banned_until = now + k_ledger_ban;
    add_fault(known, k_lie_points, now);
}

void Ledger::add_fault(Account& account, double points, TimePoint now) {
    account.faults = std::min(account.faults + points, -k_score_min);
    if (account.network.empty()) return;
    auto at = networks_.find(account.network);
    if (at == networks_.end()) {
        if (networks_.size() >= k_ledger_networks_max) {
            // The least guilty one is the least loss.
            auto const least = std::min_element(networks_.begin(), networks_.end(), [&](auto const& a, auto const& b) {
                return decayed(a.second.faults, a.second.as_of, now) < decayed(b.second.faults, b.second.as_of, now);
            });
            networks_.erase(least);
        }
        at = networks_.emplace(account.network, Network{0, now}).first;
    }
    auto& network = at->second;
    network.faults = std::min(decayed(network.faults, network.as_of, now) + points * k_network_share, -k_score_min);
    network.as_of = now;
}

Standing Ledger::standing(PeerId const& peer, TimePoint now) const {
    Standing out;
    auto const at = peers_.find(peer);
    if (at == peers_.end()) return out;
    auto const& known = at->second;
    out.is_banned = known.banned_until && now < *known.banned_until;
    out.is_stranger = decayed(known.useful, known.as_of, now) < 1;
    out.score = score_of(known, now);
    auto const network = networks_.find(known.network);
    if (out.is_stranger && network != networks_.end()) {
        double const faults = decayed(network->second.faults, network->second.as_of, now);
        out.score -= std::min(faults * k_network_pull, k_network_pull_max);
    }
    out.score = std::clamp(out.score, k_score_min, k_ledger_points_max);
    return out;
}

std::uint64_t Ledger::useful_bytes(PeerId const& peer, TimePoint now) const {
    auto const at = peers_.find(peer);
    if (at == peers_.end()) return 0;
    auto const megabytes = decayed(at->second.megabytes, at->second.as_of, now);
    return static_cast<std::uint64_t>(std::min(megabytes, k_useful_megabytes_max) * static_cast<double>(k_mib));
}

bool Ledger::is_banned(PeerId const& peer, TimePoint now) const {
    auto const at = peers_.find(peer);
    return at != peers_.end() && at->second.banned_until && now < *at->second.banned_until;
}

bool Ledger::is_refused(PeerId const& peer, TimePoint now) const {
    auto const at = peers_.find(peer);
    if (at == peers_.end()) return false;
    return is_banned(peer, now) || score_of(at->second, now) <= k_ledger_refused_score;
}

double Ledger::network_score(Multiaddr const& address, TimePoint now) const {
    auto const at = networks_.find(network_of(address));
    return at == networks_.end() ? 0 : -decayed(at->second.faults, at->second.as_of, now);
}

double Ledger::gossip_score(PeerId const& peer, TimePoint now) const {
    return std::clamp(standing(peer, now).score * k_gossip_share, -100.0, 10.0);
}

void Ledger::expire(TimePoint now) {
    std::erase_if(peers_, [&](auto const& one) { return now - one.second.heard >= k_ledger_retention; });
    std::erase_if(networks_, [&](auto const& one) { return decayed(one.second.faults, one.second.as_of, now) < 0.01; });
}

Ledger::Account& Ledger::account(PeerId const& peer, TimePoint now) {
    auto at = peers_.find(peer);
    if (at == peers_.end()) {
        if (peers_.size() >= k_ledger_peers_max) forget_one_peer(now);
        Account fresh;
        fresh.as_of = now;
        fresh.heard = now;
        at = peers_.emplace(peer, std::move(fresh)).first;
    }
    decay(at->second, now);
    return at->second;
}

/// The one of whom least is known, either way: a flood of names pushes out names like itself.
void Ledger::forget_one_peer(TimePoint now) {
    auto const telling = [&](Account const& account) {
        bool const is_banned = account.banned_until && now < *account.banned_until;
        return std::abs(score_of(account, now)) + (is_banned ? -k_score_min : 0);
    };
    auto least = peers_.begin();
    double least_telling = telling(least->second);
    for (auto at = std::next(peers_.begin()); at != peers_.end(); ++at) {
        double const one = telling(at->second);
        if (one > least_telling || (one == least_telling && at->second.heard >= least->second.heard)) continue;
        least = at;
        least_telling = one;
    }
    peers_.erase(least);
}

double Ledger::score_of(Account const& account, TimePoint now) {
    double const useful = decayed(account.useful, account.as_of, now);
    double responsiveness = 1;
    if (account.seconds > 0) {
        responsiveness = std::clamp(account.megabytes / account.seconds / k_full_speed_mib, k_responsiveness_min, 1.0);
    }
    return useful * responsiveness - decayed(account.faults, account.as_of, now);
}

void Ledger::decay(Account& account, TimePoint now) {
    if (now <= account.as_of) return;
    for (auto* const value : {&account.useful, &account.faults, &account.seconds, &account.megabytes}) {
        *value = decayed(*value, account.as_of, now);
    }
    account.as_of = now;
}

Bytes Ledger::encode(TimePoint now) const {
    ProtoWriter image;
    image.uint(k_image_version, k_version);
    for (auto const& [peer, account] : peers_) {
        Account current = account;
        decay(current, now);
        ProtoWriter one;
        one.bytes(1, peer.bytes()).fixed64(2, bits(current.useful)).fixed64(3, bits(current.faults));
        one.fixed64(4, bits(current.seconds)).fixed64(5, bits(current.megabytes)).uint(6, age_of(current.heard, now));
        if (current.banned_until && now < *current.banned_until) one.uint(7, age_of(now, *current.banned_until));
        if (!current.network.empty()) one.bytes(8, as_bytes(current.network));
        image.bytes(k_image_peer, one.message());
    }
    for (auto const& [name, network] : networks_) {
        ProtoWriter one;
        one.bytes(1, as_bytes(name)).fixed64(2, bits(decayed(network.faults, network.as_of, now)));
        image.bytes(k_image_network, one.message());
    }
    return std::move(image).take();
}

Result<void> Ledger::decode_peer(BytesView entry, std::uint64_t slept, TimePoint now) {
    std::optional<PeerId> peer;
    Account account;
    account.as_of = back(now, slept);
    ProtoReader fields{entry};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        double* number = nullptr;
        switch (field->number) {
            case 1: {
                ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
                ASSIGN_OR_RETURN(peer, PeerId::from_bytes(bytes));
                break;
            }
            case 2: number = &account.useful; break;
            case 3: number = &account.faults; break;
            case 4: number = &account.seconds; break;
            case 5: number = &account.megabytes; break;
            case 6: account.heard = back(now, std::min(field->value, UINT64_MAX - slept) + slept); break;
            case 7:
                if (field->value > slept) {
                    std::uint64_t const left = std::min(field->value - slept, k_ban_seconds);
                    account.banned_until = now + seconds{static_cast<std::int64_t>(left)};
                }
                break;
            case 8: {
                ASSIGN_OR_RETURN(account.network, network_name_of(*field));
                break;
            }
            default: break;
        }
        if (number == nullptr) continue;
        ASSIGN_OR_RETURN(*number, number_of(*field));
    }
    if (!peer) return invalid("a peer without an id");
    account.useful = std::min(account.useful, k_ledger_points_max);
    account.faults = std::min(account.faults, -k_score_min);
    decay(account, now);
    peers_.insert_or_assign(*peer, std::move(account));
    return ok();
}

Result<void> Ledger::decode_network(BytesView entry, std::uint64_t slept, TimePoint now) {
    std::string name;
    double faults = 0;
    ProtoReader fields{entry};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        if (field->number == 1) {
            ASSIGN_OR_RETURN(name, network_name_of(*field));
        } else if (field->number == 2) {
            ASSIGN_OR_RETURN(faults, number_of(*field));
        }
    }
    if (name.empty()) return invalid("a network without a name");
    networks_.insert_or_assign(name, Network{std::min(faults, -k_score_min), back(now, slept)});
    return ok();
}

Result<Ledger> Ledger::decode(BytesView image, std::chrono::seconds age, TimePoint now) {
    if (image.size() > k_ledger_image_bytes_max) return Error{Errc::too_large, "reputation: an image over 4 MiB"};
    auto const slept = static_cast<std::uint64_t>(std::max<std::int64_t>(age.count(), 0));
    Ledger out;
    ProtoReader reader{image, k_ledger_peers_max + k_ledger_networks_max + 1};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_image_version && field->value != k_version) return invalid("another version");
        if (field->number != k_image_peer && field->number != k_image_network) continue;
        ASSIGN_OR_RETURN(auto const entry, proto_bytes(*field));
        RETURN_IF_ERROR(field->number == k_image_peer ? out.decode_peer(entry, slept, now)
                                                      : out.decode_network(entry, slept, now));
    }
    out.expire(now);
    return out;
}

}  // namespace ggen::p2p
