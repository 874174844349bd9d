#include "node/witness_message.hpp"

#include "codec/protobuf.hpp"
#include "codec/utf8.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint32_t k_status = 1;
constexpr std::uint32_t k_body = 2;
constexpr std::uint32_t k_is_size = 3;
constexpr std::uint64_t k_status_min = 200;
constexpr std::uint64_t k_status_max = 599;
constexpr std::size_t k_head_bytes = 16;  // Tags, lengths, status and mark.

}  // namespace

Bytes encode_witness_answer(WitnessAnswer const& answer) {
    auto const body = std::string_view{answer.body}.substr(0, k_witness_answer_bytes_max - k_head_bytes);
    ProtoWriter writer;
    writer.uint(k_status, static_cast<std::uint64_t>(answer.status)).bytes(k_body, as_bytes(body));
    if (answer.is_size) writer.uint(k_is_size, 1);
    return std::move(writer).take();
}

Result<WitnessAnswer> decode_witness_answer(BytesView message) {
    WitnessAnswer answer;
    answer.status = 0;
    ProtoReader reader{message};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_status) {
            ASSIGN_OR_RETURN(auto const status, proto_uint(*field));
            if (status < k_status_min || status > k_status_max) return Error{Errc::invalid, "no status of an answer"};
            answer.status = static_cast<int>(status);
        } else if (field->number == k_body) {
            ASSIGN_OR_RETURN(auto const body, proto_bytes(*field));
            answer.body = as_text(body);
        } else if (field->number == k_is_size) {
            ASSIGN_OR_RETURN(auto const mark, proto_uint(*field));
            answer.is_size = mark != 0;
        }
    }
    if (answer.status == 0) return Error{Errc::invalid, "an answer without a status"};
    if (!is_valid_utf8(answer.body)) return Error{Errc::invalid, "an answer that is no text"};
    return answer;
}

}  // namespace ggen::p2p
