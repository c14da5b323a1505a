/** Tests of content negotiation with Accept-Encoding and Accept (RFC 9110 sections 12.4.2 and 12.5). */
import { expect, test } from "vitest";
import { chooseEncoding, acceptsHtml } from "../../framework/runtime/content-negotiation.ts";

test.each([
  [null, undefined],
  ["", undefined],
  ["br", "br"],
  ["gzip", "gzip"],
  ["gzip, br", "br"],
  ["GZIP", "gzip"],
  ["x-gzip", "gzip"],
  ["gzip;q=1.0, br;q=0.999", "gzip"],
  ["gzip ; q=0.5 , br ; Q=0.4", "gzip"],
  ["br;q=0", undefined],
  ["br;q=0.000, gzip", "gzip"],
  ["*", "br"],
  ["*;q=0", undefined],
  ["br;q=0, *;q=0.1", "gzip"],
  ["identity", undefined],
  ["identity;q=0.5, gzip;q=0.5", "gzip"],
  ["identity;q=0.6, gzip;q=0.5", undefined],
  ["identity;q=0", undefined],
  ["br;q=2, gzip", "gzip"],
  ["br;q=-1", undefined],
  ["br;q=abc, gzip;q=0.1", "gzip"],
  ["br;q=", undefined],
  ["br;q=1.001", undefined],
  ["zstd, deflate", undefined],
  ["brotli", undefined],
  [",,br,,", "br"],
  ["gzip, deflate, br, zstd", "br"],
])("Accept-Encoding: %s takes %s", (header, encoding) => {
  expect(chooseEncoding(header, ["br", "gzip"])).toBe(encoding);
});

test("only available encodings are chosen", () => {
  expect(chooseEncoding("br, gzip;q=0.1", ["gzip"])).toBe("gzip");
  expect(chooseEncoding("*", [])).toBe(undefined);
});

test.each([
  [null, false],
  ["*/*", false],
  ["text/*", false],
  ["application/json", false],
  ["text/html", true],
  ["TEXT/HTML;charset=utf-8", true],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
  ["application/json, text/html;q=0.1", true],
  ["text/html;q=0", false],
  ["text/html;level=1;q=0.0", false],
  ["text/htmlx", false],
])("Accept: %s takes HTML: %s", (header, takes) => {
  expect(acceptsHtml(header)).toBe(takes);
});
