/** Tests of the router: it finds the first route that matches, and tries no patterns that cannot match. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalSegment, regexpSource } from "../../framework/model/pattern.ts";
import type { Segment } from "../../framework/model/route.ts";
import type { RouteFunction } from "../../framework/runtime/route-function.ts";
import type { Call } from "../../framework/runtime/handler.ts";
import { createRouter } from "../../framework/runtime/router.ts";

const names = [
  "a",
  "users",
  "100%",
  "a.b",
  "안녕",
  "x+y",
  "(z)",
  "a/b",
  "$",
  "^",
  "-",
  "~",
  "!'()*",
  "\\d",
  "[id]",
  "a b",
  ";=@:,",
];
const wild = fc.constantFrom<Segment>({ kind: "param", name: "one" }, { kind: "static", value: "a" });
const segments: fc.Arbitrary<readonly Segment[]> = fc
  .tuple(
    fc.array(
      fc.oneof(
        fc.constantFrom(...names).map((value): Segment => ({ kind: "static", value })),
        wild,
      ),
      { maxLength: 3 },
    ),
    fc.constantFrom<readonly Segment[]>(
      [],
      [{ kind: "rest", name: "more" }],
      [{ kind: "optional-rest", name: "more" }],
    ),
  )
  .map(([start, rest]) => [...start, ...rest])
  .filter((list) => new Set(list.map((one) => (one.kind === "static" ? one : one.name))).size === list.length);
const path = fc
  .array(fc.oneof(fc.constantFrom(...names), fc.constant("")), { maxLength: 4 })
  .map((parts) => `/${parts.map(canonicalSegment).join("/")}`);

const call = { requestId: "1" } as Call;
const says =
  (text: string): RouteFunction =>
  async () =>
    new Response(text);
const ask = async (router: ReturnType<typeof createRouter>, asked: string): Promise<string> =>
  (await router(new Request(`http://localhost${asked}`), call)).text();

/** Of a built app: the literal `/…/`, whose source escapes what a literal must. */
const built = (list: readonly Segment[]): RegExp => new RegExp(new RegExp(regexpSource(list)).source);

test("finds the same route as trying every pattern in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(segments, { maxLength: 8 }), path, async (table, asked) => {
      const patterns = table.map(built);
      const { pathname } = new URL(`http://localhost${asked}`);
      const wanted = patterns.findIndex((pattern) => pattern.test(pathname));
      const router = createRouter(
        patterns.map((pattern, at) => [pattern, () => says(String(at))] as const),
        () => new Response("-1"),
      );
      expect(await ask(router, asked)).toBe(String(wanted));
    }),
    { numRuns: 3000 },
  );
});

test("tries only what can match: the last of 300 routes costs one pattern", async () => {
  let tried = 0;
  class Counted extends RegExp {
    override exec(text: string): RegExpExecArray | null {
      tried += 1;
      return super.exec(text);
    }
  }
  const entries = Array.from({ length: 300 }, (_, at) => {
    const list: readonly Segment[] = [
      { kind: "static", value: "api" },
      { kind: "static", value: `r${at}` },
      { kind: "param", name: "id" },
    ];
    return [new Counted(regexpSource(list)), () => says(String(at))] as const;
  });
  expect(await ask(createRouter(entries), "/api/r299/7")).toBe("299");
  expect(tried).toBe(1);
});

test("the static files' own folders come first, and no route matches in them", async () => {
  const router = createRouter([
    [/^\/img\/[^/]/, () => says("file")],
    [/^\/img\/(?<name>[^/]+)$/, () => says("route")],
    [/^\/img$/, () => says("folder")],
  ]);
  expect(await Promise.all(["/img/a", "/img/a/b", "/img", "/img/"].map((asked) => ask(router, asked)))).toEqual([
    ...["file", "file", "folder"],
    expect.stringContaining("Not Found"),
  ]);
});
