#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen::p2p {

/// What values of one namespace must be: a value that a stranger cannot make, and an order among those that are
/// right, so that holders agree (libp2p/specs kad-dht "Entry validation"). Pure: same answer everywhere.
class RecordValidator {
public:
    virtual ~RecordValidator() = default;
    /// Errors: refused (not a value of this key).
    [[nodiscard]] virtual Result<void> validate(BytesView key, BytesView value) const = 0;
    /// The index of the best of `values`, all valid. Precondition: at least one. Ties go to the first.
    [[nodiscard]] virtual std::size_t select(BytesView key, std::span<BytesView const> values) const = 0;
};

/// `/pk/<peer id>` -> the serialized public key that the id stands for.
class PublicKeyValidator final : public RecordValidator {
public:
    [[nodiscard]] Result<void> validate(BytesView key, BytesView value) const override;
    [[nodiscard]] std::size_t select(BytesView key, std::span<BytesView const> values) const override;
};

/// Validators by namespace: the first part of a key `/namespace/rest`.
class RecordValidators {
public:
    /// Replaces one that is there. `name` without slashes.
    void add(std::string name, std::shared_ptr<RecordValidator const> validator);
    /// Errors: refused (no namespace, an unknown one, or what its validator says).
    [[nodiscard]] Result<void> validate(BytesView key, BytesView value) const;
    /// Whether `challenger` is to replace `holder`; both valid.
    [[nodiscard]] bool is_better(BytesView key, BytesView challenger, BytesView holder) const;

private:
    [[nodiscard]] RecordValidator const* find(BytesView key) const;
    std::map<std::string, std::shared_ptr<RecordValidator const>, std::less<>> validators_;
};

}  // namespace ggen::p2p
