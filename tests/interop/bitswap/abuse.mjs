// Peers that ask over bitswap what nobody should ask, each under a fresh name, told one command a line:
//   node abuse.mjs MULTIADDR CID      CID: a block of 256 KiB that the node holds
//   {"do": NAME, …}                   answered by one line of JSON; the end of the input ends the process
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { createInterface } from 'node:readline'
import { lightNode } from './helia.mjs'

// A stream that the node resets must not end the process.
process.on('uncaughtException', () => {})
process.on('unhandledRejection', () => {})

const PROTOCOL = '/ipfs/bitswap/1.2.0'
const [address, held] = process.argv.slice(2)
const say = object => process.stdout.write(JSON.stringify(object) + '\n')

function varint (number) {
  const out = []
  for (; number >= 128; number = Math.floor(number / 128)) out.push((number % 128) | 128)
  return Buffer.from([...out, number])
}
const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
const framed = message => Buffer.concat([varint(message.length), message])
// want 1 { block 1, wantType 4: 0 block, 1 have; sendDontHave 5 }
const entry = (cid, type) => field(1, Buffer.concat([field(1, cid), Buffer.from([4 * 8, type, 5 * 8, 1])]))
const wantlist = entries => framed(field(1, Buffer.concat(entries)))
const unknown = await Promise.all(Array.from({ length: 1000 }, async (_, i) =>
  Buffer.from(CID.createV1(raw.code, await sha256.digest(Buffer.from(`unknown ${i}`))).bytes)))

async function peer (onStream) {
  const helia = lightNode()
  await helia.start()
  await helia.libp2p.handle(PROTOCOL, onStream)
  const connection = await helia.libp2p.dial(multiaddr(address))
  return { helia, stream: await connection.newStream(PROTOCOL) }
}

async function send (stream, data) {
  if (!stream.send(data)) await stream.onDrain({ signal: AbortSignal.timeout(60_000) })
}

/** Says `data` in pieces: whether the node reset the stream. */
async function isReset (data) {
  const { helia, stream } = await peer(() => {})
  const reset = new Promise(resolve => stream.addEventListener('close', event => resolve(event.error != null)))
  try {
    for (let at = 0; at < data.length; at += 65536) await send(stream, data.subarray(at, at + 65536))
  } catch { }
  const answer = await Promise.race([reset, new Promise(resolve => setTimeout(() => resolve(false), 20_000))])
  await helia.stop()
  return answer
}

/** Counts the presences (field 4) of the messages that come. */
function counter (count) {
  let kept = Buffer.alloc(0)
  const number = (bytes, at) => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length) return null
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return { value, at }
    }
  }
  return chunk => {
    kept = Buffer.concat([kept, chunk])
    for (;;) {
      const length = number(kept, 0)
      if (length == null || length.at + length.value > kept.length) return
      const message = kept.subarray(length.at, length.at + length.value)
      for (let at = 0; at < message.length;) {
        const tag = number(message, at)
        const size = number(message, tag.at)
        if (tag.value === 4 * 8 + 2) count()
        at = size.at + size.value
      }
      kept = kept.subarray(length.at + length.value)
    }
  }
}

const commands = {
  /** One message with so many entries. */
  async list ({ entries }) {
    return { reset: await isReset(wantlist(Array.from({ length: entries }, (_, i) => entry(unknown[i % 1000], 0)))) }
  },
  async oversize () { return { reset: await isReset(varint(2 * 1024 * 1024 + 1)) } },
  async nonsense () { return { reset: await isReset(Buffer.from([2, 8, 1])) } },
  /** So many wants for what nobody has, in messages of 2,000: how many were answered. */
  async unknown ({ wants }) {
    let count = 0
    let wake
    const done = new Promise(resolve => { wake = resolve })
    const { helia, stream } = await peer(async inbound => {
      const take = counter(() => { if (++count === wants) wake() })
      for await (const chunk of inbound) take(Buffer.from(chunk.subarray()))
    })
    for (let left = wants; left > 0; left -= 2000) {
      const entries = Array.from({ length: Math.min(left, 2000) }, (_, i) => entry(unknown[i % 1000], i % 2))
      await send(stream, wantlist(entries))
    }
    await stream.close()
    await Promise.race([done, new Promise(resolve => setTimeout(resolve, 60_000))])
    await helia.stop()
    return { answered: count }
  },
  /** Wants the block so many times and takes nothing; stays. */
  async stall ({ wants }) {
    const { stream } = await peer(inbound => inbound.pause())
    await send(stream, wantlist(Array.from({ length: wants }, () => entry(Buffer.from(CID.parse(held).bytes), 0))))
    return {}
  }
}

say({ ready: true })
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  try {
    say(await commands[command.do](command))
  } catch (error) {
    say({ error: String(error?.stack ?? error) })
  }
}
process.exit(0)
