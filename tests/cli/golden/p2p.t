# Mistakes of the command line, in every build.
$ ggen p2p ping
! error[GM0801]: `p2p ping` needs MULTIADDR
!   help: `ggen help p2p ping` shows the flags with examples
[2]

$ ggen p2p search
! error[GM0801]: `p2p search` needs QUERY
!   help: `ggen help p2p search` shows the flags with examples
[2]

$ ggen p2p search tool --format xml
! error[GM0801]: --format does not know `xml`
!   help: choose one of table|json|yaml
[2]

$ ggen p2p ping nonsense
! error: MULTIADDR: multiaddr: an address starts with a slash: "nonsense"
[2]

$ ggen p2p ping /ip4/127.0.0.1/tcp/1
! error[GM0801]: /ip4/127.0.0.1/tcp/1 does not say where and who
!   help: an address ends in /p2p/PEER
[2]

$ ggen p2p ping /p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN
! error[GM0801]: /p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN does not say where and who
!   help: an address ends in /p2p/PEER
[2]

$ ggen p2p perf /ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN --streams 129
! error[GM0801]: --streams needs a whole number from 0 to 128, not `129`
[2]

$ ggen p2p identify /ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN --timeout 0
! error[GM0801]: --timeout: at least one second
[2]
