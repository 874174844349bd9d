// @libp2p/interop: the cases that libp2p implementations run against each other, each behind the daemon control
// protocol. Ours (`libp2p_daemon`) plays the part that the package calls go.
//   node daemon.mjs OURS
// Last line: cases passed of cases run. Cases that ask for what this stack does not have are counted by reason.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { gossipsub } from '@libp2p/gossipsub'
import { floodsub } from '@libp2p/floodsub'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { createServer } from '@libp2p/daemon-server'
import { createClient } from '@libp2p/daemon-client'
import { multiaddr } from '@multiformats/multiaddr'
import { Skipped, collect, runSuites } from './suite.mjs'

const { connectInteropTests, dhtInteropTests, pubsubInteropTests, streamInteropTests, relayInteropTests, UnsupportedError } =
  await import('@libp2p/interop')

process.on('uncaughtException', error => console.error(`daemon.mjs: ${error?.message ?? error}`))
process.on('unhandledRejection', error => console.error(`daemon.mjs: ${error?.message ?? error}`))

const ours = process.argv[2]
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const SUITES_AT_ONCE = 8
let otherKeys = 0

function unsupported (reason) {
  throw new UnsupportedError(reason)
}

function refuseUnknown (options) {
  if ((options.transport ?? 'tcp') !== 'tcp') unsupported(`transport ${options.transport}: this stack has TCP`)
  if ((options.encryption ?? 'noise') !== 'noise') unsupported(`security ${options.encryption}: this stack has Noise`)
}

async function spawnOurs (options) {
  refuseUnknown(options)
  // An identity of ours is an Ed25519 key. Where a case brings another kind, the other end keeps it and ours is fresh.
  const key = options.key?.includes('.ed25519.') ? options.key : undefined
  if (options.key && !key) otherKeys++
  const child = spawn(ours, [JSON.stringify({
    listen: options.noListen ? undefined : LOOPBACK, key, dht: options.dht || undefined, pubsub: options.pubsub || undefined
  })], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise(resolve => child.once('exit', resolve))
  const said = {}
  await Promise.race([
    ended.then(code => { throw new Error(`${ours} ended with ${code}`) }),
    (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        const [name, value] = line.split(' ')
        said[name] = value
        if (said.control && said.ready) return
      }
    })()
  ])
  return {
    client: createClient(multiaddr(said.control)),
    async stop () {
      child.stdin.end()
      const code = await ended
      if (code !== 0) throw new Error(`${ours} ended with ${code}`)
    }
  }
}

async function spawnJs (options) {
  refuseUnknown(options)
  const services = { identify: identify(), identifyPush: identifyPush(), ping: ping() }
  if (options.dht) {
    services.dht = kadDHT({ protocol: '/ipfs/kad/1.0.0', clientMode: false, peerInfoMapper: passthroughMapper })
  }
  if (options.pubsub) {
    services.pubsub = options.pubsubRouter === 'floodsub'
      ? floodsub()
      : gossipsub({ allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } })
  }
  const node = await createLibp2p({
    privateKey: options.key ? privateKeyFromProtobuf(await readFile(options.key)) : undefined,
    addresses: { listen: options.noListen ? [] : [LOOPBACK] },
    transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: { inboundConnectionThreshold: 1e6 },
    connectionGater: { denyDialMultiaddr: () => false },
    services
  })
  const server = createServer(multiaddr(LOOPBACK), node)
  await server.start()
  return { client: createClient(server.getMultiaddr()), stop: async () => server.stop() }
}

const mixed = { spawn: async options => options.type === 'go' ? spawnOurs(options) : spawnJs(options) }
const alone = { spawn: spawnOurs }
const noRelay = { spawn: async () => unsupported('circuit relay: this stack has none') }

const suites = []
const renamed = (list, from) => suites.push(...list.map(suite => ({
  ...suite,
  title: suite.title.replace(from, 'ours'),
  cases: suite.cases.map(one => ({ ...one, name: one.name.replaceAll(from, 'ours') }))
})))
const hasOurs = title => /\bgo (peer|sender|listener|to)\b|to go\b|relay go\b/.test(title)
renamed(collect(() => {
  connectInteropTests(mixed)
  streamInteropTests(mixed)
  dhtInteropTests(mixed)
  pubsubInteropTests(mixed)
}, hasOurs), /\bgo\b/g)
// The package leaves go with go out of these; ours with ours is run, once each.
renamed(collect(() => {
  connectInteropTests(alone)
  streamInteropTests(alone)
  dhtInteropTests(alone)
}, title => /js (peer|sender) to go/.test(title) && !/dht\.(contentFetching|peerRouting)|(rsa|secp256k1)\//.test(title)), /\b(go|js)\b/g)
renamed(collect(() => relayInteropTests(noRelay), hasOurs), /\bgo\b/g)

const counts = { passed: 0, run: 0 }
const absent = new Map()
await runSuites(suites, SUITES_AT_ONCE, (title, error) => {
  const transport = /connection\.(\S+):/.exec(title)?.[1]
  const reason = error instanceof Skipped ? `transport ${transport}: this stack has TCP` : error?.name === 'UnsupportedError' ? error.message : null
  if (reason) {
    absent.set(reason, (absent.get(reason) ?? 0) + 1)
    return
  }
  counts.run++
  if (!error) counts.passed++
  console.log(error ? `FAILED  ${title}: ${error.message}` : `ok      ${title}`)
})
for (const [reason, count] of absent) console.log(`absent  ${count} cases, ${reason}`)
console.log(`note    ${otherKeys} of our nodes have an Ed25519 key where the case has RSA or secp256k1 for both ends`)
console.log(`note    the package names a muxer in its titles and asks for none: yamux in all`)
console.log(`@libp2p/interop: ${counts.passed} cases passed of ${counts.run} run`)
process.exit(counts.passed === counts.run && counts.run > 0 ? 0 : 1)
