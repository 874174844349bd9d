// Our node as a peer that a test commands: one JSON object a line on standard input, answers and events on standard
// output. README.md lists the commands; peer.mjs takes the same.
//   libp2p_peer '{"listen": ["/ip4/127.0.0.1/tcp/0"], "kad": "/test/kad/1.0.0", "gossip": true}'
#include <stdio.h>  // getline(3)

#include <cstdio>
#include <cstdlib>

#include "peer_node.hpp"

int main(int argc, char** argv) {
    auto const options = ggen::Json::parse(argc > 1 ? argv[1] : "{}");
    if (!options) {
        std::fprintf(stderr, "libp2p_peer: %s\n", options.error().context.c_str());
        return 2;
    }
    auto node = ggen::p2p::interop::PeerNode::create(*options);
    if (!node) {
        std::fprintf(stderr, "libp2p_peer: %s\n", node.error().context.c_str());
        return 1;
    }
    // The pipe is read on a thread of its own, since it may be any kind of file.
    std::thread{[&] {
        char* line = nullptr;
        std::size_t room = 0;
        while (getline(&line, &room, stdin) > 0) (*node)->command(line);
        std::free(line);
        (*node)->stop();
    }}.detach();
    (*node)->run();
    std::fflush(stdout);
    std::_Exit(0);  // the reader may still wait for its pipe
}
