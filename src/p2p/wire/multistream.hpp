#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen::p2p {

/// Names of protocols, best first; immutable and shared by all negotiations of a host.
using ProtocolNames = std::shared_ptr<std::vector<std::string> const>;

/// One side of multistream-select 1.0 (libp2p/specs connections/README.md "multistream-select"): agrees on
/// the protocol of a connection or stream. A pure state machine: bytes in, bytes out, no clock.
///
/// `on_bytes` stops exactly behind the line that decides; what follows belongs to the agreed protocol.
/// Any number of bytes may be fed at a time. After an error the object only repeats it.
class Multistream {
public:
    enum class State : std::uint8_t { negotiating, agreed, refused };

    /// Proposes `protocols` in order. The first goes out with the header, so that a caller with one protocol
    /// that the peer surely has may send its payload in the same flight.
    /// Errors: invalid (none, more than 8, or a name that is not `/…` of at most 139 printable bytes).
    [[nodiscard]] static Result<Multistream> dial(std::vector<std::string> protocols);
    /// Answers proposals; echoes those in `supported`, `na` to others and to `ls`.
    [[nodiscard]] static Multistream listen(std::vector<std::string> supported);
    /// The same over a list that many negotiations share. Precondition: not null.
    [[nodiscard]] static Multistream listen(ProtocolNames supported);

    /// Takes bytes up to the deciding line and returns how many. Takes nothing once decided.
    /// Errors: invalid (not multistream, bad line, an answer to nothing), too_large (line over 1024 bytes,
    /// more than 32 lines).
    [[nodiscard]] Result<std::size_t> on_bytes(BytesView bytes);
    /// What is to be sent; empties the queue. At most a line per line received, plus header and proposal.
    [[nodiscard]] Bytes take_output();

    [[nodiscard]] State state() const { return state_; }
    /// Precondition: state() is agreed.
    [[nodiscard]] std::string const& protocol() const;

private:
    Multistream(bool is_dialer, ProtocolNames protocols);
    [[nodiscard]] Result<std::size_t> take_bytes(BytesView bytes);
    [[nodiscard]] Result<void> on_line(std::string_view line);
    [[nodiscard]] Result<void> on_answer(std::string_view line);
    void on_proposal(std::string_view line);
    void send(std::string_view line);

    bool is_dialer_;
    ProtocolNames protocols_;
    std::size_t proposed_ = 0;  ///< dialer: index of the proposal that waits for its answer
    bool has_header_ = false;
    std::size_t lines_ = 0;
    Bytes partial_;  ///< length and text of a line that is not whole yet
    Bytes output_;
    State state_ = State::negotiating;
    std::optional<Error> failed_;
};

}  // namespace ggen::p2p
