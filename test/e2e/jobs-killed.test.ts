/** `portico start` with jobs, killed: within a run, the leader alone, and all of it; no message is lost. */
// @module-tag check
import { beforeAll, describe, expect, it } from "vitest";
import { appFolder } from "./app.ts";
import { run, type Running, start } from "./portico.ts";

const app = appFolder("jobs-killed");

let root: string;
beforeAll(async () => {
  root = await app("app", {
    "hosting.json": JSON.stringify({ name: "app", target: "node" }),
    "functions/pid.ts": `export const GET = () => new Response(String(process.pid));\n`,
    "functions/_jobs/hang.ts":
      `export default (data, { id, attempt }) => { console.log("run", id, attempt, "in", process.pid, "end"); ` +
      `return attempt > 1 ? undefined : new Promise(() => {}); };\n`,
    "functions/_jobs/short.ts":
      `export default async (data, { attempt, signal }) => { console.log("short", attempt, "begins"); ` +
      `await new Promise((done) => signal.addEventListener("abort", done)); console.log("short ends"); };\n`,
  });
  const { code, stderr } = await run(["build", "--target", "node"], root);
  if (code !== 0) throw new Error(stderr);
});

const serve = async (data: string, processes: number): Promise<Running> => {
  const running = start(["start", "--port", "0", "--processes", String(processes), "--data", data, "--json"], root);
  await running.until(/"type":"listening"/);
  return running;
};

const sendHang = async (data: string): Promise<string> => {
  const { stdout } = await run(["jobs", "run", "hang", "--data", data, "--json"], root);
  return (JSON.parse(stdout) as { readonly id: string }).id;
};

const processOf = async (running: Running, id: string, attempt: number): Promise<number> =>
  Number((await running.until(new RegExp(`run ${id} ${attempt} in (\\d+) end`)))[1]);

const nothingWaits = async (data: string): Promise<void> =>
  await expect
    .poll(async () => JSON.parse((await run(["jobs", "--data", data, "--json"], root)).stdout) as unknown)
    .toMatchObject({ jobs: [{ name: "hang", waiting: 0, running: 0 }, { name: "short" }] });

describe("portico start with jobs", () => {
  it.each([1, 2])("gives a message again whose run was killed, with %i processes", async (processes) => {
    const data = `killed-${processes}`;
    const running = await serve(data, processes);
    const id = await sendHang(data);
    const leader = await processOf(running, id, 1);
    process.kill(leader, "SIGKILL");
    // A process that waited for it leads, or the one that takes its place.
    expect(await processOf(running, id, 2)).not.toBe(leader);
    await nothingWaits(data);
    expect(await running.stop("SIGTERM")).toBe(0);
  });

  it("keeps messages when everything is killed", async () => {
    const first = await serve("all", 2);
    const id = await sendHang("all");
    await processOf(first, id, 1);
    const waiting = await sendHang("all");
    await processOf(first, waiting, 1);
    const third = await sendHang("all");
    await first.stop("SIGKILL");
    const second = await serve("all", 2);
    await processOf(second, id, 2);
    await processOf(second, waiting, 2);
    await processOf(second, third, 1);
    expect(await second.stop("SIGTERM")).toBe(0);
  });

  it("has two leaders never: a second portico start waits for the end of the first", async () => {
    const first = await serve("two", 1);
    const second = await serve("two", 1);
    const id = await sendHang("two");
    const leader = await processOf(first, id, 1);
    expect(second.output()).not.toContain(id);
    process.kill(first.child.pid!, "SIGSTOP");
    process.kill(leader, "SIGKILL");
    await processOf(second, id, 2);
    process.kill(first.child.pid!, "SIGCONT");
    await Promise.all([first.stop("SIGTERM"), second.stop("SIGTERM")]);
  });

  it("tells running jobs that it stops, and waits for them", async () => {
    const running = await serve("drained", 2);
    await run(["jobs", "run", "short", "--data", "drained"], root);
    await running.until(/short 1 begins/);
    expect(await running.stop("SIGTERM")).toBe(0);
    expect(running.output()).toContain("short ends");
    expect(running.output()).toMatch(/"type":"job","job":"short",.*"outcome":"done"/);
  });
});
