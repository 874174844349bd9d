#pragma once

#include <cstdint>
#include <string_view>

#include "sim/byzantine.hpp"
#include "sim/fields.hpp"

namespace ggen::sim {

/// The nine attacks of PL-TechRep-2020-001 (Vyzovitis et al., sections 7 to 15), by sybils that speak gossipsub well,
/// ask everybody they meet for a place in the mesh, and pass nothing on (docs/simulator.md "Attacks on gossip").
enum class GossipAttack : std::uint8_t {
    none,
    eclipse_target,      ///< all sybils come to one node at once
    eclipse_network,     ///< they come to random nodes
    eclipse_publishers,  ///< to those who publish
    censor,              ///< they pass all on but what one node publishes
    degrade,             ///< they pass half on
    cold_boot,           ///< they are there from the first moment, as everybody is
    covert_flash,        ///< they behave until the attack
    dawn,                ///< they have met everybody before the honest met each other
    colocation           ///< as eclipse_network, from one /24
};

struct AttackPlan {
    GossipAttack kind = GossipAttack::none;
    Nanos at = 0;              ///< when it begins
    std::uint64_t links = 10;  ///< honest nodes that a sybil connects to
    [[nodiscard]] Nanos joins_at() const;
    [[nodiscard]] Nanos drops_at() const;
};

[[nodiscard]] Result<AttackPlan> parse_attack(Json const* json);

/// Runs a whole gossip core, and leaves messages and their announcements out of what it sends.
class GossipSybil final : public Misbehaving {
public:
    /// `target` is the publisher that `censor` silences, as messages name it.
    GossipSybil(AttackPlan const& plan, std::uint64_t target, std::unique_ptr<p2p::Protocol> gossip,
        std::uint64_t seed);

protected:
    void take_write(p2p::WriteStream write, TimePoint now) override;

private:
    [[nodiscard]] bool is_dropped(BytesView message) const;
    [[nodiscard]] Result<Bytes> strip(BytesView rpc, bool& is_changed) const;

    AttackPlan plan_;
    std::uint64_t target_;
};

/// What the gossip workload writes at the front of each message.
struct GossipStamp {
    static constexpr std::size_t k_bytes = 16;
    std::uint64_t index = 0;
    std::uint64_t publisher = 0;
    [[nodiscard]] static GossipStamp read(BytesView data);
    void write(Bytes& data) const;
};

}  // namespace ggen::sim
