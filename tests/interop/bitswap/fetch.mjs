// A node of IPFS (helia, with bitswap alone) that fetches files by CID from one peer.
//   node fetch.mjs MULTIADDR FOLDER CID…
// Writes each file to FOLDER/CID and says {"cid", "bytes", "computed"}: the CID that ipfs-unixfs-importer gives them.
import { withBitswap } from '@helia/bitswap'
import { unixfs } from '@helia/unixfs'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { importBytes } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lightNode } from './helia.mjs'

const [address, folder, ...cids] = process.argv.slice(2)
const helia = withBitswap(lightNode())
await helia.start()
await helia.libp2p.dial(multiaddr(address))
const files = unixfs(helia)
for (const text of cids) {
  const started = Date.now()
  const parts = []
  for await (const part of files.cat(CID.parse(text), { signal: AbortSignal.timeout(60_000) })) parts.push(part)
  const bytes = Buffer.concat(parts)
  const seconds = (Date.now() - started) / 1000
  writeFileSync(join(folder, text), bytes)
  const computed = await importBytes(bytes, new MemoryBlockstore(), {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    chunker: fixedSize({ chunkSize: 262144 }),
    layout: balanced({ maxChildrenPerNode: 174 })
  })
  console.log(JSON.stringify({ cid: text, bytes: bytes.length, computed: computed.cid.toString(), seconds }))
}
await helia.stop()
process.exit(0)
