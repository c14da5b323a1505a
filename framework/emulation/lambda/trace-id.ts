/** X-Ray trace ids, `Root=1-8hex-24hex`, as AWS's services generate them. */
import { randomFillSync } from "node:crypto";

/** Random bytes are read in blocks: reading a few at a time costs more than the rest of an event. */
const pool = Buffer.alloc(4096);
let left = 0;

function randomHex(bytes: number): string {
  if (left < bytes) left = randomFillSync(pool).length;
  left -= bytes;
  return pool.toString("hex", left, left + bytes);
}

/** A new root: epoch seconds and 96 random bits. */
export function traceRoot(): string {
  return `Root=1-${Math.trunc(Date.now() / 1000).toString(16)}-${randomHex(12)}`;
}

/** The header that a function gets: a root, a parent, and no sampling. */
export function traceHeader(): string {
  return `${traceRoot()};Parent=${randomHex(8)};Sampled=0`;
}
