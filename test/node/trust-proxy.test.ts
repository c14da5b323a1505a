/** Tests of the client's address and origin behind trusted proxies. */
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { createTrust } from "../../framework/node/trust-proxy.ts";

const from = (headers: Readonly<Record<string, string>>, peer = "::ffff:127.0.0.1"): IncomingMessage =>
  ({ headers, socket: { remoteAddress: peer } }) as unknown as IncomingMessage;
const chain = { "x-forwarded-for": "6.6.6.6, 1.2.3.4, 10.0.0.9", "x-forwarded-proto": "http, https" };

describe("X-Forwarded-*", () => {
  it.each([
    [false, "127.0.0.1", undefined],
    [0, "127.0.0.1", undefined],
    [true, "10.0.0.9", "https"],
    [1, "10.0.0.9", "https"],
    [2, "1.2.3.4", "http"],
    [9, "6.6.6.6", "http"],
    [["127.0.0.1"], "10.0.0.9", "https"],
    [["127.0.0.0/8", "10.0.0.0/8"], "1.2.3.4", "http"],
    [["10.0.0.0/8"], "127.0.0.1", undefined],
    [["0.0.0.0/0"], "6.6.6.6", "http"],
  ] as const)("trusting %j, the client is %s", (trust, clientAddress, scheme) => {
    expect(createTrust(trust)(from(chain))).toEqual({ clientAddress, ...(scheme && { scheme }) });
  });

  it.each([
    ["unknown", "127.0.0.1"],
    ["1.2.3.4:5678", "1.2.3.4"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["1.2.3.4, <script>", "127.0.0.1"],
    ["", "127.0.0.1"],
  ])("the entry %j is %s", (entry, clientAddress) => {
    expect(createTrust(1)(from({ "x-forwarded-for": entry }))).toEqual({ clientAddress });
  });

  it("knows IPv6 networks, and never reads Forwarded", () => {
    const trust = createTrust(["fd00::/8"]);
    expect(trust(from({ "x-forwarded-for": "1.2.3.4", forwarded: "for=9.9.9.9" }, "fd00::1"))).toEqual({
      clientAddress: "1.2.3.4",
    });
    expect(trust(from({ "x-forwarded-for": "1.2.3.4" }, "fe80::1"))).toEqual({ clientAddress: "fe80::1" });
  });
});

describe("Forwarded (RFC 7239)", () => {
  it.each([
    [
      'for=1.2.3.4;proto=https;host="shop.example:8443"',
      1,
      { clientAddress: "1.2.3.4", scheme: "https", host: "shop.example:8443" },
    ],
    ['For="[2001:db8::1]:80", for=10.0.0.9;proto=https', 2, { clientAddress: "2001:db8::1" }],
    ['for=6.6.6.6, for="1.2.3.4:99"; proto=http', 1, { clientAddress: "1.2.3.4", scheme: "http" }],
    ["for=_hidden;proto=https", 1, { clientAddress: "127.0.0.1", scheme: "https" }],
    ["for=1.2.3.4;proto=https;;", 1, { clientAddress: "127.0.0.1" }],
    ['for="1.2.3.4', 1, { clientAddress: "127.0.0.1" }],
  ] as const)("%s", (forwarded, trust, origin) => {
    expect(createTrust(trust, "forwarded")(from({ forwarded, "x-forwarded-for": "9.9.9.9" }))).toEqual(origin);
  });
});

it.each(["10.0.0.0/33", "10.0.0.0/", "proxy.example", "", "1.2.3.4/8/8", "fd00::/129"])("%j is no proxy", (entry) => {
  expect(() => createTrust([entry])).toThrow(expect.objectContaining({ code: "BAD_PROXY" }) as Error);
});
