/** The limits of one HTTP API on functions and routes: which apps fit, and which `group` the error suggests. */
import { expect, test } from "vitest";
import { httpApiLimitError } from "../../framework/model/http-api-limits.ts";
import type { BuiltAsset, BuiltFunction, Manifest } from "../../framework/model/manifest.ts";
import type { Segment } from "../../framework/model/route.ts";

type Input = Parameters<typeof httpApiLimitError>[0];

const statics = (path: string): readonly Segment[] =>
  path
    .split("/")
    .slice(1)
    .map((value) => ({ kind: "static", value }));

/** An app of routes in files, each its own function. */
function app(
  files: readonly string[],
  more: { tail?: Segment; assets?: readonly string[]; front?: "function-url" } = {},
): Input {
  const { tail, assets = [], front } = more;
  const routes = files.map((file, index) => {
    const path = file.slice("functions".length, -".ts".length);
    return {
      id: `r${index}`,
      pattern: path,
      segments: [...statics(path), ...(tail ? [tail] : [])],
      file,
      middleware: [],
      methods: ["GET"],
      function: `r${index}`,
    };
  });
  return {
    app: { lambda: { ...(front && { front }) } } as Manifest["app"],
    routes,
    functions: routes.map(({ id }) => ({ id })) as unknown as readonly BuiltFunction[],
    assets: assets.map((path) => ({ path, file: `public${path}` }) as BuiltAsset),
  };
}

const files = (count: number, folder = (at: number): string => `f${at % 10}/`): readonly string[] =>
  Array.from({ length: count }, (_, at) => `functions/${folder(at)}r${at}.ts`);

const restTail: Segment = { kind: "optional-rest", name: "rest" };

test("299 functions fit beside the one of the static files, 300 do not", () => {
  expect(httpApiLimitError(app(files(299)))).toBeUndefined();
  expect(httpApiLimitError(app(files(300)))).toMatchObject({
    code: "TOO_MANY_FUNCTIONS",
    message: expect.stringMatching(/^300 functions .* 301 integrations; an HTTP API has 300/) as string,
    fix: expect.stringContaining(`"group": "folder"`) as string,
  });
});

test("where folders would be too many as well, the fix is one function", () => {
  const everyFolder = app(files(300, (at) => `f${at}/`));
  expect(httpApiLimitError(everyFolder)).toMatchObject({ fix: expect.stringContaining(`"group": "app"`) as string });
});

test("[[...rest]] counts twice", () => {
  expect(httpApiLimitError(app(files(149), { tail: restTail }))).toBeUndefined();
  expect(httpApiLimitError(app(files(150), { tail: restTail }))).toMatchObject({
    code: "TOO_MANY_KEYS",
    message: expect.stringContaining(
      "301 route keys (150 routes, 150 more for [[...rest]], which takes two, $default)",
    ) as string,
    fix: expect.stringContaining(`"front": "function-url"`) as string,
  });
});

test("static files that a route matches count", () => {
  const greedy: Input = app(["functions/all.ts"], { assets: Array.from({ length: 299 }, (_, at) => `/a${at}.txt`) });
  const all = {
    ...greedy,
    routes: greedy.routes.map((route) => ({ ...route, segments: [{ kind: "rest", name: "rest" } as const] })),
  };
  expect(httpApiLimitError(all)).toMatchObject({
    code: "TOO_MANY_KEYS",
    message: expect.stringContaining("299 for static files that a route matches too") as string,
    fix: expect.stringContaining("a folder of their own") as string,
  });
  expect(httpApiLimitError({ ...all, assets: all.assets.slice(0, 298) })).toBeUndefined();
});

test("a function URL has no such limits", () => {
  expect(httpApiLimitError(app(files(400), { front: "function-url" }))).toBeUndefined();
});
