/** Mistakes of users at a stage of an account: each is an error with a fix, and changes nothing. */
// @module-tag check
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { type Finished, run } from "./portico.ts";

let root: string;
let cloud: StartedCloud;

const portico = (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> =>
  run([...words, "--stage", "prod"], root, { env: { ...cloud.aws, ...env } });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-mistakes-"));
  await mkdir(join(root, "functions"));
  await writeFile(join(root, "functions/index.ts"), 'export const GET = () => new Response("hi");\n');
  await writeFile(
    join(root, "hosting.json"),
    JSON.stringify({ name: "shop", lambda: { region: "us-east-1" }, secrets: ["KEY"] }),
  );
  await writeFile(
    join(root, ".env.odd"),
    '# both\nKEY="two\nlines = one value"\nexport OTHER=1\n\nsecret without a name\n',
  );
  cloud = await startCloud(root);
});
afterAll(async () => {
  await cloud.running.stop();
  await rm(root, { recursive: true });
});

const set = (...words: string[]): string[] => ["secret", "set", ...words];

it.each<readonly [string[], RegExp]>([
  [set("KEY=a", "KEY=b"), /^error USAGE: KEY is given twice$/m],
  [set("AWS_REGION=x"), /^error SECRET_NAME: "AWS_REGION" cannot be a secret's name: Lambda sets it itself$/m],
  [
    set("NODE_OPTIONS=x"),
    /^error SECRET_NAME: "NODE_OPTIONS" cannot be a secret's name: it controls the process itself$/m,
  ],
  [
    set("KEY=a", `BIG_ONE=${"x".repeat(4097)}`),
    /^error SECRET_SIZE: BIG_ONE has 4097 bytes, and a secret has 4096 at most$/m,
  ],
  [set("--from", ".env.odd"), /^error SECRET_FILE: this line is no NAME=VALUE, at \.env\.odd:6$/m],
  [["logs", "/"], /^error NOTHING_LIVE: /m],
  [["invoke"], /^error USAGE: no path is given$/m],
])("portico %j is refused with a fix", async (words, told) => {
  const { code, stderr } = await portico(words);
  expect(stderr).toMatch(told);
  expect(stderr).toMatch(/^fix: /m);
  expect([code, stderr.includes("bug in portico"), /\n {4}at /.test(stderr)]).toEqual([1, false, false]);
  expect((await portico(["secret", "list"])).stdout).toBe(`${"KEY".padEnd(24)}  missing\n`);
});

it("an invalid or unreachable endpoint and a missing profile are errors with a fix", async () => {
  const odd = await portico(["plan"], { AWS_ENDPOINT_URL: "nonsense" });
  expect(odd).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error ENDPOINT: AWS_ENDPOINT_URL is "nonsense", which is no URL\nfix: /),
  });
  const unreachable = await portico(["plan"], { AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  expect(unreachable.stderr).toMatch(
    /^error CLOUD_UNREACHABLE: AWS in us-east-1 at http:\/\/127\.0\.0\.1:1 does not answer/,
  );
  const { code, stderr } = await portico(["plan", "--profile", "nope"]);
  expect(stderr).toMatch(/^error CREDENTIALS: no AWS credentials that work in the profile nope: .+\nfix: .+\n$/);
  expect(code).toBe(1);
});

it("the table of releases has one line for each, even with a long message of several lines", async () => {
  await portico(["secret", "set", "KEY=a"]);
  expect(await portico(["deploy", "--yes", "-m", `first\n${"x".repeat(3000)}`])).toMatchObject({ code: 0 });
  const { stdout } = await portico(["releases"]);
  expect(stdout.trimEnd().split("\n")).toHaveLength(2);
  expect(stdout).toMatch(/ first… +1 role, 2 permissions, 1 log group, 1 API, 2 functions, 2 routes$/m);
});
