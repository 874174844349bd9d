// js-libp2p as a peer that a test commands: one JSON object a line on standard input, answers and events on
// standard output. The commands are those of peer_main.cpp; README.md lists them.
//   node peer.mjs '{"kad": "/test/kad/1.0.0", "gossip": true}'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { gossipsub } from '@libp2p/gossipsub'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { createInterface } from 'node:readline'

// A stream that a peer resets must not end the process (libp2p 3.3 leaves some of those errors to nobody).
process.on('uncaughtException', error => console.error(`peer.mjs: ${error?.message ?? error}`))
process.on('unhandledRejection', error => console.error(`peer.mjs: ${error?.message ?? error}`))

const options = JSON.parse(process.argv[2] ?? '{}')
const ECHO = '/test/echo/1.0.0'
const PERF = '/perf/1.0.0'
const PERF_STREAMS = 256 // js-libp2p resets what comes over its 32 inbound and 64 outbound streams of one protocol
const BLOCK = new Uint8Array(64 * 1024)
const say = object => process.stdout.write(JSON.stringify(object) + '\n')
const bytes = text => new TextEncoder().encode(text)
const text = data => new TextDecoder().decode(data.subarray ? data.subarray() : data)

const services = { identify: identify(), identifyPush: identifyPush(), ping: ping() }
if (options.kad) {
  services.dht = kadDHT({
    protocol: options.kad, clientMode: false, peerInfoMapper: passthroughMapper,
    validators: { v: async () => {} }, selectors: { v: () => 0 }
  })
}
if (options.gossip) {
  services.pubsub = gossipsub({
    allowPublishToZeroTopicPeers: true, floodPublish: false, scoreParams: { IPColocationFactorWeight: 0 },
    ...(options.gossipOptions ?? {})
  })
}
const node = await createLibp2p({
  addresses: { listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()],
  connectionMonitor: { enabled: false },
  connectionManager: { inboundConnectionThreshold: 1e6 },
  connectionGater: { denyDialMultiaddr: () => false },
  services
})

// What other peers' control messages held, counted on their way in.
const counters = { ihave_ids: 0, iwant_ids: 0, idontwant_ids: 0, idontwants_sent: 0, grafts: 0, grafts_in_backoff: 0, prunes: 0 }
if (options.gossip) {
  const pubsub = node.services.pubsub
  const count = (name, look) => {
    const original = pubsub[name].bind(pubsub)
    pubsub[name] = (...words) => { look(...words); return original(...words) }
  }
  const ids = list => list.reduce((sum, one) => sum + (one.messageIDs?.length ?? 0), 0)
  count('handleIHave', (id, list) => { counters.ihave_ids += ids(list) })
  count('handleIWant', (id, list) => { counters.iwant_ids += ids(list) })
  count('handleIdontwant', (id, list) => { counters.idontwant_ids += ids(list) })
  count('sendIDontWants', () => { counters.idontwants_sent++ })
  count('handlePrune', (id, list) => { counters.prunes += list.length })
  count('handleGraft', (id, list) => {
    counters.grafts += list.length
    for (const one of list) if ((pubsub.backoff.get(one.topicID)?.get(id) ?? 0) > Date.now()) counters.grafts_in_backoff++
  })
}

async function send (stream, data) {
  if (!stream.send(data)) await stream.onDrain()
}

async function sendZeros (stream, count) {
  for (let left = count; left > 0; left -= BLOCK.length) await send(stream, BLOCK.subarray(0, Math.min(left, BLOCK.length)))
}

await node.handle(ECHO, async stream => {
  try {
    for await (const chunk of stream) await send(stream, chunk)
    await stream.close()
  } catch (error) { stream.abort(error) }
})

await node.handle(PERF, async stream => {
  try {
    const head = new Uint8Array(8)
    let seen = 0
    for await (const chunk of stream) {
      const part = chunk.subarray()
      if (seen < 8) head.set(part.subarray(0, 8 - seen), seen)
      seen += part.length
    }
    await sendZeros(stream, Number(new DataView(head.buffer).getBigUint64(0)))
    await stream.close()
  } catch (error) { stream.abort(error) }
}, { maxInboundStreams: PERF_STREAMS })

async function received (stream) {
  let count = 0
  for await (const chunk of stream) count += chunk.byteLength
  return count
}

// What identify learned by itself; asking a second time while it runs is refused by either end.
const identities = new Map()
const waiting = []
node.addEventListener('peer:identify', event => {
  identities.set(event.detail.peerId.toString(), event.detail)
  waiting.splice(0).forEach(wake => wake())
})
async function identified (id) {
  while (!identities.has(id)) await new Promise(resolve => waiting.push(resolve))
  return identities.get(id)
}
const dial = command => node.dial(multiaddr(command.address))
const cidOf = async key => CID.createV1(raw.code, await sha256.digest(bytes(key)))

const commands = {
  async connect (command) { await dial(command) },
  async disconnect (command) {
    await node.hangUp(peerIdFromString(command.peer))
    identities.delete(command.peer) // the next connection has its own identify
  },
  async ping (command) {
    const connection = await dial(command)
    const begin = process.hrtime.bigint()
    await node.services.ping.ping(connection.remotePeer)
    return { round_trip_us: Number((process.hrtime.bigint() - begin) / 1000n) }
  },
  async identify (command) {
    const connection = await dial(command)
    const found = await identified(connection.remotePeer.toString())
    return {
      peer: found.peerId.toString(), agent: found.agentVersion, protocols: found.protocols,
      addresses: found.listenAddrs.map(String), observed: String(found.observedAddr), certified: found.signedPeerRecord != null
    }
  },
  async protocols_of (command) {
    return { protocols: (await node.peerStore.get(peerIdFromString(command.peer))).protocols }
  },
  async handle (command) { await node.handle(command.protocol, stream => stream.abort(new Error('only a name'))) },
  async echo (command) {
    const begin = performance.now()
    let first = begin
    const connection = await dial(command)
    const stream = await connection.newStream(ECHO)
    const data = new Uint8Array(command.bytes).map((_, i) => (i * 31 + 7) & 255)
    const answer = (async () => {
      let at = 0
      stream.addEventListener('message', () => { first = performance.now() }, { once: true })
      for await (const chunk of stream) for (const byte of chunk.subarray()) if (byte !== data[at++]) throw new Error(`byte ${at - 1} is wrong`)
      return at
    })()
    for (let at = 0; at < data.length; at += BLOCK.length) await send(stream, data.subarray(at, at + BLOCK.length))
    await stream.close()
    return { bytes: await answer, first_us: Math.round((first - begin) * 1000) }
  },
  async perf (command) {
    const connection = await dial(command)
    const begin = performance.now()
    const counts = await Promise.all(Array.from({ length: command.streams ?? 1 }, async () => {
      const stream = await connection.newStream(PERF, { maxOutboundStreams: PERF_STREAMS })
      const head = new DataView(new ArrayBuffer(8))
      head.setBigUint64(0, BigInt(command.download))
      await send(stream, new Uint8Array(head.buffer))
      const answer = received(stream)
      await sendZeros(stream, command.upload)
      await stream.close()
      return await answer
    }))
    return { received: counts.reduce((a, b) => a + b, 0), seconds: (performance.now() - begin) / 1000 }
  },
  async peers () { return { peers: node.getPeers().map(String) } },
  async kad_put (command) { await node.services.dht[Symbol.for('@libp2p/content-routing')].put(bytes(command.key), bytes(command.value)) },
  async kad_get (command) {
    return { value: text(await node.services.dht[Symbol.for('@libp2p/content-routing')].get(bytes(command.key))) }
  },
  async kad_provide (command) { await node.services.dht[Symbol.for('@libp2p/content-routing')].provide(await cidOf(command.key)) },
  async kad_find_providers (command) {
    const peers = []
    for await (const one of node.services.dht[Symbol.for('@libp2p/content-routing')].findProviders(await cidOf(command.key))) {
      peers.push(one.id.toString())
      if (peers.length >= (command.count ?? 1)) break
    }
    return { peers }
  },
  async kad_find_peer (command) {
    const found = await node.services.dht[Symbol.for('@libp2p/peer-routing')].findPeer(peerIdFromString(command.peer))
    return { addresses: found.multiaddrs.map(String) }
  },
  async kad_table () { return { size: node.services.dht.routingTable.size } },
  async subscribe (command) { node.services.pubsub.subscribe(command.topic) },
  async unsubscribe (command) { node.services.pubsub.unsubscribe(command.topic) },
  async publish (command) { await node.services.pubsub.publish(command.topic, bytes(command.data)) },
  async mesh (command) {
    return {
      mesh: node.services.pubsub.getMeshPeers(command.topic).map(String),
      subscribers: node.services.pubsub.getSubscribers(command.topic).map(String)
    }
  },
  async gossip_counters () { return counters },
  async kad_bootstrap (command) { await dial(command) },
  async usage () {
    const { user, system } = process.cpuUsage()
    return { peak_rss_bytes: process.resourceUsage().maxRSS * 1024, cpu_us: user + system }
  },
  async stop () { await node.stop(); process.exit(0) }
}

node.services.pubsub?.addEventListener('message', event => {
  say({ event: 'message', topic: event.detail.topic, data: text(event.detail.data) })
})

createInterface({ input: process.stdin }).on('line', async line => {
  const command = JSON.parse(line)
  try {
    say({ id: command.id, ok: true, ...(await commands[command.do](command)) })
  } catch (error) {
    say({ id: command.id, ok: false, error: String(error?.message ?? error) })
  }
}).on('close', () => process.exit(0))

say({ event: 'ready', peer: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) })
