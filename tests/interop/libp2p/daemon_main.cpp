// Our node behind the libp2p daemon control protocol (p2pd), for clients such as @libp2p/daemon-client: the public
// headers of the network and nothing else. It says where it takes requests, then that it is ready, and ends with its
// standard input.
//   libp2p_daemon '{"listen": "/ip4/127.0.0.1/tcp/0", "dht": true, "pubsub": true, "key": "FILE"}'
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "daemon_node.hpp"

int main(int argc, char** argv) {
    auto const fail = [](ggen::Error const& error) {
        std::fprintf(stderr, "libp2p_daemon: %s\n", error.context.c_str());
        return 1;
    };
    auto const options = ggen::Json::parse(argc > 1 ? argv[1] : "{}");
    if (!options) return fail(options.error());
    auto const node = ggen::p2p::interop::DaemonNode::create(*options);
    if (!node) return fail(node.error());
    auto const listener = ggen::p2p::interop::DaemonListener::open();
    if (!listener) return fail(listener.error());
    std::printf("control /ip4/127.0.0.1/tcp/%u\n", static_cast<unsigned>(listener->port));
    std::fflush(stdout);
    std::thread{[&] {
        while (auto const client = listener->accept()) (*node)->serve(*client);
    }}.detach();
    std::thread{[] {
        while (std::getchar() != EOF) {}
        std::_Exit(0);  // clients' threads may still wait for their sockets
    }}.detach();
    (*node)->run();
}
