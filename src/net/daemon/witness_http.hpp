#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "registry/witness.hpp"

namespace ggen::p2p {

inline constexpr std::size_t k_witness_head_bytes_max = std::size_t{16} * 1024;
inline constexpr std::size_t k_witness_head_fields_max = 100;

/// One request to a witness over HTTP/1.1 and its answer: `POST /add-checkpoint`, `GET /<SHA-256 of the origin in
/// hex>/checkpoint`. Boost.Beast reads; what HTTP can say in two ways is refused, so that nobody in between can read
/// it otherwise. Holds at most a head and a body of the limits: a length over them is refused before its bytes come.
class WitnessHttp {
public:
    /// `witness` outlives it.
    explicit WitnessHttp(Witness& witness);
    ~WitnessHttp();
    WitnessHttp(WitnessHttp&&) noexcept;
    WitnessHttp& operator=(WitnessHttp&&) noexcept;

    /// What arrived, in any cut. The whole answer once there is one, empty while more has to come. Nothing is read
    /// after that: a second request on the connection is dropped with it.
    [[nodiscard]] std::string feed(std::string_view bytes);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ggen::p2p
