//! rust-libp2p as a peer that a test commands; README.md beside peer.mjs lists the commands.
mod served;
mod streams;

use futures::StreamExt;
use libp2p::kad::{self, store::MemoryStore, QueryId, QueryResult, Quorum, Record, RecordKey};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{behaviour::toggle::Toggle, NetworkBehaviour, SwarmEvent};
use libp2p::{gossipsub, identify, identity::Keypair, multiaddr::Protocol, noise, ping, tcp, yamux};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::sync::mpsc;

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    stream: libp2p_stream::Behaviour,
    echo: served::Served,
    perf: served::Served,
    kad: Toggle<kad::Behaviour<MemoryStore>>,
    gossip: Toggle<gossipsub::Behaviour>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Answer = Result<Value, Failure>;

struct Node {
    swarm: Swarm<Behaviour>,
    kad_protocol: Option<StreamProtocol>,
    identities: HashMap<PeerId, identify::Info>,
    /// Commands that wait for a connection, for what identify tells, for a query's end.
    dialing: HashMap<PeerId, Vec<Value>>,
    identifying: HashMap<PeerId, Vec<Value>>,
    queries: HashMap<QueryId, Value>,
    answers: mpsc::UnboundedSender<Value>,
}

fn text<'a>(command: &'a Value, field: &str) -> &'a str {
    command[field].as_str().unwrap_or("")
}

fn reply(answers: &mpsc::UnboundedSender<Value>, command: &Value, answer: Answer) {
    let mut line = match answer {
        Ok(fields) => fields,
        Err(error) => json!({"ok": false, "error": error.to_string()}),
    };
    line["id"] = command["id"].clone();
    if line["ok"].is_null() {
        line["ok"] = json!(true);
    }
    let _ = answers.send(line);
}

/// The key of a provider record: the multihash of the content's name.
fn content_key(name: &str) -> RecordKey {
    let mut key = vec![0x12, 0x20];
    key.extend_from_slice(&Sha256::digest(name.as_bytes()));
    RecordKey::new(&key)
}

impl Node {
    fn reply(&self, command: &Value, answer: Answer) {
        reply(&self.answers, command, answer);
    }

    /// Carries out a command, at once or when the peer that it names is connected.
    fn begin(&mut self, command: Value) {
        let target = match self.target(&command) {
            Ok(target) => target,
            Err(error) => return self.reply(&command, Err(error)),
        };
        let Some((peer, address)) = target else { return self.run(&command, None) };
        if self.swarm.is_connected(&peer) || address.is_none() {
            return self.run(&command, Some(peer));
        }
        let is_first = !self.dialing.contains_key(&peer);
        self.dialing.entry(peer).or_default().push(command);
        if is_first {
            let dial = DialOpts::peer_id(peer).addresses(address.into_iter().collect()).build();
            if let Err(error) = self.swarm.dial(dial) {
                self.dial_failed(peer, &error.to_string());
            }
        }
    }

    fn target(&self, command: &Value) -> Result<Option<(PeerId, Option<Multiaddr>)>, Failure> {
        if let Some(address) = command["address"].as_str() {
            let address: Multiaddr = address.parse()?;
            return match address.iter().last() {
                Some(Protocol::P2p(peer)) => Ok(Some((peer, Some(address)))),
                _ => Err("the address names no peer".into()),
            };
        }
        match command["peer"].as_str() {
            Some(peer) => Ok(Some((peer.parse()?, None))),
            None => Ok(None),
        }
    }

    fn dial_failed(&mut self, peer: PeerId, error: &str) {
        for command in self.dialing.remove(&peer).unwrap_or_default() {
            self.reply(&command, Err(error.into()));
        }
    }

    fn run(&mut self, command: &Value, peer: Option<PeerId>) {
        match self.perform(command, peer) {
            Ok(Some(answer)) => self.reply(command, Ok(answer)),
            Ok(None) => {}  // its answer comes later
            Err(error) => self.reply(command, Err(error)),
        }
    }

    fn perform(&mut self, command: &Value, peer: Option<PeerId>) -> Result<Option<Value>, Failure> {
        let name = text(command, "do");
        match (name, peer) {
            ("connect", Some(_)) => Ok(Some(json!({}))),
            ("disconnect", Some(peer)) => {
                let _ = self.swarm.disconnect_peer_id(peer);
                self.identities.remove(&peer); // the next connection has its own identify
                Ok(Some(json!({})))
            }
            ("identify", Some(peer)) => {
                if let Some(info) = self.identities.get(&peer) {
                    return Ok(Some(described(peer, info)));
                }
                self.identifying.entry(peer).or_default().push(command.clone());
                Ok(None)
            }
            ("protocols_of", Some(peer)) => {
                let info = self.identities.get(&peer).ok_or("nothing is known of that peer")?;
                Ok(Some(json!({"protocols": names(&info.protocols)})))
            }
            ("ping" | "echo" | "perf", Some(peer)) => {
                let control = self.swarm.behaviour().stream.new_control();
                let (answers, command) = (self.answers.clone(), command.clone());
                tokio::spawn(async move {
                    let answer = streams::perform(control, peer, &command).await;
                    reply(&answers, &command, answer);
                });
                Ok(None)
            }
            ("handle", _) => {
                let protocol = StreamProtocol::try_from_owned(text(command, "protocol").to_string())?;
                let incoming = self.swarm.behaviour().stream.new_control().accept(protocol)?;
                tokio::spawn(incoming.for_each(|_| async {}));
                Ok(Some(json!({})))
            }
            ("peers", _) => {
                let peers: Vec<_> = self.swarm.connected_peers().map(PeerId::to_string).collect();
                Ok(Some(json!({ "peers": peers })))
            }
            ("usage", _) => Ok(Some(usage()?)),
            ("gossip_counters", _) => Ok(Some(json!({}))),
            ("subscribe" | "unsubscribe" | "publish" | "mesh", _) => self.gossip(command).map(Some),
            _ if name.starts_with("kad_") => self.kad(command, peer),
            _ => Err(format!("no command {name}").into()),
        }
    }

    fn gossip(&mut self, command: &Value) -> Answer {
        let gossip = self.swarm.behaviour_mut().gossip.as_mut().ok_or("made without gossip")?;
        let topic = gossipsub::IdentTopic::new(text(command, "topic"));
        match text(command, "do") {
            "subscribe" => drop(gossip.subscribe(&topic)?),
            "unsubscribe" => drop(gossip.unsubscribe(&topic)),
            "publish" => drop(gossip.publish(topic, text(command, "data").as_bytes())?),
            _ => {
                let mesh: Vec<_> = gossip.mesh_peers(&topic.hash()).map(PeerId::to_string).collect();
                let subscribers: Vec<_> = gossip
                    .all_peers()
                    .filter(|(_, topics)| topics.contains(&&topic.hash()))
                    .map(|(peer, _)| peer.to_string())
                    .collect();
                return Ok(json!({"mesh": mesh, "subscribers": subscribers}));
            }
        }
        Ok(json!({}))
    }

    fn kad(&mut self, command: &Value, peer: Option<PeerId>) -> Result<Option<Value>, Failure> {
        let kad = self.swarm.behaviour_mut().kad.as_mut().ok_or("made without kad")?;
        let key = text(command, "key");
        let query = match text(command, "do") {
            "kad_table" => {
                let size: usize = kad.kbuckets().map(|bucket| bucket.num_entries()).sum();
                return Ok(Some(json!({ "size": size })));
            }
            "kad_bootstrap" => kad.bootstrap()?,
            "kad_put" => kad.put_record(
                Record::new(RecordKey::new(&key), text(command, "value").as_bytes().to_vec()),
                Quorum::One,
            )?,
            "kad_get" => kad.get_record(RecordKey::new(&key)),
            "kad_provide" => kad.start_providing(content_key(key))?,
            "kad_find_providers" => kad.get_providers(content_key(key)),
            "kad_find_peer" => kad.get_closest_peers(peer.ok_or("no peer is named")?),
            other => return Err(format!("no command {other}").into()),
        };
        self.queries.insert(query, command.clone());
        Ok(None)
    }

    /// What a query found so far; None when more may come.
    fn found(command: &Value, result: QueryResult, is_last: bool) -> Option<Answer> {
        match result {
            QueryResult::GetRecord(Ok(kad::GetRecordOk::FoundRecord(found))) => {
                let value = String::from_utf8_lossy(&found.record.value).into_owned();
                Some(Ok(json!({ "value": value })))
            }
            QueryResult::GetRecord(Err(error)) => Some(Err(error.into())),
            QueryResult::GetRecord(_) => is_last.then(|| Err("no value".into())),
            QueryResult::GetProviders(Ok(kad::GetProvidersOk::FoundProviders { providers, .. }))
                if !providers.is_empty() =>
            {
                let peers: Vec<_> = providers.iter().map(PeerId::to_string).collect();
                Some(Ok(json!({ "peers": peers })))
            }
            QueryResult::GetProviders(Err(error)) => Some(Err(error.into())),
            QueryResult::GetProviders(_) => is_last.then(|| Ok(json!({"peers": []}))),
            QueryResult::GetClosestPeers(Ok(closest)) => {
                let wanted = closest.peers.iter().find(|one| one.peer_id.to_string() == text(command, "peer"));
                let Some(wanted) = wanted else { return is_last.then(|| Err("no such peer".into())) };
                let addresses: Vec<_> = wanted.addrs.iter().map(Multiaddr::to_string).collect();
                Some(Ok(json!({ "addresses": addresses })))
            }
            QueryResult::GetClosestPeers(Err(error)) => Some(Err(error.into())),
            QueryResult::PutRecord(done) => Some(done.map(|_| json!({})).map_err(Into::into)),
            QueryResult::StartProviding(done) => Some(done.map(|_| json!({})).map_err(Into::into)),
            QueryResult::Bootstrap(Err(error)) => Some(Err(error.into())),
            _ => is_last.then(|| Ok(json!({}))),
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                for command in self.dialing.remove(&peer_id).unwrap_or_default() {
                    self.run(&command, Some(peer_id));
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.dial_failed(peer, &error.to_string());
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
                self.on_identified(peer_id, info);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Message { message, .. })) => {
                let data = String::from_utf8_lossy(&message.data).into_owned();
                let line = json!({"event": "message", "topic": message.topic.as_str(), "data": data});
                let _ = self.answers.send(line);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                id, result, step, ..
            })) => {
                let Some(command) = self.queries.get(&id).cloned() else { return };
                if let Some(answer) = Self::found(&command, result, step.last) {
                    self.queries.remove(&id);
                    self.reply(&command, answer);
                    if let Some(mut query) = self.swarm.behaviour_mut().kad.as_mut().and_then(|kad| kad.query_mut(&id)) {
                        query.finish();
                    }
                }
            }
            _ => {}
        }
    }

    fn on_identified(&mut self, peer: PeerId, info: identify::Info) {
        let speaks_kad = self.kad_protocol.as_ref().is_some_and(|name| info.protocols.contains(name));
        if let (true, Some(kad)) = (speaks_kad, self.swarm.behaviour_mut().kad.as_mut()) {
            for address in &info.listen_addrs {
                kad.add_address(&peer, address.clone());
            }
        }
        self.identities.insert(peer, info);
        for command in self.identifying.remove(&peer).unwrap_or_default() {
            self.run(&command, Some(peer));
        }
    }
}

fn names(protocols: &[StreamProtocol]) -> Vec<String> {
    protocols.iter().map(StreamProtocol::to_string).collect()
}

fn described(peer: PeerId, info: &identify::Info) -> Value {
    let addresses: Vec<_> = info.listen_addrs.iter().map(Multiaddr::to_string).collect();
    // Its identify reads only records of the form before go-libp2p's, which nobody else sends: of others it cannot tell.
    let certified = info.signed_peer_record.as_ref().map(|_| true);
    json!({"peer": peer.to_string(), "agent": info.agent_version, "protocols": names(&info.protocols),
           "addresses": addresses, "observed": info.observed_addr.to_string(),
           "certified": certified})
}

fn usage() -> Answer {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak_kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or("no VmHWM")?
        .parse()?;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(json!({"peak_rss_bytes": peak_kib * 1024, "cpu_us": ticks * 10_000}))
}

fn behaviour(key: &Keypair, options: &Value) -> Result<Behaviour, Failure> {
    let own = key.public().to_peer_id();
    let identify = identify::Config::new_with_signed_peer_record("ipfs/0.1.0".into(), key)
        .with_agent_version("rust-libp2p test peer".into());
    let kad = match options["kad"].as_str() {
        None => None,
        Some(name) => {
            let mut config = kad::Config::new(StreamProtocol::try_from_owned(name.to_string())?);
            config.set_query_timeout(Duration::from_secs(30));
            let mut kad = kad::Behaviour::with_config(own, MemoryStore::new(own), config);
            kad.set_mode(Some(kad::Mode::Server));
            Some(kad)
        }
    };
    let gossip = if options["gossip"].as_bool().unwrap_or(false) {
        let config = gossipsub::ConfigBuilder::default().flood_publish(false).build()?;
        Some(gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Signed(key.clone()), config)?)
    } else {
        None
    };
    let (echo, perf) = streams::served();
    Ok(Behaviour {
        identify: identify::Behaviour::new(identify),
        // Often: a connection looks for new protocols of its own when it is woken.
        ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(1))),
        stream: libp2p_stream::Behaviour::new(),
        echo,
        perf,
        kad: kad.into(),
        gossip: gossip.into(),
    })
}

async fn print_lines(mut answers: mpsc::UnboundedReceiver<Value>) {
    while let Some(line) = answers.recv().await {
        println!("{line}");
    }
}

/// Listens where the options say, and returns the addresses with the peer behind them.
async fn listen(swarm: &mut Swarm<Behaviour>, options: &Value) -> Result<Vec<String>, Failure> {
    let none = vec![json!("/ip4/127.0.0.1/tcp/0")];
    let wanted = options["listen"].as_array().unwrap_or(&none).clone();
    for one in &wanted {
        swarm.listen_on(one.as_str().ok_or("listen holds no text")?.parse()?)?;
    }
    let mut addresses = Vec::new();
    while addresses.len() < wanted.len() {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            swarm.add_external_address(address.clone());
            addresses.push(format!("{address}/p2p/{}", swarm.local_peer_id()));
        }
    }
    Ok(addresses)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let options: Value = match std::env::args().nth(1) {
        Some(text) => serde_json::from_str(&text)?,
        None => json!({}),
    };
    let key = Keypair::generate_ed25519();
    let cores = behaviour(&key, &options)?;
    let mut swarm = libp2p::SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_behaviour(move |_| cores)?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
        .build();
    let addresses = listen(&mut swarm, &options).await?;

    let (answers, lines) = mpsc::unbounded_channel();
    tokio::spawn(print_lines(lines));
    let _ = answers.send(json!({"event": "ready", "peer": swarm.local_peer_id().to_string(), "addresses": addresses}));
    let kad_protocol = options["kad"].as_str().map(|name| StreamProtocol::try_from_owned(name.to_string())).transpose()?;
    let mut node = Node {
        swarm,
        kad_protocol,
        identities: HashMap::new(),
        dialing: HashMap::new(),
        identifying: HashMap::new(),
        queries: HashMap::new(),
        answers,
    };
    let mut commands = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            event = node.swarm.select_next_some() => node.on_event(event),
            line = commands.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let mut command: Value = serde_json::from_str(&line)?;
                command["begun_us"] = json!(streams::now_us());
                if text(&command, "do") == "stop" {
                    return Ok(());
                }
                node.begin(command);
            }
        }
    }
}
