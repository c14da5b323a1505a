/** One stage on the local cloud through all commands that work on a stage, with real processes and two releases. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appFolder, write } from "./app.ts";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { type Finished, run } from "./portico.ts";

const app = appFolder("commands");
const portico = (root: string, ...words: string[]): Promise<Finished> => run(words, root);

describe("with two releases on the local cloud", () => {
  let cloud: StartedCloud;
  let root: string;
  const local = (...words: string[]): Promise<Finished> => portico(root, ...words, "--stage", "local");

  beforeAll(async () => {
    root = await app("released", {
      "hosting.json": JSON.stringify({
        name: "released",
        secrets: ["KEY"],
        env: { WORD: "shown" },
        smoke: [{ path: "/" }],
      }),
      "functions/index.ts": 'export const GET = () => { console.log("seen"); return new Response("one"); };\n',
    });
    cloud = await startCloud(root);
    const first = await local("deploy");
    await write(
      root,
      "functions/index.ts",
      'export const GET = () => { console.log("seen"); return new Response("two"); };\n',
    );
    const second = await local("deploy");
    if (first.code !== 0 || second.code !== 0) throw new Error(first.stderr + second.stderr);
  });
  afterAll(async () => {
    await cloud?.running.stop();
  });

  it("invoke sends a request to the live release, and logs shows its output", async () => {
    expect(await local("invoke", "/")).toMatchObject({ code: 0, stdout: expect.stringContaining("two") });
    expect(await local("logs", "/")).toMatchObject({ code: 0, stdout: expect.stringContaining("seen") });
  });

  it("plan says that there is nothing to do", async () => {
    expect(await local("plan")).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to do") });
  });

  it("releases lists both releases", async () => {
    const { code, stdout } = await local("releases", "--json");
    expect([code, (JSON.parse(stdout) as { readonly releases: readonly object[] }).releases.length]).toEqual([0, 2]);
  });

  it("env, secret list and doctor succeed for the stage", async () => {
    expect(await local("env")).toMatchObject({ code: 0, stdout: expect.stringContaining("WORD") });
    expect(await local("secret", "list")).toMatchObject({ code: 0, stdout: expect.stringContaining("KEY") });
    expect(await local("doctor")).toMatchObject({ code: 0, stderr: "" });
  });

  it("rollback and promote move the traffic", async () => {
    expect(await local("rollback")).toMatchObject({ code: 0, stdout: expect.stringContaining("release 1 is live") });
    expect(await local("promote", "2")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("release 2 is live"),
    });
  });

  it("remove deletes the stage", async () => {
    expect(await local("remove")).toMatchObject({ code: 0, stdout: expect.stringContaining("removed released") });
  });
});
