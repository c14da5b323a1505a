/** Tests of secrets: each change makes a version, deployed by the secrets API and not deployed by the beta API. */
// @module-tag check
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  valueAt,
  deploy,
  deployWorker,
  type CloudflareLab,
  liveVersion,
  openCloudflareLab,
  upload,
  version,
} from "./cloudflare-lab.ts";

const showing = `export default { fetch: (request, env) => Response.json(env) };`;
let lab: CloudflareLab;
beforeAll(async () => void (lab = await openCloudflareLab()));
afterAll(() => lab.close());

const secret = (name: string, text: string) => ({ name, text, type: "secret_text" });
const envOf = async (name: string): Promise<unknown> => (await lab.ask(name)).json();

describe("the secrets API", () => {
  it("puts, lists and deletes, each time a new version that is live", async () => {
    const first = await deployWorker(lab, "app", showing);
    expect((await lab.call("PUT", "/workers/scripts/app/secrets", secret("A", "one"))).result).toEqual({
      name: "A",
      type: "secret_text",
    });
    expect(await liveVersion(lab, "app")).not.toBe(first);
    expect(await envOf("app")).toEqual({ A: "one" });
    const patch = { secrets: { A: secret("A", "two"), B: secret("B", "b"), C: secret("C", "c") } };
    await lab.call("PATCH", "/workers/scripts/app/secrets-bulk", patch, {
      "content-type": "application/merge-patch+json",
    });
    await lab.call("PATCH", "/workers/scripts/app/secrets-bulk", { secrets: { B: null } });
    expect(await envOf("app")).toEqual({ A: "two", C: "c" });
    expect((await lab.call("DELETE", "/workers/scripts/app/secrets/C")).status).toBe(200);
    expect((await lab.call("GET", "/workers/scripts/app/secrets")).result).toEqual([
      { name: "A", type: "secret_text" },
    ]);
    const { result } = await lab.call("GET", "/workers/scripts/app/deployments");
    expect(valueAt(result, "deployments", 0, "annotations")).toEqual({ "workers/triggered_by": "secret" });
  });

  it("refuses what it cannot do", async () => {
    await deployWorker(lab, "strict", showing, { bindings: [{ type: "plain_text", name: "TAKEN", text: "x" }] });
    const put = (body: object, name = "strict") => lab.call("PUT", `/workers/scripts/${name}/secrets`, body);
    expect((await put(secret("A", "x"), "nobody")).code).toBe(10007);
    expect((await put(secret("TAKEN", "x"))).code).toBe(10053);
    expect((await put({ ...secret("A", "x"), type: "plain_text" })).code).toBe(10021);
    expect((await put(secret("A", "x".repeat(5121)))).code).toBe(10054);
    expect((await lab.call("DELETE", "/workers/scripts/strict/secrets/A")).code).toBe(10056);
    expect((await lab.call("DELETE", "/workers/scripts/strict/secrets/TAKEN")).code).toBe(10056);
    await version(lab, "strict", showing);
    expect((await put(secret("A", "x"))).code).toBe(10215);
  });
});

describe("a secret in a version of its own", () => {
  const patch = (name: string, body: object, type = "application/merge-patch+json") =>
    lab.call("PATCH", `/workers/workers/${name}/versions/latest`, body, { "content-type": type });

  it("is a merge patch over the newest version, and gets no traffic", async () => {
    const live = await deployWorker(lab, "patched", showing, {
      bindings: [{ type: "plain_text", name: "T", text: "t" }],
    });
    const one = await patch("patched", {
      env: { S: { type: "secret_text", text: "s" }, V: { type: "json", json: { S: 1 } } },
      annotations: { "workers/message": "set S" },
    });
    expect(one.result).toMatchObject({ number: 2, annotations: { "workers/message": "set S" } });
    const two = await patch("patched", { env: { T: null, V: { type: "json", json: { S: 2 } } } });
    expect(await liveVersion(lab, "patched")).toBe(live);
    await deploy(lab, "patched", { [String(valueAt(two.result, "id"))]: 100 });
    expect(await envOf("patched")).toEqual({ S: "s", V: { S: 2 } });
  });

  it("needs a version, the right content type and a binding to remove", async () => {
    await lab.call("POST", "/workers/workers", { name: "bare" });
    expect((await patch("bare", { env: {} })).code).toBe(10222);
    await deployWorker(lab, "typed", showing);
    expect((await patch("typed", { env: {} }, "application/json")).code).toBe(10001);
    expect((await patch("typed", { env: { GONE: null } })).code).toBe(10056);
    expect((await patch("nobody", { env: {} })).code).toBe(10007);
  });
});

it("a rollback to a version with other secrets needs force", async () => {
  const first = await deployWorker(lab, "back", showing);
  await lab.call("PUT", "/workers/scripts/back/secrets", secret("A", "one"));
  expect((await deploy(lab, "back", { [first]: 100 })).code).toBe(10220);
  expect((await deploy(lab, "back", { [first]: 100 }, true)).status).toBe(200);
  expect(await envOf("back")).toEqual({});
});

it("what is on disk is the owner's alone to read", async () => {
  await lab.call(
    "PUT",
    "/workers/scripts/disk",
    upload(showing, { bindings: [{ type: "secret_text", name: "S", text: "very secret" }] }),
  );
  const folder = join(lab.folder, "cloudflare/state/versions");
  const files = readdirSync(folder).map((file) => join(folder, file));
  expect(files.some((file) => readFileSync(file, "utf8").includes("very secret"))).toBe(true);
  expect(files.filter((file) => (statSync(file).mode & 0o077) !== 0)).toEqual([]);
});
