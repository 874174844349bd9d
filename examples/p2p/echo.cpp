// echo              listens and answers every stream with its own bytes
// echo <address>    sends a line to the address that the other one printed, and prints the answer
#include <cstdio>

#include "net/p2p/node.hpp"

int main(int argc, char** argv) {
    using ggen::p2p::Stream;
    auto const node = ggen::p2p::Node::create({.listen = {"/ip4/127.0.0.1/tcp/0"}}).value();
    if (argc > 1) {
        Stream stream = node->open(argv[1], "/echo/1.0.0").value();
        stream.on_bytes([](ggen::BytesView bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); });
        stream.on_closed([&](std::optional<ggen::Error> const&) { node->stop(); });
        stream.write("Hello, peer.\n");
        stream.finish();
    } else {
        node->on_listening([](ggen::Multiaddr const& address) { std::puts(address.text().c_str()); std::fflush(stdout); });
        node->host().handle("/echo/1.0.0", [](Stream stream) {
            stream.on_bytes([stream](ggen::BytesView bytes) mutable { stream.write(bytes); });
            stream.on_finished([stream]() mutable { stream.finish(); });
        });
    }
    node->run();
    node->shut_down();
}
