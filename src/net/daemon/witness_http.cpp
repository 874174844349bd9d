#include "net/daemon/witness_http.hpp"

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <iterator>
#include <optional>
#include <utility>

namespace ggen::p2p {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr unsigned k_http_1_1 = 11;

std::string print(WitnessAnswer const& answer) {
    http::response<http::string_body> response{static_cast<http::status>(answer.status), k_http_1_1};
    response.set(http::field::content_type, answer.is_size ? "text/x.tlog.size" : "text/plain; charset=utf-8");
    if (response.result() == http::status::method_not_allowed) response.set(http::field::allow, "GET, POST");
    response.keep_alive(false);
    response.body() = answer.body;
    response.prepare_payload();
    std::string out;
    http::response_serializer<http::string_body> serializer{response};
    beast::error_code error;
    while (!serializer.is_done() && !error) {
        serializer.next(error, [&](beast::error_code& /*error*/, auto const& buffers) {
            std::size_t taken = 0;
            for (auto const buffer : beast::buffers_range_ref(buffers)) {
                out.append(static_cast<char const*>(buffer.data()), buffer.size());
                taken += buffer.size();
            }
            serializer.consume(taken);
        });
    }
    return out;
}

std::string fault(http::status status) {
    return print({static_cast<int>(status), std::string{http::obsolete_reason(status)} + "\n"});
}

http::status status_of(beast::error_code const& error) {
    if (error == http::error::header_limit) return http::status::request_header_fields_too_large;
    if (error == http::error::body_limit) return http::status::payload_too_large;
    return http::status::bad_request;
}

bool is_folded(std::string_view fields) {
    return fields.find("\r\n ") != fields.npos || fields.find("\r\n\t") != fields.npos;
}

std::string_view text_of(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct WitnessHttp::Impl {
    explicit Impl(Witness& witness_in) : witness(witness_in) {
        parser.header_limit(k_witness_head_bytes_max);
        parser.body_limit(k_witness_request_bytes_max);
        // Stops behind the head, which is judged before any of the body is taken.
        parser.eager(false);
    }

    /// Nothing when the body may come.
    [[nodiscard]] std::optional<http::status> judge_head() const;
    [[nodiscard]] std::string answer();

    Witness& witness;
    http::request_parser<http::string_body> parser;
    std::string waiting;  ///< What the parser has not taken.
    bool is_head_judged = false;
    bool has_fold = false;  ///< Beast unfolds lines that RFC 7230 made obsolete; others read them as two.
};

std::optional<http::status> WitnessHttp::Impl::judge_head() const {
    auto const& request = parser.get();
    auto const count = [&](http::field name) {
        auto const range = request.equal_range(name);
        return std::distance(range.first, range.second);
    };
    bool const is_odd = request.version() != k_http_1_1 || has_fold || count(http::field::content_length) > 1;
    if (is_odd) return http::status::bad_request;
    auto const fields = static_cast<std::size_t>(std::distance(request.begin(), request.end()));
    if (fields > k_witness_head_fields_max) return http::status::request_header_fields_too_large;
    if (count(http::field::expect) > 0) return http::status::expectation_failed;
    if (count(http::field::transfer_encoding) > 0) return http::status::length_required;
    if (request.method() == http::verb::get) return std::nullopt;
    if (request.method() != http::verb::post) return http::status::method_not_allowed;
    if (text_of(request.target()) != "/add-checkpoint") return http::status::not_found;
    if (!parser.content_length()) return http::status::length_required;
    return std::nullopt;
}

std::string WitnessHttp::Impl::answer() {
    auto const& request = parser.get();
    if (request.method() == http::verb::post) return print(witness.add_checkpoint(request.body()));
    constexpr std::string_view k_tail = "/checkpoint";
    constexpr std::size_t k_hex = 2 * Digest::k_bytes;
    auto const path = text_of(request.target());
    bool const is_checkpoint = path.size() == 1 + k_hex + k_tail.size() && path.ends_with(k_tail);
    auto const note = is_checkpoint ? witness.checkpoint_at(path.substr(1, k_hex)) : std::nullopt;
    return note ? print({200, *note}) : fault(http::status::not_found);
}

WitnessHttp::WitnessHttp(Witness& witness) : impl_(std::make_unique<Impl>(witness)) {}
WitnessHttp::~WitnessHttp() = default;
WitnessHttp::WitnessHttp(WitnessHttp&&) noexcept = default;
WitnessHttp& WitnessHttp::operator=(WitnessHttp&&) noexcept = default;

std::string WitnessHttp::feed(std::string_view bytes) {
    auto& parser = impl_->parser;
    auto& waiting = impl_->waiting;
    waiting += bytes;
    while (!parser.is_done()) {
        beast::error_code error;
        auto const taken = parser.put(boost::asio::buffer(waiting), error);
        if (error && error != http::error::need_more) return fault(status_of(error));
        if (!impl_->is_head_judged) impl_->has_fold |= is_folded(std::string_view{waiting}.substr(0, taken));
        if (parser.is_header_done() && !impl_->is_head_judged) {
            impl_->is_head_judged = true;
            if (auto const status = impl_->judge_head()) return fault(*status);
            parser.eager(true);
        }
        waiting.erase(0, taken);
        if (taken == 0) return {};  // The rest has to come first.
        if (waiting.empty() && !parser.is_done()) return {};
    }
    return impl_->answer();
}

}  // namespace ggen::p2p
