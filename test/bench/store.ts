/** Benches of the store: on Node against raw node:sqlite, on Lambda against raw calls to the local DynamoDB. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openLocalTable } from "../../framework/emulation/dynamodb/local-table.ts";
import { store as lambdaStore } from "../../framework/features/store/lambda.ts";
import { store as nodeStore } from "../../framework/features/store/node.ts";
import type { Store } from "../../framework/features/store/store.ts";
import { createCall } from "../../framework/node/testing.ts";
import { compare, type Measured, time } from "./measurement.ts";
import { rawDynamo } from "./raw-dynamodb.ts";

interface Session {
  readonly roles: readonly string[];
  readonly seen: number;
}
let sessions = 0;
/** Another one each time: SQLite does not write what is there already. */
const session = (): Session => ({ roles: ["reader", "writer"], seen: (sessions += 1) });
const rounds = 31;

/** One operation after the other, on a hundred keys in turn. */
async function repeat(count: number, work: (key: string) => unknown): Promise<void> {
  for (let index = 0; index < count; index += 1) await work(`user-${index % 100}`);
}

const times =
  (count: number, work: (key: string) => unknown): (() => Promise<number>) =>
  () =>
    time(() => repeat(count, work));

/** Milliseconds of this process's processors: what waits for nothing takes the same on a busy machine. */
const processorTimes =
  (count: number, work: (key: string) => unknown): (() => Promise<number>) =>
  async () => {
    const before = process.cpuUsage();
    await repeat(count, work);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };

/** The rows of `npm run bench -- store`. */
export async function store(): Promise<readonly Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), "portico-bench-store-"));
  const rows = [...(await onNode(folder)), ...(await onLambda(folder))];
  rmSync(folder, { recursive: true });
  return rows;
}

async function onNode(folder: string): Promise<readonly Measured[]> {
  const ours: Store<Session> = nodeStore<Session>(createCall({ platform: { name: "node", data: folder } }), "bench");
  const database = new DatabaseSync(join(folder, "raw.sqlite"));
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  database.exec("CREATE TABLE entry (k TEXT PRIMARY KEY, v TEXT, r TEXT, x INTEGER) WITHOUT ROWID");
  const read = database.prepare("SELECT v, r FROM entry WHERE k = ? AND (x IS NULL OR x > ?)");
  const write = database.prepare(
    "INSERT INTO entry VALUES (?1, ?2, ?3, NULL) ON CONFLICT DO UPDATE SET v = ?2, r = ?3",
  );
  const rawSet = (key: string): unknown => write.run(key, JSON.stringify(session()), crypto.randomUUID());
  const rawGet = (key: string): unknown => JSON.parse(read.get(key, Date.now())!["v"] as string);
  const ourSet = (key: string): unknown => ours.set(key, session());
  const setup = { against: "raw node:sqlite", unit: "ms", rounds, bar: "<= 1.3" };
  await repeat(100, rawSet);
  await repeat(100, ourSet);
  const found = [
    await compare({ ...setup, name: "store: 50 sets on node" }, times(50, ourSet), times(50, rawSet)),
    await compare(
      { ...setup, name: "store: 5000 gets on node, of the processor" },
      processorTimes(5000, (key) => ours.get(key)),
      processorTimes(5000, rawGet),
    ),
  ];
  database.close();
  return found;
}

async function onLambda(folder: string): Promise<readonly Measured[]> {
  const place = { name: "bench", region: "eu-west-1", account: "111122223333" };
  const table = await openLocalTable({
    ...place,
    file: join(folder, "items.sqlite"),
    onError: (error) => {
      throw error;
    },
  });
  const env = table.variables("bench");
  Object.assign(process.env, env);
  const ours: Store<Session> = lambdaStore<Session>(createCall(), "bench");
  const raw = rawDynamo(env);
  const keyOf = (key: string) => ({ n: { S: "raw" }, k: { S: key } });
  const rawSet = (key: string): unknown =>
    raw.call("PutItem", { TableName: "bench", Item: { ...keyOf(key), v: { S: JSON.stringify(session()) } } });
  const rawGet = (key: string): unknown =>
    raw.call("GetItem", { TableName: "bench", Key: keyOf(key), ConsistentRead: true });
  const ourSet = (key: string): unknown => ours.set(key, session());
  const setup = { against: "a hand-signed call", unit: "ms", rounds, bar: "<= 1.15" };
  await repeat(100, rawSet);
  await repeat(100, ourSet);
  const found = [
    await compare({ ...setup, name: "store: 50 sets on Lambda" }, times(50, ourSet), times(50, rawSet)),
    await compare(
      { ...setup, name: "store: 50 gets on Lambda" },
      times(50, (key) => ours.get(key)),
      times(50, rawGet),
    ),
  ];
  raw.close();
  await table.close();
  return found;
}
