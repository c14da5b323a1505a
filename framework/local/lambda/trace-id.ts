/** X-Ray ids, made up as the cloud's fronts do: nothing in, `Root=1-8hex-24hex` out. */
import { randomBytes } from "node:crypto";

/** A new root: epoch seconds and 96 random bits. */
export function traceRoot(): string {
  return `Root=1-${Math.trunc(Date.now() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`;
}

/** What a function gets: the root, a parent, and that nothing is sampled. */
export function traceHeader(): string {
  return `${traceRoot()};Parent=${randomBytes(8).toString("hex")};Sampled=0`;
}
