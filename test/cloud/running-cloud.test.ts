/** Finding the local cloud that runs on a folder, by a challenge that only its key can answer. */
// @module-tag check
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findRunningCloud } from "../../framework/cloud/running-cloud.ts";
import { listen } from "../../framework/http/loopback-server.ts";
import { type Lab, openLab } from "./lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

it("finds the server with the key, on the given port or the one of its last start", async () => {
  const { folder, cloud } = lab;
  expect(await findRunningCloud({ folder, port: cloud.port })).toEqual({ url: cloud.url });
  expect(await findRunningCloud({ folder, port: 1 })).toEqual({ url: cloud.url });
});

it("ignores a server with another key, one that forwards pings, and one that is no cloud", async () => {
  const other = await openLab();
  const seen: string[] = [];
  const relay = await listen({
    port: 0,
    handle: async ({ target, headers }) => {
      seen.push(target, ...headers.flat());
      const answer = await fetch(`${lab.cloud.url}${target}`);
      return { status: answer.status, headers: [], body: new Uint8Array(await answer.arrayBuffer()) };
    },
  });
  try {
    // running.json of the other folder names its own server: the given port is ignored.
    expect(await findRunningCloud({ folder: other.folder, port: lab.cloud.port })).toEqual({ url: other.cloud.url });
    expect(await findRunningCloud({ folder: lab.folder, port: relay.port })).toEqual({ url: lab.cloud.url });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.join(" ")).not.toContain(lab.cloud.secretAccessKey);
  } finally {
    await relay.close();
    await other.close();
  }
});

it("finds nothing for a folder without a cloud", async () => {
  expect(await findRunningCloud({ folder: join(lab.folder, "nowhere"), port: lab.cloud.port })).toBeUndefined();
});
