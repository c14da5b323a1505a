/** Bench of `portico start` with one process: throughput, memory, first response and leaks against raw node:http. */
import { rm } from "node:fs/promises";
import { run } from "../e2e/portico.ts";
import { generateApp } from "./generated-app.ts";
import type { Measured } from "./measurement.ts";
import { installPackage } from "./installed-package.ts";
import { portico, rawServer } from "./raw-server.ts";
import { type Contest, firstAnswer, throughput } from "./server-rows.ts";
import { soak } from "./soak.ts";

/** Builds and measures an app of 100 routes. */
export async function production(): Promise<readonly Measured[]> {
  const root = await generateApp(100);
  const { bin, remove } = await installPackage();
  const built = await run(["build", "--target", "node"], root);
  if (built.code !== 0) throw new Error(built.stderr);
  const contest: Contest = {
    name: "portico start, one process",
    server: () => portico(bin, ["start", "--processes", "1"], root),
    bars: { throughput: 0.85, first: 3 },
    against: "raw node:http",
    limit: rawServer,
  };
  const measured = [...(await throughput(contest)), await firstAnswer(contest)];
  const server = await contest.server();
  measured.push(...(await soak(contest.name, server)));
  await server.close();
  await Promise.all([remove(), rm(root, { recursive: true })]);
  return measured;
}
