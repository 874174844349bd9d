#include "net/p2p/testing/fake_dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace ggen::testing {
namespace {

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

FakeDnsServer::Question read_question(Bytes const& packet, std::size_t& end) {
    FakeDnsServer::Question question;
    std::size_t at = 12;
    while (at < packet.size() && packet[at] != 0) {
        std::size_t const size = packet[at];
        if (!question.name.empty()) question.name += '.';
        for (std::size_t i = 1; i <= size && at + i < packet.size(); ++i) {
            question.name += static_cast<char>(packet[at + i]);
        }
        at += size + 1;
    }
    if (at + 5 > packet.size()) return question;
    question.type = static_cast<std::uint16_t>(packet[at + 1] << 8U | packet[at + 2]);
    end = at + 5;
    return question;
}

Bytes answer_packet(Bytes const& packet, std::size_t question_end, FakeDnsServer::Answer const& answer) {
    Bytes out{packet[0], packet[1]};
    if (!answer.raw.empty()) {
        out.insert(out.end(), answer.raw.begin(), answer.raw.end());
        return out;
    }
    out.push_back(0x81);
    out.push_back(static_cast<std::uint8_t>(0x80U | answer.code));
    put16(out, 1);
    put16(out, answer.records.size());
    put16(out, 0);
    put16(out, 0);
    out.insert(out.end(), packet.begin() + 12, packet.begin() + static_cast<std::ptrdiff_t>(question_end));
    for (auto const& record : answer.records) {
        put16(out, 0xc00c);  // the name of the question
        put16(out, record.type);
        put16(out, 1);
        put16(out, 0);
        put16(out, 60);
        put16(out, record.data.size());
        out.insert(out.end(), record.data.begin(), record.data.end());
    }
    return out;
}

}  // namespace

FakeDnsServer::FakeDnsServer(Answerer answerer) : answerer_(std::move(answerer)) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(socket_, raw, size) != 0 || ::getsockname(socket_, raw, &size) != 0) std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
}

FakeDnsServer::~FakeDnsServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
}

void FakeDnsServer::serve() {
    for (;;) {
        Bytes packet(2048);
        sockaddr_in from{};
        socklen_t from_size = sizeof from;
        auto* const raw = reinterpret_cast<sockaddr*>(&from);
        auto const size = ::recvfrom(socket_, packet.data(), packet.size(), 0, raw, &from_size);
        if (size <= 0) return;
        packet.resize(static_cast<std::size_t>(size));
        std::size_t end = 0;
        auto const question = read_question(packet, end);
        if (end == 0) continue;
        ++questions_;
        auto const answer = answerer_(question);
        if (answer.is_silent) continue;
        auto const out = answer_packet(packet, end, answer);
        static_cast<void>(::sendto(socket_, out.data(), out.size(), 0, raw, from_size));
    }
}

FakeDnsServer::Record ip4_record(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return {1, {a, b, c, d}};
}

FakeDnsServer::Record ip6_record(std::uint8_t last) {
    Bytes data(16);
    data[0] = 0x20;
    data[1] = 0x01;
    data[15] = last;
    return {28, std::move(data)};
}

FakeDnsServer::Record text_record(std::string const& text) {
    Bytes data;
    for (std::size_t at = 0; at < text.size(); at += 255) {
        auto const piece = text.substr(at, 255);
        data.push_back(static_cast<std::uint8_t>(piece.size()));
        data.insert(data.end(), piece.begin(), piece.end());
    }
    return {16, std::move(data)};
}

}  // namespace ggen::testing
