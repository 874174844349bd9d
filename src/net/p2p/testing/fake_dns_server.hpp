#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.hpp"

namespace ggen::testing {

/// A name server on 127.0.0.1 that answers every question with what a test says. One thread.
class FakeDnsServer {
public:
    struct Question {
        std::string name;
        std::uint16_t type = 0;
    };
    struct Record {
        std::uint16_t type = 0;
        Bytes data;
    };
    struct Answer {
        bool is_silent = false;
        std::uint8_t code = 0;          // 3 = no such name
        std::vector<Record> records = {};
        Bytes raw = {};                 // behind the id, instead of all that
    };
    using Answerer = std::function<Answer(Question const&)>;

    explicit FakeDnsServer(Answerer answerer);
    ~FakeDnsServer();
    FakeDnsServer(FakeDnsServer const&) = delete;
    FakeDnsServer& operator=(FakeDnsServer const&) = delete;

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int question_count() const { return questions_; }

private:
    void serve();
    Answerer answerer_;
    int socket_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> questions_{0};
    std::thread thread_;
};

[[nodiscard]] FakeDnsServer::Record ip4_record(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
[[nodiscard]] FakeDnsServer::Record ip6_record(std::uint8_t last);
/// Cut into strings of at most 255 bytes.
[[nodiscard]] FakeDnsServer::Record text_record(std::string const& text);

}  // namespace ggen::testing
