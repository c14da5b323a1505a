/** Cases: query strings. */
import { type Case, caseOf, textOf } from "../case.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");

const query = (...pairs: readonly (readonly [string, string])[]) => ({
  status: 200,
  check: (answer: Parameters<typeof textOf>[0]) => {
    const got = JSON.stringify((JSON.parse(textOf(answer)) as { query: unknown }).query);
    if (got !== JSON.stringify(pairs)) throw new Error(`query ${got}, not ${JSON.stringify(pairs)}`);
  },
});

/** Queries. */
export const queries: readonly Case[] = [
  reference("a query and repeated keys", "/search?q=serverless&tag=web&tag=edge", {
    status: 200,
    json: { q: "serverless", tags: ["web", "edge"] },
  }),
  reference("unicode in a query", `/search?q=${encodeURIComponent("비밀 방")}`, {
    status: 200,
    json: { q: "비밀 방", tags: [] },
  }),
  reference("a missing query value", "/search", {
    status: 400,
    json: { error: "Say what to search for: /search?q=word" },
  }),
  reference("an empty query value", "/search?q=", { status: 200, json: { q: "", tags: [] } }),
  fixture("repeated keys keep their order", "/echo?a=1&b=2&a=3", query(["a", "1"], ["b", "2"], ["a", "3"])),
  fixture(
    "a plus is a space, an escaped plus a plus",
    "/echo?literal=a+b&escaped=a%2Bb",
    query(["literal", "a b"], ["escaped", "a+b"]),
  ),
  fixture("a key without a value", "/echo?flag&empty=", query(["flag", ""], ["empty", ""])),
  fixture("an ampersand and an equals sign, escaped", "/echo?a=%26%3D&b==c", query(["a", "&="], ["b", "=c"])),
  fixture("a comma does not split", "/echo?list=a,b,c", query(["list", "a,b,c"])),
  fixture("brackets are only names", "/echo?a%5B%5D=1&a%5B%5D=2", query(["a[]", "1"], ["a[]", "2"])),
  fixture("a malformed escape in a query is no error", "/echo?a=%zz", query(["a", "%zz"])),
  fixture("a question mark in a query", "/echo?a=b?c", query(["a", "b?c"])),
  fixture(
    "slashes in a query",
    "/echo?next=/a/b&url=https://example.com/x",
    query(["next", "/a/b"], ["url", "https://example.com/x"]),
  ),
  fixture("an empty query", "/url/x?", ({ origin }) => ({
    status: 200,
    json: { url: `${origin}/url/x?`, path: "x" },
  })),
  fixture("an empty query with a path that is not canonical", "/url/%78?", ({ origin }) => ({
    status: 200,
    json: { url: `${origin}/url/x?`, path: "x" },
  })),
  fixture("quotes and angles in a query are escaped", `/url/x?a="<b>'`, ({ origin }) => ({
    status: 200,
    json: { url: `${origin}/url/x?a=%22%3Cb%3E%27`, path: "x" },
  })),
  fixture("a single quote in a query is escaped", "/url/x?a='", ({ origin }) => ({
    status: 200,
    json: { url: `${origin}/url/x?a=%27`, path: "x" },
  })),
  fixture("the query is kept as it was written", "/url/x?b=%ea%b0%80&a=1%20+%2B&&c", ({ origin }) => ({
    status: 200,
    json: { url: `${origin}/url/x?b=%ea%b0%80&a=1%20+%2B&&c`, path: "x" },
  })),
  fixture("a query of 6,000 characters", `/echo?long=${"x".repeat(6000)}`, query(["long", "x".repeat(6000)])),
];
