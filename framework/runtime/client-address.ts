/** The part of a client's address that belongs to one client. */
import type { Call } from "./handler.ts";

/** `2001:db8:0:1` of an IPv6 address, since a client has its last 64 bits to itself; all of an IPv4 address. */
export function networkOf({ clientAddress = "" }: Pick<Call, "clientAddress">): string {
  if (clientAddress.includes(".") || !clientAddress.includes(":")) return clientAddress;
  const [start = "", end] = clientAddress.split("::");
  const [head, tail] = [start, end ?? ""].map((part) => part.split(":").filter(Boolean)) as [string[], string[]];
  return [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail].slice(0, 4).join(":");
}
