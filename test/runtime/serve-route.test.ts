/** Tests of a function that serves one route alone and checks the path itself. */
import { expect, it } from "vitest";
import { serveRoute } from "../../framework/runtime/route-function.ts";

it("answers another path with 404, as every target does", async () => {
  const pattern = /^https?:\/\/[^/]+\/notes\/(?<id>[^/?]+)(?:\?|$)/;
  const serve = serveRoute(
    pattern,
    async (_request, _call, { id }) => new Response(id),
    (params) => params,
  );
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const response = await serve(new Request(`https://a.example${path}`), {} as never);
    return [response.status, await response.text()];
  };
  expect(await ask("/notes/7")).toEqual([200, "7"]);
  expect(await ask("/notes")).toEqual([404, '{"error":"Not Found"}']);
});
