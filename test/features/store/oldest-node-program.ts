/** A process that uses each operation of the store in the folder it is given, and prints what they returned. */
import { store } from "../../../framework/features/store/node.ts";
import { createCall } from "../../../framework/node/testing.ts";

const [data = ""] = process.argv.slice(2);
const call = createCall({ platform: { name: "node", data } });
const entries = store<{ readonly a: readonly number[] }>(call, "entries");
const counts = store<number>(call, "counts");

const version = await entries.set("a", { a: [0] }, { if: null });
const again = await entries.set("a", { a: [2] }, { if: null });
const replaced = await entries.set("a", { a: [1] }, { if: version!, ttl: 60 });
await entries.set("b", { a: [] });
const value = (await entries.get("a"))?.value;
const sums = [await counts.add("n", 2, { ttl: 60 }), await counts.add("n", 3)];
const listed: string[] = [];
for await (const { key } of entries.list({ limit: 2 })) listed.push(key);
const deleted = await entries.delete("a", { if: replaced });
const gone = (await entries.get("a")) === undefined;
const created = version !== undefined;
const node = process.version;
const found = { created, createdAgain: again !== undefined, replaced: replaced !== undefined, value };
console.log(JSON.stringify({ node, ...found, sums, listed, deleted, gone }));
