#include "p2p/protocol/message_reader.hpp"

#include <gtest/gtest.h>

namespace ggen::p2p {
namespace {

std::vector<Bytes> read_all(BytesView stream, std::size_t step, std::size_t limit) {
    MessageReader reader(limit);
    std::vector<Bytes> out;
    for (std::size_t at = 0; at < stream.size(); at += step) {
        reader.feed(stream.subspan(at, std::min(step, stream.size() - at)));
        for (;;) {
            auto const message = reader.next();
            if (!message || !message->has_value()) break;
            out.emplace_back((*message)->begin(), (*message)->end());
        }
    }
    return out;
}

TEST(MessageReaderTest, AnyCutGivesTheSameMessages) {
    Bytes stream;
    std::vector<Bytes> const messages{to_bytes("one"), {}, Bytes(300, 7), to_bytes("four")};
    for (auto const& message : messages) {
        auto const framed = frame_message(message);
        stream.insert(stream.end(), framed.begin(), framed.end());
    }
    for (std::size_t step = 1; step <= stream.size(); ++step) EXPECT_EQ(read_all(stream, step, 300), messages);
}

TEST(MessageReaderTest, TakesAMessageAtTheLimitAndRefusesOnePastIt) {
    EXPECT_EQ(read_all(frame_message(Bytes(64)), 1000, 64).size(), 1U);
    MessageReader reader(64);
    reader.feed(BytesView(frame_message(Bytes(65))).first(1));
    auto const refused = reader.next();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::too_large);
    reader.feed(Bytes(1000));
    EXPECT_FALSE(reader.next().has_value());
}

TEST(MessageReaderTest, RefusesALengthThatNeverEnds) {
    MessageReader reader(64);
    reader.feed(Bytes(10, 0xff));
    auto const refused = reader.next();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::invalid);
}

TEST(MessageReaderTest, SaysWhatWasCutShort) {
    MessageReader reader(64);
    reader.feed(BytesView(frame_message(Bytes(10))).first(4));
    EXPECT_FALSE(reader.next()->has_value());
    EXPECT_EQ(reader.pending_bytes(), 4U);
}

}  // namespace
}  // namespace ggen::p2p
