/** Which proxies are believed: a setting and a request's headers in, the client's address and the origin that it asked for out. */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { UserError } from "../model/user-error.ts";

/** False: nobody. A number: that many proxies stand before us (true is one). A list: the addresses and networks that they have. */
export type TrustProxy = boolean | number | readonly string[];

/** Which headers the proxies write; what a client sends in the other ones is never read. `forwarded` is RFC 7239. */
export type ProxyHeaders = "x-forwarded" | "forwarded";

/** What the client sent to the first trusted proxy. */
export interface Origin {
  readonly clientAddress: string | undefined;
  readonly scheme?: "http" | "https";
  readonly host?: string;
}

/** One list per property, in the order the proxies wrote them: the last entry is of the one next to us. */
interface Claims {
  readonly addresses: readonly string[];
  readonly schemes: readonly string[];
  readonly hosts: readonly string[];
}

/** The socket's peer, in IPv4 form where it is one (RFC 4291 section 2.5.5.2). */
export function peerAddress({ socket }: IncomingMessage): string | undefined {
  const address = socket.remoteAddress;
  return address?.startsWith("::ffff:") ? address.slice(7) : address;
}

/** Throws UserError BAD_PROXY for a setting that names no address, network or number. */
export function createTrust(trust: TrustProxy, headers: ProxyHeaders = "x-forwarded"): (incoming: IncomingMessage) => Origin {
  const hopsOf = trustedHops(trust);
  const read = headers === "forwarded" ? fromForwarded : fromXForwarded;
  if (!hopsOf) return (incoming) => ({ clientAddress: peerAddress(incoming) });
  return (incoming) => {
    const claims = read(incoming);
    const chain = chainOf(peerAddress(incoming), claims.addresses);
    const hops = hopsOf(chain);
    if (hops === 0) return { clientAddress: chain[0] };
    // What the outermost trusted proxy wrote; a shorter list was passed on unchanged by those behind it.
    const said = (list: readonly string[]): string => list.at(-Math.min(hops, list.length))?.trim() ?? "";
    const [scheme, host] = [said(claims.schemes).toLowerCase(), said(claims.hosts)];
    return {
      clientAddress: chain[Math.min(hops, chain.length - 1)],
      ...((scheme === "http" || scheme === "https") && { scheme }),
      ...(hostForm.test(host) && { host }),
    };
  };
}

const hostForm = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** How many addresses of a chain, from ours outwards, are trusted proxies; undefined when nobody is. */
function trustedHops(trust: TrustProxy): ((chain: readonly string[]) => number) | undefined {
  if (trust === false || trust === 0) return undefined;
  if (trust === true) return () => 1;
  if (typeof trust === "number") {
    if (!Number.isInteger(trust) || trust < 0) throw badProxy(String(trust));
    return () => trust;
  }
  const known = new BlockList();
  for (const entry of trust) addNetwork(known, entry.trim());
  const isKnown = (address: string): boolean => known.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (chain) => {
    const stranger = chain.findIndex((address) => !isKnown(address));
    return stranger < 0 ? chain.length : stranger;
  };
}

function addNetwork(known: BlockList, entry: string): void {
  const [address = "", bits, ...more] = entry.split("/");
  const version = isIP(address);
  const longest = version === 6 ? 128 : 32;
  if (version === 0 || more.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= longest)))
    throw badProxy(entry);
  known.addSubnet(address, Number(bits ?? longest), version === 6 ? "ipv6" : "ipv4");
}

const badProxy = (entry: string): UserError =>
  new UserError("BAD_PROXY", `"${entry}" is no proxy`, "give the number of proxies, or their addresses and networks: 10.0.0.0/8,127.0.0.1");

/** The peer, then whom each proxy was asked by; ends at the first entry that is no address, since nothing behind it can be placed. */
function chainOf(peer: string | undefined, claimed: readonly string[]): readonly string[] {
  const chain = peer === undefined ? [] : [peer];
  for (const entry of claimed.toReversed()) {
    const address = bareAddress(entry.trim());
    if (address === undefined) break;
    chain.push(address);
  }
  return chain;
}

/** Without the port that some proxies add, and the brackets of RFC 7239 section 6. */
function bareAddress(entry: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(entry)?.[1] ?? entry;
  const address = bare.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) ? address : undefined;
}

function fromXForwarded({ headers }: IncomingMessage): Claims {
  const list = (name: string): readonly string[] => (headers[name] === undefined ? [] : String(headers[name]).split(","));
  return { addresses: list("x-forwarded-for"), schemes: list("x-forwarded-proto"), hosts: list("x-forwarded-host") };
}

const pair = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]+))\s*([;,]|$)/y;

/** RFC 7239 section 4; a header that breaks its grammar says nothing at all. */
function fromForwarded({ headers }: IncomingMessage): Claims {
  const nothing: Claims = { addresses: [], schemes: [], hosts: [] };
  const text = headers.forwarded;
  if (!text) return nothing;
  const elements: Record<string, string>[] = [{}];
  for (let at = 0; at < text.length; at = pair.lastIndex) {
    pair.lastIndex = at;
    const [, name, quoted, token, end] = pair.exec(text) ?? [];
    if (name === undefined) return nothing;
    elements.at(-1)![name.toLowerCase()] = token ?? quoted!.replace(/\\(.)/g, "$1");
    if (end === ",") elements.push({});
  }
  // An element that lacks a property keeps its place.
  const list = (name: string): readonly string[] => elements.map((element) => element[name] ?? "");
  return { addresses: list("for"), schemes: list("proto"), hosts: list("host") };
}
