/** Cases: an extension with settings, a secret and a variable. */
import { type Case, caseOf } from "../case.ts";
import { secrets } from "../secrets.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");

/** Extensions. */
export const extensions: readonly Case[] = [
  fixture("an extension's middleware has its settings and its secret, and sets a variable", "/rates/below/2", {
    status: 200,
    json: {
      currency: "eur",
      label: '안녕 "${1}" `\\`',
      amount: "2.00 eur",
      authorization: `Bearer ${secrets["RATES_KEY"]}`,
    },
  }),
  fixture("an extension inside of a Hono app", "/rates/hono/set", { status: 200, json: "1.00 eur" }),
  reference("an extension's settings in the reference app", "/guestbook", {
    status: 200,
    headers: { "x-robots-tag": "noindex, nofollow" },
  }),
  reference("a route without it has nothing of an extension", "/", { status: 200, headers: { "x-robots-tag": null } }),
  fixture("an extension with given settings", "/rates/hono/given", { status: 200, json: "1000 krw" }),
];
