// chat            talks with everybody on the local network who runs it too: a line typed is a line heard
// chat <address>  also comes in by a peer elsewhere
#include <iostream>
#include <thread>

#include "net/p2p/node.hpp"

int main(int argc, char** argv) {
    ggen::p2p::NodeOptions options{.listen = {"/ip4/0.0.0.0/tcp/0"}, .bootstrap = {argv + 1, argv + argc}};
    options.finds_neighbours = options.has_topics = true;
    auto const node = ggen::p2p::Node::create(options).value();
    node->on_listening([](ggen::Multiaddr const& address) { std::cout << address.text() << std::endl; });
    node->join("chat", [](ggen::PeerId const& author, ggen::BytesView line) {
        std::cout << author.text().substr(44) << ": " << ggen::as_text(line) << std::endl;
    }).value();
    std::thread keyboard{[&] {
        for (std::string line; std::getline(std::cin, line);) {
            node->post([&node, line] { (void)node->publish("chat", line); });
        }
        node->stop();
    }};
    node->run();
    keyboard.join();
    node->shut_down();
}
