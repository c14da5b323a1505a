/** Environments that begin with a spare process behave like any other. */
import { existsSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { until } from "../../until.ts";
import { alive, functionOf, start } from "./harness.ts";

/** Everything that an environment is to its function but for what is never the same twice. */
const seen = `import { tmpdir } from "node:os";
export const handler = async () => {
  const { TMPDIR, AWS_LAMBDA_LOG_STREAM_NAME, AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, NODE_PATH, _X_AMZN_TRACE_ID,
  ...env } = process.env;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { env, zone, inRoot: process.cwd() === LAMBDA_TASK_ROOT, own: tmpdir() === TMPDIR, words: process.execArgv,
  argv: process.argv.length, title: process.title };
};`;

describe("an environment with a spare process", () => {
  it("has the same variables, folders and arguments", async () => {
    const settings = { env: { GREETING: "hello" } };
    const fresh = await start().call(functionOf(seen, settings));
    const fn = functionOf(seen, settings);
    const ahead = await start({ spareProcess: fn }).call(fn);
    expect(ahead.value).toEqual(fresh.value);
    expect([ahead.cold, ahead.functionError, typeof ahead.initMs]).toEqual([true, undefined, "number"]);
  });

  it("counts the spare process's start as init", async () => {
    const fn = functionOf(`const ready = performance.now(); export const handler = async () => ready;`);
    const alone = await start().call(fn);
    const { call } = start({ spareProcess: fn });
    // It waits for longer than any start takes here, which is nobody's init.
    await new Promise((done) => setTimeout(done, 200 + 4 * alone.initMs!));
    const { value, initMs } = await call(fn);
    expect(initMs).toBeLessThan(value as number);
  });

  it("has the same limits, and repeats a failed init", async () => {
    const fn = functionOf(`import { tmpdir } from "node:os"; import { existsSync, writeFileSync } from "node:fs";
        import { join } from "node:path";
const mark = join(tmpdir(), "mark"); const again = existsSync(mark); writeFileSync(mark, "");
if (!again) throw new Error("first");
export const handler = async () => 1;`);
    expect(await start({ spareProcess: fn }).call(fn)).toMatchObject({ value: 1, cold: true });
    const late = functionOf(`export const handler = () => new Promise((done) => setTimeout(done, 60000));`, {
      timeout: 1,
    });
    expect((await start({ spareProcess: late }).call(late)).timedOut).toBe(true);
  });

  it.each([
    ["needs other memory", { memory: 512 }],
    ["sets what Node reads at its start", { env: { NODE_OPTIONS: "--title=mine" } }],
  ])("is not used for a function that %s", async (_, settings) => {
    const like = functionOf(seen);
    const fn = functionOf(seen, settings);
    const [ahead, fresh] = [await start({ spareProcess: like }).call(fn), await start().call(fn)];
    expect(ahead.value).toEqual(fresh.value);
  });

  it.each([true, false])(
    "fails only its own event when the function's files were deleted (spare process: %s)",
    async (withSpare) => {
      const fn = functionOf(`export const handler = async () => 1;`);
      const { call } = start(withSpare ? { spareProcess: fn } : {});
      expect((await call(fn)).value).toBe(1);
      const other = functionOf(`export const handler = async () => 2;`, { id: "other" });
      // What rests a moment before another is prepared like it, what starts anew, and what was never there.
      rmSync(fn.directory, { recursive: true });
      expect(await call({ ...fn, hash: "2" })).toMatchObject({
        functionError: "Unhandled",
        value: { errorType: "Runtime.ExitError" },
      });
      expect((await call(other)).value).toBe(2);
      rmSync(other.directory, { recursive: true });
      await new Promise((rested) => setTimeout(rested, 100));
      expect((await call(other)).value).toBe(2);
    },
  );

  it("is followed by another spare process, and close() ends them all", async () => {
    const fn = functionOf(`export const handler = async () => [process.pid, process.ppid, process.env.TMPDIR];`);
    const { call, runtime } = start({ spareProcess: fn });
    const pids: number[] = [];
    const folders: string[] = [];
    for (const hash of ["1", "2", "3"]) {
      const [pid, , folder] = (await call({ ...fn, hash })).value as [number, number, string];
      pids.push(pid);
      folders.push(folder);
    }
    expect(new Set(pids).size).toBe(3);
    await runtime.close();
    await until(() => !pids.some(alive));
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
  });
});
