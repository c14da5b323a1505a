/** Tests of the guard of local servers: the Host, Origin and Sec-Fetch-Site that it allows. */
import { describe, expect, it } from "vitest";
import { checkControl, checkHost, checkUpgrade, isAllowedHost } from "../../framework/http/guard.ts";

describe("isAllowedHost()", () => {
  it.each([
    "127.0.0.1",
    "127.0.0.1:3000",
    "localhost",
    "LocalHost:80",
    "localhost:65535",
    "[::1]",
    "[::1]:3000",
    "app.localhost",
    "a.b.LOCALHOST:3000",
    "evil.com.localhost",
  ])("allows %s", (host) => {
    expect(isAllowedHost(host)).toBe(true);
  });

  it.each([
    "evil.com",
    "evil.com:3000",
    "127.0.0.1.evil.com",
    "localhost.evil.com",
    "127.0.0.1.evil.com:3000",
    "evillocalhost",
    "evil-localhost:3000",
    "localhost@evil.com",
    "evil.com@localhost",
    "localhost:80@evil.com",
    "localhost.",
    "127.0.0.1.",
    "evil.com.",
    "a.localhost.",
    ".localhost",
    "a..localhost",
    "127.0.0.2",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:0:0:1]",
    "::1",
    "[::1",
    "[::1]x",
    "[::1].evil.com",
    "[::1]evil.com:80",
    "",
    " localhost",
    "localhost ",
    "localhost, evil.com",
    "localhost/evil",
    "localhost:",
    "localhost:abc",
    "localhost:3000:1",
    "localhost\tx",
    "http://localhost",
    "locаlhost",
  ])("refuses %j", (host) => {
    expect(isAllowedHost(host)).toBe(false);
  });

  it("allows exactly the names given, in any case and with any port", () => {
    expect(isAllowedHost("Box.lan:3000", ["box.LAN"])).toBe(true);
    expect(isAllowedHost("a.box.lan", ["box.lan"])).toBe(false);
    expect(isAllowedHost("box.lan.evil.com", ["box.lan"])).toBe(false);
  });
});

describe("checkHost()", () => {
  it("requires exactly one Host", () => {
    expect(checkHost({ headers: [] })?.status).toBe(403);
    expect(checkHost({ headers: [["HOST", "localhost"]] })).toBeUndefined();
    expect(
      checkHost({
        headers: [
          ["host", "localhost"],
          ["Host", "evil.com"],
        ],
      })?.status,
    ).toBe(403);
    expect(
      checkHost({
        headers: [
          ["host", "localhost"],
          ["host", "localhost"],
        ],
      })?.status,
    ).toBe(403);
  });

  it("explains how to allow a name and sends no CORS header", () => {
    const refused = checkHost({ headers: [["host", "evil.com"]] });
    expect(new TextDecoder().decode(refused?.body as Uint8Array)).toContain("--host");
    expect(refused?.headers.some(([name]) => name.startsWith("access-control"))).toBe(false);
  });
});

describe("checkControl()", () => {
  it.each([
    [
      "a no-cors POST",
      [
        ["origin", "http://evil.com"],
        ["sec-fetch-site", "cross-site"],
        ["sec-fetch-mode", "no-cors"],
        ["content-type", "text/plain"],
      ],
    ],
    [
      "a multipart POST",
      [
        ["Origin", "http://evil.com"],
        ["content-type", "multipart/form-data; boundary=x"],
      ],
    ],
    ["an opaque origin", [["origin", "null"]]],
    ["an origin that looks like ours", [["origin", "http://localhost:4000"]]],
    ["an empty origin", [["origin", ""]]],
    ["a page of another port", [["Sec-Fetch-Site", "same-site"]]],
    ["a foreign image", [["sec-fetch-site", "cross-site"]]],
    [
      "two values",
      [
        ["sec-fetch-site", "none"],
        ["sec-fetch-site", "cross-site"],
      ],
    ],
    ["an unknown value", [["sec-fetch-site", "None"]]],
  ] as const)("refuses %s", (_, headers) => {
    expect(checkControl({ headers })?.status).toBe(403);
  });

  it.each([
    ["an SDK", [["authorization", "AWS4-HMAC-SHA256 …"]]],
    ["the address bar", [["sec-fetch-site", "none"]]],
    ["a page of its own", [["sec-fetch-site", "same-origin"]]],
  ] as const)("lets %s through", (_, headers) => {
    expect(checkControl({ headers })).toBeUndefined();
  });
});

describe("checkUpgrade()", () => {
  it("requires the Origin to be the host of the request", () => {
    expect(checkUpgrade({ headers: [["host", "localhost:3000"]] })).toBeUndefined();
    expect(
      checkUpgrade({
        headers: [
          ["host", "localhost:3000"],
          ["origin", "http://localhost:3000"],
        ],
      }),
    ).toBeUndefined();
    expect(
      checkUpgrade({
        headers: [
          ["host", "localhost:3000"],
          ["origin", "http://localhost:5173"],
        ],
      })?.status,
    ).toBe(403);
    expect(
      checkUpgrade({
        headers: [
          ["host", "localhost:3000"],
          ["origin", "http://localhost:3000.evil.com"],
        ],
      })?.status,
    ).toBe(403);
    expect(
      checkUpgrade({
        headers: [
          ["host", "localhost:3000"],
          ["origin", "null"],
        ],
      })?.status,
    ).toBe(403);
  });
});
