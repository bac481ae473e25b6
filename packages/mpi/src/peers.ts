import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Collectives } from './collectives.ts'

/** A process of the job. */
export interface Peer {
  readonly host: string
  readonly pid: number
  /** Processes with the same see each other: they run under one kernel, and count processes in the same way. */
  readonly space: string
}

/** Tells each rank who the others are; gives them in the order of ranks. */
export async function meetPeers(collectives: Collectives): Promise<readonly Peer[]> {
  const own = JSON.stringify({ host: hostname(), pid: process.pid, space: processSpace() } satisfies Peer)
  const all = await collectives.allGather(new TextEncoder().encode(own))
  return all.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Peer)
}

/** What a rank is called in messages. */
export function peerName(peers: readonly Peer[], rank: number): string {
  const peer = peers[rank]
  return peer ? `rank ${rank} (${peer.host}, pid ${peer.pid})` : `rank ${rank}`
}

/** Tells whether two processes are on one host, under one kernel. */
export function areNeighbours(a: Peer, b: Peer): boolean {
  return a.host === b.host && a.space === b.space
}

/** Finds a rank whose process is gone, among those that this one can see. */
export function deadPeer(peers: readonly Peer[], own: number): number | undefined {
  const rank = peers.findIndex((peer) => peer.space === peers[own]!.space && !isAlive(peer.pid))
  return rank < 0 ? undefined : rank
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It may belong to another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** The kernel and the name space of processes, where Linux tells; containers may share the name of a host. */
function processSpace(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() + readlinkSync('/proc/self/ns/pid')
  } catch {
    return hostname()
  }
}
