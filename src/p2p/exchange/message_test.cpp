#include "p2p/exchange/message.hpp"

#include <gtest/gtest.h>

#include "codec/protobuf.hpp"
#include "p2p/exchange/limits.hpp"

namespace ggen::p2p {
namespace {

std::string const k_hex(64, 'a');

ExchangeRequest request_of(std::string path) {
    ExchangeRequest request;
    request.log = LogId{};
    request.path = std::move(path);
    request.length = 1;
    return request;
}

TEST(ExchangePathTest, EachObjectHasOneSpelling) {
    for (auto const* const path :
         {"checkpoint", "state/head", "root/1", "root/4294967295", "tile/0/000", "tile/63/001", "tile/0/x001/x234/067",
          "tile/2/x001/000.p/255", "tile/entries/000.p/1"}) {
        EXPECT_EQ(kind_of_path(path), ObjectKind::log) << path;
    }
    EXPECT_EQ(kind_of_path("state/" + k_hex), ObjectKind::log);
    EXPECT_EQ(kind_of_path("blob/sha256/" + k_hex), ObjectKind::blob);
    EXPECT_EQ(kind_of_path("chunks/sha256/" + k_hex), ObjectKind::chunks);
    EXPECT_EQ(kind_of_path("have/sha256/" + k_hex), ObjectKind::have);
}

TEST(ExchangePathTest, NothingElseIsAPath) {
    std::string const upper(64, 'A');
    for (auto const& path : std::vector<std::string>{
             "", "/", "/checkpoint", "checkpoint/", "Checkpoint", "./checkpoint", "../checkpoint", "a/../checkpoint",
             "tile/0/../../etc/passwd", "root/0", "root/01", "root/4294967296", "root/-1", "root/", "root/1/",
             "tile/64/000", "tile/00/000", "tile/0/0", "tile/0/0000", "tile/0/000/000", "tile/0/x000/001",
             "tile/0/x001", "tile/0/x001/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
             "tile/0/000.q/1", "tile/0/000.p/", "tile/entries/", "tile/entries", "tile//000", "state/abc",
             "state/" + upper, "blob/sha256/", "blob/sha256/" + k_hex + "/", "blob/sha256/" + k_hex + "0",
             "blob/sha512/" + k_hex, "blob/sha256/../" + k_hex, "blob\\sha256\\" + k_hex,
             "%2e%2e/checkpoint", ".writer/wal", ".writer/lock", std::string("checkpoint\0", 11), "checkpoint\n"}) {
        EXPECT_FALSE(kind_of_path(path)) << path;
    }
}

TEST(ExchangePathTest, ANumberOfATileHasAtMostSevenGroups) {
    std::string path = "tile/0/";
    for (int i = 0; i < 6; ++i) path += "x123/";
    EXPECT_TRUE(kind_of_path(path + "123"));
    EXPECT_FALSE(kind_of_path(path + "x123/123"));
}

TEST(ExchangePathTest, BlobsAreReadBackFromTheirPaths) {
    auto const digest = sha256(as_bytes("x"));
    for (auto const kind : {ObjectKind::blob, ObjectKind::chunks, ObjectKind::have}) {
        EXPECT_EQ(blob_of_path(exchange_path(kind, digest)), digest);
        EXPECT_EQ(kind_of_path(exchange_path(kind, digest)), kind);
    }
    EXPECT_FALSE(blob_of_path("checkpoint"));
}

TEST(ExchangeMessageTest, ARequestIsReadBack) {
    auto request = request_of("blob/sha256/" + k_hex);
    request.offset = 5;
    request.length = k_exchange_range_bytes_max;
    auto const back = decode_exchange_request(encode_exchange_request(request));
    ASSERT_TRUE(back) << back.error().context;
    EXPECT_EQ(back->log, request.log);
    EXPECT_EQ(back->path, request.path);
    EXPECT_EQ(back->offset, 5U);
    EXPECT_EQ(back->length, k_exchange_range_bytes_max);
}

TEST(ExchangeMessageTest, LimitsOfARequest) {
    auto request = request_of("checkpoint");
    EXPECT_TRUE(decode_exchange_request(encode_exchange_request(request)));
    request.length = k_exchange_range_bytes_max + 1;
    EXPECT_EQ(decode_exchange_request(encode_exchange_request(request)).error().code, Errc::too_large);
    request.length = 0;
    EXPECT_EQ(decode_exchange_request(encode_exchange_request(request)).error().code, Errc::invalid);
    request = request_of("checkpoint");
    request.log.reset();
    EXPECT_FALSE(decode_exchange_request(encode_exchange_request(request)));
    request.path = "blob/sha256/" + k_hex;
    EXPECT_TRUE(decode_exchange_request(encode_exchange_request(request)));
    EXPECT_FALSE(decode_exchange_request(encode_exchange_request(request_of("../x"))));

    auto padded = encode_exchange_request(request_of("checkpoint"));
    ProtoWriter unknown;
    unknown.bytes(9, Bytes(k_exchange_request_bytes_max - padded.size() - 3));
    padded.insert(padded.end(), unknown.message().begin(), unknown.message().end());
    ASSERT_EQ(padded.size(), k_exchange_request_bytes_max);
    EXPECT_TRUE(decode_exchange_request(padded));
    padded.push_back(0);
    EXPECT_EQ(decode_exchange_request(padded).error().code, Errc::too_large);
}

TEST(ExchangeMessageTest, ALogHasANameOf32Bytes) {
    ProtoWriter message;
    message.bytes(1, Bytes(31)).bytes(2, as_bytes("checkpoint")).uint(4, 1);
    EXPECT_FALSE(decode_exchange_request(message.message()));
}

TEST(ExchangeMessageTest, AnAnswerIsReadBackAndHeldToItsLimits) {
    auto const back = decode_exchange_answer(encode_exchange_answer({ExchangeStatus::ok, 1000, 10}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->total, 1000U);
    EXPECT_EQ(back->length, 10U);
    auto const max = k_exchange_range_bytes_max;
    EXPECT_TRUE(decode_exchange_answer(encode_exchange_answer({ExchangeStatus::ok, max, max})));
    EXPECT_FALSE(decode_exchange_answer(encode_exchange_answer({ExchangeStatus::ok, max + 1, max + 1})));
    EXPECT_FALSE(decode_exchange_answer(encode_exchange_answer({ExchangeStatus::ok, 9, 10})));
    EXPECT_FALSE(decode_exchange_answer(encode_exchange_answer({ExchangeStatus::ok, 10, 0})));
    EXPECT_FALSE(decode_exchange_answer(encode_exchange_answer({ExchangeStatus::busy, 10, 1})));
    EXPECT_TRUE(decode_exchange_answer(encode_exchange_answer({ExchangeStatus::refused, 0, 0})));
    ProtoWriter unknown;
    unknown.uint(1, 5);
    EXPECT_FALSE(decode_exchange_answer(unknown.message()));
    EXPECT_TRUE(decode_exchange_answer(Bytes{}).error().code == Errc::invalid);
    EXPECT_EQ(decode_exchange_answer(Bytes(k_exchange_answer_bytes_max + 1)).error().code, Errc::too_large);
}

TEST(ExchangeMessageTest, ALogIsNamedByTheWholeHashThatItsKeyIdBegins) {
    merkle::VerifierKey const key =
        merkle::VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").value();
    EXPECT_EQ(log_id(key).hex().substr(0, 8), "c74f20a3");
}

}  // namespace
}  // namespace ggen::p2p
