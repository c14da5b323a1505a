/**
 * kill -9 of the real CLI in the middle of its calls: the same command again ends as a clean run does, and the app
 * answers all the while.
 */
// @module-tag check
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../framework/cloud/seeded-random.ts";
import { sendSigned } from "../cloud/aws/signed.ts";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { run, start } from "./portico.ts";

const says = (word: string): string => `export const GET = () => new Response(${JSON.stringify(word)});\n`;

/** What an app is made of; undefined removes a file. */
type Files = Readonly<Record<string, string | undefined>>;

/** Where an app is released to, and about how many calls each command makes there. */
const places = [
  { name: "AWS, behind an HTTP API", settings: {}, words: [], calls: [45, 40, 30, 16, 30] },
  {
    name: "AWS, behind a function URL",
    settings: { group: "app", lambda: { front: "function-url" } },
    words: [],
    calls: [35, 30, 25, 16, 25],
  },
  {
    name: "Cloudflare Workers",
    settings: { target: "workers" },
    words: ["--target", "workers"],
    calls: [17, 12, 11, 6, 8],
  },
] as const;

/** Each begins where the one before it ended. */
const steps: readonly {
  readonly name: string;
  readonly files?: Files;
  readonly words: readonly string[];
  readonly answers?: string;
}[] = [
  { name: "a first deploy", words: ["deploy"], answers: "one" },
  { name: "an update", files: { "functions/index.ts": says("two") }, words: ["deploy"], answers: "two" },
  {
    name: "a removal of a route",
    files: { "functions/old.ts": undefined },
    words: ["deploy", "--yes"],
    answers: "two",
  },
  { name: "a rollback", words: ["rollback", "1", "--yes"], answers: "one" },
  { name: "remove", words: ["remove", "--yes"] },
];

/** Of each command. Ten were run; docs/decisions/096 says what they cost. */
const kills = Number(process.env["PORTICO_KILLS"] ?? 2);

let cloud: StartedCloud | undefined;
let root: string;
afterEach(async () => {
  await cloud?.running.stop();
  await rm(root, { recursive: true, force: true });
});

describe.each(places)("commands killed with kill -9 on $name", (place) => {
  it(`end as a clean run does when repeated after ${kills} kills each`, () => killEach(place, kills));
});

/** Where the local cloud is. */
type Control = Parameters<typeof sendSigned>[0];

async function killEach(place: (typeof places)[number], times: number): Promise<void> {
  root = await mkdtemp(join(tmpdir(), "portico-kill9-"));
  const random = seededRandom(Number(process.env["PORTICO_SEED"]));
  cloud = await startCloud(root);
  const control: Control = { ...cloud, region: "us-east-1" };
  // Slow enough to be met in the middle of a call.
  await sendSigned(control, "portico", "PUT", "/portico/faults", JSON.stringify({ latency: 10, rules: [] }));
  await write({
    "hosting.json": JSON.stringify({ name: "killed", smoke: [{ path: "/", status: 200 }], ...place.settings }),
    "functions/index.ts": says("one"),
    "functions/old.ts": says("old"),
  });
  let live = "";
  let killed = 0;
  for (const [at, { name, files = {}, words, answers }] of steps.entries()) {
    await write(files);
    const all = [...words, ...place.words, "--stage", "local", "--json"];
    for (let time = 0; time < times; time++) {
      if (await killAfter(all, 1 + Math.floor(random() * place.calls[at]!), control)) killed += 1;
    }
    const { code, stdout, stderr } = await run(all, root);
    expect({ name, code, stderr }).toMatchObject({ name, code: 0 });
    live = (JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as { readonly url?: string }).url ?? live;
    if (answers === undefined) await expect(fetch(live), name).rejects.toThrow("fetch failed");
    else expect(await (await fetch(live)).text(), name).toBe(answers);
    const plan = await run(["plan", ...place.words, "--stage", "local"], root);
    expect(plan.stdout, `${name} leaves nothing to finish`).not.toContain("finish:");
  }
  // Those that ended before they made so many calls prove nothing.
  expect(killed, "how many were killed").toBeGreaterThan(steps.length * times * 0.3);
}

/**
 * Ends the process with its children left to themselves, as the kernel would, once it has made so many calls. False
 * when it ended by itself.
 */
async function killAfter(words: readonly string[], calls: number, control: Control): Promise<boolean> {
  const made = async (): Promise<number> => {
    const { text } = await sendSigned(control, "portico", "GET", "/portico/faults");
    return (JSON.parse(text) as { readonly calls: number }).calls;
  };
  const before = await made();
  const one = start(words, root);
  while (one.child.exitCode === null && (await made()) - before < calls) {
    await new Promise((next) => setTimeout(next, 5));
  }
  const isRunning = one.child.exitCode === null;
  await one.stop("SIGKILL");
  return isRunning;
}

async function write(files: Files): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const path = join(root, file);
    await mkdir(dirname(path), { recursive: true });
    if (text === undefined) await rm(path);
    else await writeFile(path, text);
  }
}
