#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "registry/source.hpp"

namespace ggen::detail {

/// Several places of one registry, asked in order: the next one when a place cannot answer, or answers a
/// blob with other bytes. A place that failed is asked last from then on. Thread-safe.
class MirroredSource final : public RegistrySource {
public:
    /// At least one place.
    explicit MirroredSource(std::vector<std::unique_ptr<RegistrySource>> places);
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override;
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override;
    /// Goes on at another place where one stopped. Whether a place lied shows only at the end: see distrust().
    Result<void> stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                             TakeBytes const& take) override;
    void distrust() override;
    [[nodiscard]] std::string describe() const override;

private:
    template <class Ask, class IsGood>
    Result<Bytes> ask_in_turn(Ask const& ask, IsGood const& is_good);

    std::vector<std::unique_ptr<RegistrySource>> places_;
    std::atomic<std::size_t> first_{0};
};

}  // namespace ggen::detail
