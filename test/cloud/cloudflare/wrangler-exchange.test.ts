/**
 * Replays the 63 requests that were recorded from wrangler 4.164.0 (test/fixtures/wrangler-exchange.json) and compares
 * the shapes of the answers.
 */
// @module-tag check
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  account,
  valueAt,
  deployWorker,
  type CloudflareLab,
  openCloudflareLab,
  type Reply,
  textWorker,
} from "./cloudflare-lab.ts";

/** A part of a recorded form; the metadata's body is parsed. */
interface RecordedPart {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface Recorded {
  readonly n: number;
  readonly method: string;
  readonly url: string;
  readonly contentType?: string;
  readonly otherHeaders: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly status: number;
  readonly response: { readonly result: unknown; readonly errors: readonly { readonly code: number }[] };
}

const file = join(import.meta.dirname, "../../fixtures/wrangler-exchange.json");
const { exchange } = JSON.parse(readFileSync(file, "utf8")) as { exchange: readonly Recorded[] };

/** Where this cloud is right to answer otherwise than the fake that was recorded. */
const differs: Readonly<Record<number, { readonly status: number; readonly code?: number; readonly why: string }>> = {
  9: { status: 200, why: "the fake listed buckets where one was asked for" },
  19: { status: 200, why: "the fake's answer was written down at the end, when there were more deployments" },
  52: {
    status: 400,
    code: 10215,
    why: "secrets after a rollback: the newest version is not live, and Cloudflare refuses",
  },
  53: { status: 400, code: 10215, why: "the same" },
  60: { status: 200, why: "the fake had no versions/latest" },
  61: { status: 200, why: "the fake had no list of Durable Object namespaces" },
  62: { status: 200, why: "a deletion has no result; wrangler looks at none" },
};

let lab: CloudflareLab;
/** Recorded ids and tokens, and what stands for them here. */
const known = new Map<string, string>();

beforeAll(async () => {
  lab = await openCloudflareLab();
  await lab.api("POST", "/zones", { name: "example.com" });
  await deployWorker(lab, "fn-other", textWorker("other"));
  const kv = await lab.call("POST", "/storage/kv/namespaces", { title: "KV" });
  const d1 = await lab.call("POST", "/d1/database", { name: "db" });
  await lab.call("POST", "/r2/buckets", { name: "bkt" });
  await lab.call("POST", "/queues", { queue_name: "jobs" });
  known.set("acct0123456789abcdef0123456789ab", account);
  known.set("kvid0123456789abcdef0123456789ab", String(valueAt(kv.result, "id")));
  known.set("11111111-2222-3333-4444-555555555555", String(valueAt(d1.result, "uuid")));
});
afterAll(() => lab.close());

const here = (text: string): string =>
  [...known].reduce((found, [recorded, own]) => found.replaceAll(recorded, own), text);

/** Remembers what the recorded answer called a thing that this answer calls otherwise. */
function learn({ url, response }: Recorded, { result }: Reply): void {
  const pairs = [
    [valueAt(response.result, "jwt"), valueAt(result, "jwt")],
    [url.includes("/versions?") ? valueAt(response.result, "id") : undefined, valueAt(result, "id")],
    [
      url.includes("/scripts/fn-demo?") ? dashed(valueAt(response.result, "deployment_id")) : undefined,
      dashed(valueAt(result, "deployment_id")),
    ],
  ];
  for (const [recorded, own] of pairs)
    if (typeof recorded === "string" && recorded && typeof own === "string") known.set(recorded, own);
}

/** A version's id as PUT script shows it, made whole. */
const dashed = (id: unknown): string | undefined =>
  typeof id === "string" ? id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") : undefined;

function toForm(parts: readonly RecordedPart[]): FormData {
  const form = new FormData();
  for (const { headers, body } of parts) {
    const [, name = "", filename] =
      /name="([^"]*)"(?:; filename="([^"]*)")?/.exec(headers["content-disposition"] ?? "") ?? [];
    const text = here(typeof body === "string" ? body : JSON.stringify(body));
    if (filename === undefined) form.set(name, text);
    else form.append(name, new File([text], filename, { type: headers["content-type"] ?? "" }), filename);
  }
  return form;
}

function send({ method, url, contentType = "", otherHeaders, body }: Recorded): Promise<Reply> {
  const path = here(url.replace("/client/v4", ""));
  if (contentType.startsWith("multipart/")) {
    // An upload of assets goes with the token of the session that was started last.
    const isAssets = path.includes("/assets/upload");
    const token = [...known].findLast(([recorded]) => recorded.startsWith("eyJ"))?.[1];
    return lab.api(method, path, toForm(body as RecordedPart[]), {
      ...otherHeaders,
      ...(isAssets && { authorization: `Bearer ${token}` }),
    });
  }
  const text = body === undefined ? undefined : here(JSON.stringify(body));
  return lab.api(method, path, text, { ...otherHeaders, ...(contentType && { "content-type": contentType }) });
}

/** `a.b[]: string` for every member of a value, of lists those of the first. */
function shapeOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return [`${path}[]`, ...(value.length > 0 ? shapeOf(value[0], `${path}[]`) : [])];
  if (typeof value !== "object" || value === null) return value === null ? [] : [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([key, member]) => shapeOf(member, `${path}.${key}`));
}

/** Of the recorded shapes, those that are only the fake's. */
const notCloudflares = [
  // It handed an inherited binding back unresolved, and whole versions in lists.
  /^\.(items\[\]\.)?resources\b/,
  /^\.items\[\]\.startup_time_ms/,
  // Cloudflare's types write hasPreview.
  /has_preview/,
  /code_update_strategy/,
  // The answer of secrets-bulk, which wrangler does not read.
  /^\.type: string$/,
];

it("every recorded request is accepted, and answered in the recorded shape", async () => {
  const wrong: string[] = [];
  for (const recorded of exchange) {
    const { n, method, url, status, response } = recorded;
    const reply = await send(recorded);
    learn(recorded, reply);
    const label = `${n} ${method} ${url.replace(/.*0123456789ab/, "")}`;
    const own = differs[n];
    const expected = { status: own?.status ?? status, code: own ? own.code : response.errors[0]?.code };
    if (reply.status !== expected.status || reply.code !== expected.code)
      wrong.push(`${label}: ${reply.status} ${reply.text.slice(0, 200)}`);
    const shape = new Set(shapeOf(reply.result));
    const missing = shapeOf(response.result).filter(
      (member) => !shape.has(member) && !notCloudflares.some((pattern) => pattern.test(member)),
    );
    if (!own && missing.length > 0) wrong.push(`${label}: lacks ${missing.join(", ")}`);
  }
  expect(wrong).toEqual([]);
});
