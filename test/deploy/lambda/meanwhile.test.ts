/** What somebody else changes while a release is made: it is seen before the release takes traffic, and no later one uses what came of it. */
import { DeleteRouteCommand, GetApisCommand, GetRoutesCommand } from "@aws-sdk/client-apigatewayv2";
import { GetFunctionConfigurationCommand, ListVersionsByFunctionCommand, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClientOptions } from "../../../deploy/lambda/clients.ts";
import { functionName } from "../../../deploy/lambda/names.ts";
import type { App } from "../../../framework/model/app.ts";
import { openRoad, page, type Road } from "./road.ts";

let road: Road;
beforeEach(async () => {
  road = await openRoad();
});
afterEach(() => road.close());

type Transport = NonNullable<ClientOptions["transport"]>;
const answer = async (url: string, path: string): Promise<string> => (await fetch(new URL(path, url))).text();

test("routes of the API: the snapshot is read back", async () => {
  const first = await road.deploy();
  await road.write("functions/index.ts", page("other"));
  const { Items: [api] = [] } = await road.clients.api.send(new GetApisCommand({}));
  // Between the import and the snapshot: the next CreateDeployment freezes the edit too.
  const transport: Transport = async (call, send) => {
    if (call.operation === "CreateDeployment") {
      const { Items: [route] = [] } = await road.clients.api.send(new GetRoutesCommand({ ApiId: api?.ApiId }));
      await road.clients.api.send(new DeleteRouteCommand({ ApiId: api?.ApiId, RouteId: route?.RouteId }));
    }
    return send();
  };
  await expect(road.deploy({ client: { transport } })).rejects.toMatchObject({ code: "CANDIDATE_DIFFERS" });
  expect(await answer(first.live.url, "/")).toBe("home");
  expect((await road.deploy()).live.number).toBeGreaterThan(1);
  expect(await answer(first.live.url, "/")).toBe("other");
});

const lambda = { architecture: "arm64", logRetention: 30, policies: [] } as const;
const fronts: readonly (readonly [front: string, fn: string, app: Partial<App>])[] = [
  ["an HTTP API", "index", {}],
  ["a function URL", "app", { group: "app", lambda: { ...lambda, front: "function-url" } }],
];

test.each(fronts)("a function's settings, behind %s: the version says what is frozen in it", async (_front, id, app) => {
  const first = await road.deploy({ app });
  const FunctionName = functionName({ app: "road", stage: "local" }, id);
  await road.write("functions/index.ts", page("other"));
  // Between the settings and the version: PublishVersion freezes the change too.
  const transport: Transport = async (call, send) => {
    if (call.operation === "PublishVersion") {
      await road.clients.lambda.send(
        new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: { FOREIGN: "1" } } }),
      );
    }
    return send();
  };
  await expect(road.deploy({ app, client: { transport } })).rejects.toMatchObject({ code: "CANDIDATE_DIFFERS" });
  expect(await answer(first.live.url, "/")).toBe("home");
  await road.deploy({ app });
  expect(await answer(first.live.url, "/")).toBe("other");
  const { Versions = [] } = await road.clients.lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
  expect(Versions.filter(({ Environment }) => Environment?.Variables?.["FOREIGN"] !== undefined)).toEqual([]);
  expect(await road.clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).not.toHaveProperty(
    "Environment.Variables.FOREIGN",
  );
});
