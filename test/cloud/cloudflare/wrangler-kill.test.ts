/** A test that kills the cloud during wrangler's deploys: its state stays consistent, and the next deploy succeeds. */
// @module-tag check
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cloud, startCloud } from "../../../framework/cloud/cloud.ts";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { readOrCreateAccessKey } from "../../../framework/cloud/access-key.ts";
import { noRuntime } from "../lab.ts";
import { account, valueAt } from "./cloudflare-lab.ts";

let folder = "";
let cloudFolder = "";
const project = (): string => join(folder, "project");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-wrangler-kill-"));
  cloudFolder = join(folder, "cloud");
  for (const path of ["src", "public"]) await mkdir(join(project(), path), { recursive: true });
  await writeFile(join(folder, "package.json"), "{}");
  const words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", "wrangler@4.164.0"];
  await promisify(execFile)("npm", words, { cwd: folder });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Each round has code, a file and a variable of its own. */
async function write(round: number): Promise<void> {
  const code = `export default { fetch: (request, env) => Response.json([${round}, env.ROUND]) };`;
  await writeFile(join(project(), "src/index.js"), code);
  await writeFile(join(project(), "public/round.txt"), `round ${round}`);
  const config = {
    name: "looped",
    main: "src/index.js",
    compatibility_date: "2026-07-01",
    workers_dev: true,
    vars: { ROUND: String(round) },
    assets: { directory: "public" },
    triggers: { crons: [`${round} * * * *`] },
  };
  await writeFile(join(project(), "wrangler.json"), JSON.stringify(config));
}

/** True when wrangler reports a deployment. */
async function deploy(url: string): Promise<boolean> {
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    HOME: folder,
    CI: "1",
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_API_BASE_URL: `${url}/client/v4`,
    CLOUDFLARE_ACCOUNT_ID: account,
    CLOUDFLARE_API_TOKEN: readOrCreateAccessKey(cloudFolder).secretAccessKey,
  };
  const bin = join(folder, "node_modules/wrangler/bin/wrangler.js");
  const child = spawn(process.execPath, [bin, "deploy"], { cwd: project(), env, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0;
}

/** A cloud in a process of its own while `run` runs, killed at its `calls`th call or at the end. */
async function killedAt(calls: number, run: (url: string) => Promise<boolean>): Promise<boolean> {
  const script = fileURLToPath(new URL("../fixtures/serve.ts", import.meta.url));
  const server = spawn(process.execPath, [script, cloudFolder], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(server, "exit");
  const lines = createInterface({ input: server.stdout });
  const [port] = (await once(lines, "line")) as [string];
  let left = calls;
  lines.on("line", () => {
    left -= 1;
    if (left === 0) server.kill("SIGKILL");
  });
  try {
    return await run(`http://127.0.0.1:${port}`);
  } finally {
    server.kill("SIGKILL");
    await gone;
  }
}

async function get(cloud: Cloud, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${cloud.secretAccessKey}` };
  const response = await fetch(`${cloud.url}/client/v4/accounts/${account}/workers/scripts/looped${path}`, { headers });
  return ((await response.json()) as { readonly result: unknown }).result;
}

/** What a restart finds: undefined without a Worker, else the round that answers, code, variable and file alike. */
async function findWhole(): Promise<number | undefined> {
  const cloud = await startCloud({ folder: cloudFolder, port: 0, runtime: noRuntime });
  try {
    const left = await readdir(join(cloudFolder, "cloudflare"), { recursive: true });
    expect(left.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    const [app] = cloud.workers();
    if (!app) return undefined;
    const ids = (
      valueAt(await get(cloud, "/versions?deployable=true"), "items") as readonly { readonly id: string }[]
    ).map(({ id }) => id);
    const deployments = valueAt(await get(cloud, "/deployments"), "deployments") as readonly {
      readonly versions: readonly { readonly version_id: string }[];
    }[];
    for (const { versions } of deployments) expect(ids).toContain(versions[0]?.version_id);
    if (!app.answers) return undefined;
    const [code, variable] = (await (await fetch(app.url)).json()) as [number, string];
    expect(variable).toBe(String(code));
    expect(await (await fetch(new URL("/round.txt", app.url))).text()).toBe(`round ${code}`);
    return code;
  } finally {
    await cloud.close();
  }
}

it("wrangler deploys through five kills of the cloud", { tags: ["check"] }, async () => {
  const random = seededRandom(Number(process.env["PORTICO_SEED"]));
  let answers: number | undefined;
  for (let round = 1; round <= 5; round += 1) {
    await write(round);
    // A first deploy makes fourteen calls, a later one eleven.
    const done = await killedAt(1 + Math.floor(random() * 14), deploy);
    const found = await findWhole();
    expect(done ? [round] : [answers, round]).toContain(found);
    answers = found;
  }
  await write(6);
  expect(await killedAt(Number.POSITIVE_INFINITY, deploy)).toBe(true);
  expect(await findWhole()).toBe(6);
});
