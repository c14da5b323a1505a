/** Finds the client's address and the requested origin in the headers of trusted proxies. */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { UserError } from "../model/user-error.ts";

/**
 * False: none. A number: how many proxies are in front of the server (true is one). A list: the addresses and networks
 * of the proxies.
 */
export type TrustProxy = boolean | number | readonly string[];

/** The headers that the proxies set; the other kind is never read. `forwarded` is RFC 7239. */
export type ProxyHeaders = "x-forwarded" | "forwarded";

/** The client, and the origin that it requested of the first trusted proxy. */
export interface Origin {
  readonly clientAddress: string | undefined;
  readonly scheme?: "http" | "https";
  readonly host?: string;
}

/** The values of the headers, in order: the last is of the proxy next to the server. */
interface ForwardedValues {
  readonly addresses: readonly string[];
  readonly schemes: readonly string[];
  readonly hosts: readonly string[];
}

/** The address of the socket's peer; an IPv4-mapped one as IPv4 (RFC 4291 section 2.5.5.2). */
export function peerAddress({ socket }: IncomingMessage): string | undefined {
  const address = socket.remoteAddress;
  return address?.startsWith("::ffff:") ? address.slice(7) : address;
}

/**
 * Makes the reader of these headers. Throws UserError BAD_PROXY for a setting that is no address, network or number.
 */
export function createTrust(
  trust: TrustProxy,
  headers: ProxyHeaders = "x-forwarded",
): (incoming: IncomingMessage) => Origin {
  const hopsOf = trustedHops(trust);
  const read = headers === "forwarded" ? fromForwarded : fromXForwarded;
  if (!hopsOf) return (incoming) => ({ clientAddress: peerAddress(incoming) });
  return (incoming) => {
    const values = read(incoming);
    const chain = chainOf(peerAddress(incoming), values.addresses);
    const hops = hopsOf(chain);
    if (hops === 0) return { clientAddress: chain[0] };
    // The value of the outermost trusted proxy; those behind it may not have added to a shorter list.
    const outermost = (list: readonly string[]): string => list.at(-Math.min(hops, list.length))?.trim() ?? "";
    const [scheme, host] = [outermost(values.schemes).toLowerCase(), outermost(values.hosts)];
    return {
      clientAddress: chain[Math.min(hops, chain.length - 1)],
      ...((scheme === "http" || scheme === "https") && { scheme }),
      ...(hostForm.test(host) && { host }),
    };
  };
}

const hostForm = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Counts the trusted proxies of a chain of addresses, from the server outwards; undefined if none can be trusted. */
function trustedHops(trust: TrustProxy): ((chain: readonly string[]) => number) | undefined {
  if (trust === false || trust === 0) return undefined;
  if (trust === true) return () => 1;
  if (typeof trust === "number") {
    if (!Number.isInteger(trust) || trust < 0) throw badProxy(String(trust));
    return () => trust;
  }
  const trusted = new BlockList();
  for (const entry of trust) addNetwork(trusted, entry.trim());
  const isTrusted = (address: string): boolean => trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (chain) => {
    const untrusted = chain.findIndex((address) => !isTrusted(address));
    return untrusted < 0 ? chain.length : untrusted;
  };
}

function addNetwork(list: BlockList, entry: string): void {
  const [address = "", bits, ...more] = entry.split("/");
  const version = isIP(address);
  const longest = version === 6 ? 128 : 32;
  if (version === 0 || more.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= longest)))
    throw badProxy(entry);
  list.addSubnet(address, Number(bits ?? longest), version === 6 ? "ipv6" : "ipv4");
}

const badProxy = (entry: string): UserError =>
  new UserError(
    "BAD_PROXY",
    `"${entry}" is no proxy`,
    "Give the number of proxies, or their addresses and networks: 10.0.0.0/8,127.0.0.1",
  );

/**
 * The peer, then the client of each proxy, outwards; ends at the first entry that is no address, since the position of
 * later ones is unknown.
 */
function chainOf(peer: string | undefined, forwardedFor: readonly string[]): readonly string[] {
  const chain = peer === undefined ? [] : [peer];
  for (const entry of forwardedFor.toReversed()) {
    const address = bareAddress(entry.trim());
    if (address === undefined) break;
    chain.push(address);
  }
  return chain;
}

/** The address without the port that some proxies add, and without the brackets of RFC 7239 section 6. */
function bareAddress(entry: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
  const address = bare.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) ? address : undefined;
}

function fromXForwarded({ headers }: IncomingMessage): ForwardedValues {
  const list = (name: string): readonly string[] =>
    headers[name] === undefined ? [] : String(headers[name]).split(",");
  return { addresses: list("x-forwarded-for"), schemes: list("x-forwarded-proto"), hosts: list("x-forwarded-host") };
}

const pair = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]+))\s*([;,]|$)/y;

/** Reads Forwarded (RFC 7239 section 4); a malformed header has no values. */
function fromForwarded({ headers }: IncomingMessage): ForwardedValues {
  const none: ForwardedValues = { addresses: [], schemes: [], hosts: [] };
  const text = headers.forwarded;
  if (!text) return none;
  const elements: Record<string, string>[] = [{}];
  for (let index = 0; index < text.length; index = pair.lastIndex) {
    pair.lastIndex = index;
    const [, name, quoted, token, end] = pair.exec(text) ?? [];
    if (name === undefined) return none;
    elements.at(-1)![name.toLowerCase()] = token ?? quoted!.replace(/\\(.)/g, "$1");
    if (end === ",") elements.push({});
  }
  // An element without the property keeps its position.
  const list = (name: string): readonly string[] => elements.map((element) => element[name] ?? "");
  return { addresses: list("for"), schemes: list("proto"), hosts: list("host") };
}
