#include "sim/gossip_attack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "codec/protobuf.hpp"
#include "codec/varint.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::sim {

namespace {
constexpr std::array<std::string_view, 10> k_names = {
    "none", "eclipse_target", "eclipse_network", "eclipse_publishers", "censor", "degrade", "cold_boot", "covert_flash",
    "dawn", "colocation"};

// Fields of gossipsub's RPC, of its messages and of its control part (libp2p/specs pubsub).
constexpr std::uint32_t k_rpc_publish = 2;
constexpr std::uint32_t k_rpc_control = 3;
constexpr std::uint32_t k_message_data = 2;
constexpr std::uint32_t k_control_ihave = 1;
constexpr std::uint32_t k_control_idontwant = 5;

std::uint64_t read_u64(BytesView bytes) {
    std::uint64_t value = 0;
    for (auto const byte : bytes.first(8)) value = value << 8U | byte;
    return value;
}
}  // namespace

Nanos AttackPlan::joins_at() const {
    switch (kind) {
        case GossipAttack::eclipse_target:
        case GossipAttack::eclipse_network:
        case GossipAttack::eclipse_publishers:
        case GossipAttack::colocation: return at;
        default: return 0;
    }
}

Nanos AttackPlan::drops_at() const {
    return kind == GossipAttack::cold_boot || kind == GossipAttack::dawn ? 0 : at;
}

Result<AttackPlan> parse_attack(Json const* json) {
    AttackPlan plan;
    Fields fields{json, "options.attack"};
    auto const kind = fields.text("kind", k_names.front());
    auto const found = std::find(k_names.begin(), k_names.end(), kind);
    if (found == k_names.end()) fields.fail("kind", fmt::format("one of {} is expected", fmt::join(k_names, ", ")));
    plan.kind = static_cast<GossipAttack>(found - k_names.begin());
    plan.at = fields.seconds("at_s", 0);
    plan.links = fields.number("links", plan.links, 1'000);
    RETURN_IF_ERROR(fields.finish());
    return plan;
}

GossipStamp GossipStamp::read(BytesView data) {
    if (data.size() < k_bytes) return {.index = ~0ULL, .publisher = ~0ULL};
    return {.index = read_u64(data), .publisher = read_u64(data.subspan(8))};
}

void GossipStamp::write(Bytes& data) const {
    if (data.size() < k_bytes) data.resize(k_bytes);
    for (std::size_t i = 0; i < 8; ++i) {
        data[i] = static_cast<std::uint8_t>(index >> (56 - 8 * i));
        data[8 + i] = static_cast<std::uint8_t>(publisher >> (56 - 8 * i));
    }
}

GossipSybil::GossipSybil(AttackPlan const& plan, std::uint64_t target, std::unique_ptr<p2p::Protocol> gossip,
                         std::uint64_t seed)
    : Misbehaving({.program = Program::sybil}, std::move(gossip), seed), plan_(plan), target_(target) {}

void GossipSybil::take_write(p2p::WriteStream write, TimePoint now) {
    if (from_time_point(now) < plan_.drops_at() || write.bytes == nullptr) return put(std::move(write));
    // The core writes whole RPCs, several at most, in one block.
    BytesView rest{*write.bytes};
    Bytes passed;
    bool is_changed = false;
    while (!rest.empty()) {
        auto const rpc = read_length_prefixed(rest);
        if (!rpc) return put(std::move(write));  // A piece of a long message: its head was dropped or passed already.
        auto const stripped = strip(rpc.value(), is_changed);
        if (!stripped) return put(std::move(write));
        if (!stripped.value().empty() || rpc.value().empty()) append_length_prefixed(passed, stripped.value());
    }
    if (!is_changed) return put(std::move(write));
    if (!passed.empty()) {
        put(p2p::WriteStream{.stream = write.stream, .bytes = std::make_shared<Bytes const>(passed)});
    }
    drop(std::move(write));
}

bool GossipSybil::is_dropped(BytesView message) const {
    if (plan_.kind != GossipAttack::censor && plan_.kind != GossipAttack::degrade) return true;
    ProtoReader reader{message};
    for (;;) {
        auto const field = reader.next();
        if (!field || !field.value()) return false;
        if (field.value()->number != k_message_data) continue;
        auto const stamp = GossipStamp::read(field.value()->bytes);
        return plan_.kind == GossipAttack::censor ? stamp.publisher == target_ : mix(stamp.index) % 2 == 0;
    }
}

Result<Bytes> GossipSybil::strip(BytesView rpc, bool& is_changed) const {
    Bytes kept;
    ProtoReader reader{rpc, 100'000};
    for (;;) {
        auto const before = reader.rest();
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) return kept;
        auto const raw = before.first(before.size() - reader.rest().size());
        if (field->number == k_rpc_publish && is_dropped(field->bytes)) {
            is_changed = true;
        } else if (field->number == k_rpc_control) {
            ProtoWriter control;
            ProtoReader inner{field->bytes, 100'000};
            for (;;) {
                ASSIGN_OR_RETURN(auto const part, inner.next());
                if (!part) break;
                bool const is_talk = part->number == k_control_ihave || part->number == k_control_idontwant;
                if (is_talk) {
                    is_changed = true;
                } else {
                    control.bytes(part->number, part->bytes);
                }
            }
            if (!control.message().empty()) {
                ProtoWriter writer;
                writer.bytes(k_rpc_control, control.message());
                kept.insert(kept.end(), writer.message().begin(), writer.message().end());
            }
        } else {
            kept.insert(kept.end(), raw.begin(), raw.end());
        }
    }
}

}  // namespace ggen::sim
