/** The reference app's API, called by the typed client; and that routes.d.ts is current. */
import { fileURLToPath } from "node:url";
import { expect, expectTypeOf, test } from "vitest";
import { areTypesCurrent } from "../../framework/bundler/app-types.ts";
import { loadApp } from "../../framework/config/app-loader.ts";
import { ClientError, createClient } from "../../framework/features/client/index.ts";
import { createCall, invoke, type RouteModule } from "../../framework/node/testing.ts";
import { discoverJobs } from "../../framework/routes/job-discovery.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import * as entries from "../../functions/api/entries.ts";
import * as notes from "../../functions/api/notes.ts";
import { dataFolder } from "../features/jobs/data-folder.ts";
import type { Routes } from "../../routes.d.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

function client() {
  const call = createCall({ platform: { name: "node", data: dataFolder() } });
  const modules: Readonly<Record<string, RouteModule>> = {
    "/api/entries": { GET: entries.GET, POST: entries.POST },
    "/api/notes": { GET: notes.GET, POST: notes.POST },
  };
  return createClient<Routes>("http://localhost", {
    fetch: (url, init) => invoke(modules[new URL(url).pathname]!, new Request(url, init), { call }),
  });
}

test("entries are written, and read page by page", async () => {
  const api = client();
  for (const text of ["1", "2", "3"]) {
    const made = await api.post("/api/entries", { body: { name: "Ada", text } });
    expectTypeOf(made).toEqualTypeOf<{ name: string; text: string; time: number }>();
    expect(made).toMatchObject({ name: "Ada", text });
  }
  const page = await api.get("/api/entries");
  expect(page.entries.map(({ text }) => text).toSorted()).toEqual(["1", "2", "3"]);
  const rest = await api.get("/api/entries", { query: { after: page.entries[0]!.key } });
  expect(rest.entries).toEqual(page.entries.slice(1));
});

test("what is wrong, and what is too much, are errors of the client", async () => {
  const api = client();
  const wrong = await api.post("/api/entries", { body: { name: " ", text: "x".repeat(281) } }).catch(String);
  expect(wrong).toBe("ClientError: 422 Unprocessable Content");
  for (const text of ["1", "2", "3", "4", "5"]) await api.post("/api/entries", { body: { name: "Eve", text } });
  const refused = await api.post("/api/entries", { body: { name: "Eve", text: "6" } }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ClientError);
  expect(refused).toMatchObject({ status: 429, problem: { error: "Too many entries" } });
});

test("a note", async () => {
  expect((await client().get("/api/notes")).notes).toHaveLength(2);
  // A Response's body is of no type.
  expect(await client().post("/api/notes", { body: { title: "a" } })).toMatchObject({ title: "a", tags: [] });
});

test("routes.d.ts is current: else run npx portico types", async () => {
  const app = await loadApp({ root, stage: "dev" });
  const [routes, jobs] = await Promise.all([discoverRoutes(root), discoverJobs(app)]);
  expect(areTypesCurrent({ app, routes, jobs })).toBe(true);
});
