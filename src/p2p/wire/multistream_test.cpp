#include "p2p/wire/multistream.hpp"

#include <gtest/gtest.h>

#include "codec/varint.hpp"
#include "p2p/wire/limits.hpp"

namespace ggen::p2p {
namespace {

Bytes line(std::string_view text) {
    Bytes out;
    append_uvarint(out, text.size() + 1);
    out.insert(out.end(), text.begin(), text.end());
    out.push_back('\n');
    return out;
}

Bytes lines(std::initializer_list<std::string_view> texts) {
    Bytes out;
    for (auto const text : texts) {
        auto const one = line(text);
        out.insert(out.end(), one.begin(), one.end());
    }
    return out;
}

constexpr std::string_view k_header = "/multistream/1.0.0";

/// Feeds `bytes` in pieces of `step`; what was not taken stays.
std::size_t feed(Multistream& side, BytesView bytes, std::size_t step) {
    std::size_t taken = 0;
    while (taken < bytes.size() && side.state() == Multistream::State::negotiating) {
        auto const done = side.on_bytes(bytes.subspan(taken, std::min(step, bytes.size() - taken)));
        EXPECT_TRUE(done.has_value());
        if (!done) break;
        taken += *done;
    }
    return taken;
}

TEST(MultistreamTest, AgreesForEveryReadSizeAndStopsAtTheNextLayer) {
    for (std::size_t step = 1; step < 64; ++step) {
        auto dialer = Multistream::dial({"/a", "/tls/1.0.0", "/noise"}).value();
        auto listener = Multistream::listen({"/noise", "/b"});
        for (int round = 0; round < 8; ++round) {
            auto const from_dialer = dialer.take_output();
            EXPECT_EQ(feed(listener, from_dialer, step), from_dialer.size());
            auto from_listener = listener.take_output();
            std::size_t const whole = from_listener.size();
            if (listener.state() == Multistream::State::agreed) from_listener.insert(from_listener.end(), 3, 0x55);
            EXPECT_EQ(feed(dialer, from_listener, step), whole);
        }
        ASSERT_EQ(dialer.state(), Multistream::State::agreed);
        ASSERT_EQ(listener.state(), Multistream::State::agreed);
        EXPECT_EQ(dialer.protocol(), "/noise");
        EXPECT_EQ(listener.protocol(), "/noise");
        EXPECT_EQ(dialer.on_bytes(Bytes(5)).value(), 0U);
    }
}

TEST(MultistreamTest, SendsHeaderAndProposalInOneFlight) {
    EXPECT_EQ(Multistream::dial({"/noise"})->take_output(), lines({k_header, "/noise"}));
    EXPECT_EQ(Multistream::listen({"/noise"}).take_output(), line(k_header));
}

TEST(MultistreamTest, AnswersNotAvailableInTheBytesOfTheSpecification) {
    auto listener = Multistream::listen({"/noise"});
    (void)listener.take_output();
    EXPECT_TRUE(listener.on_bytes(lines({k_header, "/other", "ls"})).has_value());
    EXPECT_EQ(listener.take_output(), (Bytes{0x03, 0x6e, 0x61, 0x0a, 0x03, 0x6e, 0x61, 0x0a}));
}

TEST(MultistreamTest, IsRefusedWhenNothingIsInCommon) {
    auto dialer = Multistream::dial({"/a", "/b"}).value();
    EXPECT_TRUE(dialer.on_bytes(lines({k_header, "na", "na"})).has_value());
    EXPECT_EQ(dialer.state(), Multistream::State::refused);
}

TEST(MultistreamTest, RefusesWhatIsNotTheProtocol) {
    for (auto const& bytes : {line("/multistream/2.0.0"), line("GET / HTTP/1.1"), lines({k_header, "/b"}), Bytes{0x00},
                              Bytes{0x02, 'n', 'a'}, Bytes{0x80, 0x00}}) {
        auto dialer = Multistream::dial({"/a"}).value();
        auto const first = dialer.on_bytes(bytes);
        EXPECT_EQ(first.error().code, Errc::invalid);
        EXPECT_FALSE(dialer.on_bytes(line(k_header)).has_value());
    }
}

TEST(MultistreamTest, TakesALineOfTheLimitAndRefusesOneByteMore) {
    auto const answer_to = [](std::size_t line_bytes) {
        auto listener = Multistream::listen({"/a"});
        EXPECT_TRUE(listener.on_bytes(line(k_header)).has_value());
        return listener.on_bytes(line("/" + std::string(line_bytes - 2, 'x')));
    };
    EXPECT_TRUE(answer_to(k_mss_line_accept_bytes_max).has_value());
    EXPECT_EQ(answer_to(k_mss_line_accept_bytes_max + 1).error().code, Errc::too_large);
}

TEST(MultistreamTest, TakesThirtyTwoLinesAndRefusesOneMore) {
    auto listener = Multistream::listen({"/a"});
    EXPECT_TRUE(listener.on_bytes(line(k_header)).has_value());
    for (std::size_t i = 1; i < k_mss_lines_accept_max; ++i) EXPECT_TRUE(listener.on_bytes(line("/x")).has_value());
    EXPECT_EQ(listener.on_bytes(line("/x")).error().code, Errc::too_large);
}

TEST(MultistreamTest, ProposesNamesWithinTheLimitsOnly) {
    std::string const longest = "/" + std::string(k_mss_line_emit_bytes_max - 2, 'x');
    EXPECT_TRUE(Multistream::dial({longest}).has_value());
    EXPECT_FALSE(Multistream::dial({longest + "x"}).has_value());
    EXPECT_TRUE(Multistream::dial(std::vector<std::string>(k_mss_proposals_emit_max, "/a")).has_value());
    EXPECT_FALSE(Multistream::dial(std::vector<std::string>(k_mss_proposals_emit_max + 1, "/a")).has_value());
    for (char const* name : {"", "/", "noise", "/a b", "/a\n", "na"}) {
        EXPECT_FALSE(Multistream::dial({name}).has_value()) << name;
    }
    EXPECT_FALSE(Multistream::dial({}).has_value());
}

}  // namespace
}  // namespace ggen::p2p
