/** `portico routes`: a row for each route with its methods, file, middleware and bytes. */
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("routes");

it("lists each route with methods, file, middleware and bytes per target", async () => {
  const root = await app("shop", {
    "functions/users/[id].ts": says("user"),
    "functions/admin/_middleware.ts": "export default (_: unknown, next: () => Promise<void>) => next();\n",
    "functions/admin/index.ts": says("admin"),
  });
  const table = await run(["routes", "--target", "node"], root);
  expect(table).toMatchObject({ code: 0, stderr: "" });
  expect(table.stdout).toMatch(/^path +methods +file +middleware +node$/m);
  expect(table.stdout).toMatch(/^\/users\/:id +GET +functions\/users\/\[id\]\.ts +[\d.]+ KB$/m);
  const json = await run(["routes", "--target", "node", "--json"], root);
  expect(JSON.parse(json.stdout)).toContainEqual({
    pattern: "/admin",
    methods: "GET",
    file: "functions/admin/index.ts",
    middleware: ["functions/admin/_middleware.ts"],
    bytes: { node: expect.any(Number) as number },
    middlewareBytes: { node: expect.any(Number) as number },
  });
});
