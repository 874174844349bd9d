#include "p2p/wire/multistream.hpp"

#include <algorithm>

#include "codec/varint.hpp"
#include "p2p/wire/limits.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_header = "/multistream/1.0.0";
constexpr std::string_view k_not_available = "na";
constexpr std::string_view k_list = "ls";

Error invalid(char const* why) { return Error{Errc::invalid, std::string{"multistream: "} + why}; }

bool is_name(std::string_view name) {
    bool const is_printable = std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    return name.size() > 1 && name.size() < k_mss_line_emit_bytes_max && name.starts_with('/') && is_printable;
}

}  // namespace

Multistream::Multistream(bool is_dialer, ProtocolNames protocols)
    : is_dialer_(is_dialer), protocols_(std::move(protocols)) {
    GGEN_ASSERT(protocols_ != nullptr);
    send(k_header);
    if (is_dialer_) send(protocols_->front());
}

Result<Multistream> Multistream::dial(std::vector<std::string> protocols) {
    if (protocols.empty() || protocols.size() > k_mss_proposals_emit_max) {
        return invalid("one to eight protocols are proposed");
    }
    if (!std::all_of(protocols.begin(), protocols.end(), [](auto const& name) { return is_name(name); })) {
        return invalid("a protocol name is a slash and up to 138 printable characters");
    }
    return Multistream{true, std::make_shared<std::vector<std::string> const>(std::move(protocols))};
}

Multistream Multistream::listen(std::vector<std::string> supported) {
    return listen(std::make_shared<std::vector<std::string> const>(std::move(supported)));
}

Multistream Multistream::listen(ProtocolNames supported) { return Multistream{false, std::move(supported)}; }

Result<std::size_t> Multistream::on_bytes(BytesView bytes) {
    if (failed_) return *failed_;
    auto taken = take_bytes(bytes);
    if (!taken) failed_ = taken.error();
    return taken;
}

Result<std::size_t> Multistream::take_bytes(BytesView bytes) {
    std::size_t taken = 0;
    while (state_ == State::negotiating && taken < bytes.size()) {
        partial_.push_back(bytes[taken++]);
        ASSIGN_OR_RETURN(auto const length, peek_uvarint(partial_));
        if (!length) continue;
        if (length->value > k_mss_line_accept_bytes_max) {
            return Error{Errc::too_large, "multistream: a line of more than 1024 bytes"};
        }
        if (length->value == 0) return invalid("an empty line");
        std::size_t const whole = length->size_bytes + static_cast<std::size_t>(length->value);
        std::size_t const more = std::min(whole - partial_.size(), bytes.size() - taken);
        partial_.insert(partial_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(taken),
                        bytes.begin() + static_cast<std::ptrdiff_t>(taken + more));
        taken += more;
        if (partial_.size() < whole) continue;
        if (partial_.back() != '\n') return invalid("a line that does not end in a newline");
        if (++lines_ > k_mss_lines_accept_max) return Error{Errc::too_large, "multistream: more than 32 lines"};
        auto const content = as_text(partial_).substr(length->size_bytes);
        std::string const line{content.substr(0, content.size() - 1)};
        partial_.clear();
        RETURN_IF_ERROR(on_line(line));
    }
    return taken;
}

Result<void> Multistream::on_line(std::string_view line) {
    if (!has_header_) {
        if (line != k_header) return invalid("the peer speaks another protocol");
        has_header_ = true;
        return ok();
    }
    if (is_dialer_) return on_answer(line);
    on_proposal(line);
    return ok();
}

Result<void> Multistream::on_answer(std::string_view line) {
    if (line == (*protocols_)[proposed_]) {
        state_ = State::agreed;
        return ok();
    }
    if (line != k_not_available) return invalid("an answer that is neither the proposal nor \"na\"");
    if (++proposed_ == protocols_->size()) {
        state_ = State::refused;
    } else {
        send((*protocols_)[proposed_]);
    }
    return ok();
}

void Multistream::on_proposal(std::string_view line) {
    auto const at = std::find(protocols_->begin(), protocols_->end(), line);
    if (line == k_list || at == protocols_->end()) {
        send(k_not_available);
        return;
    }
    proposed_ = static_cast<std::size_t>(at - protocols_->begin());
    state_ = State::agreed;
    send(line);
}

void Multistream::send(std::string_view line) {
    append_uvarint(output_, line.size() + 1);
    output_.insert(output_.end(), line.begin(), line.end());
    output_.push_back('\n');
}

Bytes Multistream::take_output() { return std::exchange(output_, {}); }

std::string const& Multistream::protocol() const {
    GGEN_ASSERT(state_ == State::agreed);
    return (*protocols_)[proposed_];
}

}  // namespace ggen::p2p
