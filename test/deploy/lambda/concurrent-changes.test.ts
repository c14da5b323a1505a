/** Changes that somebody else makes during a release: detected before the switch, and not used by later releases. */
import { ExportApiCommand, GetApisCommand, ReimportApiCommand } from "@aws-sdk/client-apigatewayv2";
import {
  GetFunctionConfigurationCommand,
  ListVersionsByFunctionCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClientOptions } from "../../../deploy/lambda/clients.ts";
import { functionName } from "../../../deploy/lambda/names.ts";
import type { App } from "../../../framework/model/app.ts";
import { openDeployFixture, page, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

type Transport = NonNullable<ClientOptions["transport"]>;
const answer = async (url: string, path: string): Promise<string> => (await fetch(new URL(path, url))).text();

test("routes of the API: the snapshot is read back", async () => {
  const first = await fixture.deploy();
  await fixture.write("functions/index.ts", page("other"));
  const { Items: [api] = [] } = await fixture.clients.api.send(new GetApisCommand({}));
  // Between the import and the snapshot: the next CreateDeployment freezes the edit too.
  const transport: Transport = async (call, send) => {
    if (call.operation === "CreateDeployment") {
      const what = { ApiId: api?.ApiId, OutputType: "JSON", Specification: "OAS30" } as const;
      const { body } = await fixture.clients.api.send(new ExportApiCommand(what));
      const document = JSON.parse(Buffer.from(body!).toString()) as { paths: Record<string, object> };
      const { "/": _, ...paths } = document.paths;
      await fixture.clients.api.send(
        new ReimportApiCommand({ ApiId: api?.ApiId, Body: JSON.stringify({ ...document, paths }) }),
      );
    }
    return send();
  };
  await expect(fixture.deploy({ client: { transport } })).rejects.toMatchObject({ code: "CANDIDATE_DIFFERS" });
  expect(await answer(first.live.url, "/")).toBe("home");
  expect((await fixture.deploy()).live.number).toBeGreaterThan(1);
  expect(await answer(first.live.url, "/")).toBe("other");
});

const lambda = { architecture: "arm64", logRetention: 30, policies: [] } as const;
const fronts: readonly (readonly [front: string, fn: string, app: Partial<App>])[] = [
  ["an HTTP API", "index", {}],
  ["a function URL", "app", { group: "app", lambda: { ...lambda, front: "function-url" } }],
];

test.each(fronts)(
  "a function's settings, behind %s: the version says what is frozen in it",
  async (_front, id, app) => {
    const first = await fixture.deploy({ app });
    const FunctionName = functionName({ app: "road", stage: "local" }, id);
    await fixture.write("functions/index.ts", page("other"));
    // Between the settings and the version: PublishVersion freezes the change too.
    const transport: Transport = async (call, send) => {
      if (call.operation === "PublishVersion") {
        await fixture.clients.lambda.send(
          new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: { FOREIGN: "1" } } }),
        );
      }
      return send();
    };
    await expect(fixture.deploy({ app, client: { transport } })).rejects.toMatchObject({ code: "CANDIDATE_DIFFERS" });
    expect(await answer(first.live.url, "/")).toBe("home");
    await fixture.deploy({ app });
    expect(await answer(first.live.url, "/")).toBe("other");
    const { Versions = [] } = await fixture.clients.lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
    expect(Versions.filter(({ Environment }) => Environment?.Variables?.["FOREIGN"] !== undefined)).toEqual([]);
    expect(await fixture.clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).not.toHaveProperty(
      "Environment.Variables.FOREIGN",
    );
  },
);
