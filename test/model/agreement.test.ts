/**
 * One precedence everywhere: the dev matcher, the router and the emulated HTTP API agree on random routes, assets and
 * paths.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { selectRoute } from "../../framework/emulation/http-api/routing.ts";
import { assetFolders, assetsInFront, isInFolder } from "../../framework/model/asset-folders.ts";
import { httpApiKeys } from "../../framework/model/http-api-keys.ts";
import type { BuiltAsset, BuiltRoute } from "../../framework/model/manifest.ts";
import { matchRoutes } from "../../framework/model/route-matcher.ts";
import { regexpSource } from "../../framework/model/pattern.ts";
import { expandRoutes } from "../../framework/model/precedence.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { canonicalPath, decodeParams, escapePath } from "../../framework/runtime/path.ts";
import { assetsOf, routesOf } from "./routes.ts";

const words = ["a", "b", "c.d", "나 x", "100%"];
const folder = fc.constantFrom(...words, "[x]", "(g)");
const last = fc.constantFrom(...words, "index", "[y]", "[...r]", "[[...r]]");
const routeName = fc
  .tuple(fc.array(folder, { maxLength: 3 }), last)
  .map(([folders, name]) => [...folders.map(unique), name].join("/"));
const part = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.constantFrom("", "z", "%61", "?q", "A") },
);
const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
const asset = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 })
  .map((parts) => escapePath(`/${parts.join("/")}`));

const unique = (name: string, index: number): string => (name === "[x]" ? `[x${index}]` : name);

interface Found {
  readonly to: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Adds names one by one and leaves out each that conflicts, so that every set is valid and most are large. */
function validSet(
  names: readonly string[],
  paths: readonly string[],
): { routes: readonly BuiltRoute[]; assets: readonly BuiltAsset[] } {
  let routes: readonly BuiltRoute[] = [];
  let assets: readonly BuiltAsset[] = [];
  for (const name of names) if (isValid([...routes, ...routesOf(name)], [])) routes = [...routes, ...routesOf(name)];
  for (const one of paths) if (isValid(routes, [...assets, ...assetsOf(one)])) assets = [...assets, ...assetsOf(one)];
  return { routes, assets };
}

function isValid(routes: readonly BuiltRoute[], assets: readonly BuiltAsset[]): boolean {
  try {
    httpApiKeys(routes, assets);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.code === "ROUTE_CONFLICT") return false;
    throw error;
  }
}

const missing: Found = { to: "assets", params: {} };

function byMatcher(routes: readonly BuiltRoute[], asked: string): Found {
  const match = matchRoutes(expandRoutes(routes), asked);
  return match ? { to: match.route.function, params: match.params } : missing;
}

/** As framework/runtime/router.ts does. */
function byRouter(routes: readonly BuiltRoute[], asked: string): Found {
  for (const { segments, route } of expandRoutes(routes)) {
    const found = new RegExp(regexpSource(segments)).exec(asked);
    if (found) return { to: route.function, params: { ...decodeParams(found.groups ?? {}) } };
  }
  return missing;
}

function byHttpApi(routes: readonly BuiltRoute[], assets: readonly BuiltAsset[], asked: string): Found {
  const keys = httpApiKeys(routes, assets);
  const selected = selectRoute(
    keys.map(({ key }) => key),
    "GET",
    decodeURIComponent(asked),
  );
  const to = keys.find(({ key }) => key === selected?.key)?.function ?? "no key";
  return { to, params: to === "assets" ? {} : (selected?.pathParameters ?? {}) };
}

test("the dev matcher, the router and the HTTP API choose the same route and params", () => {
  fc.assert(
    fc.property(
      fc.array(routeName, { maxLength: 12 }),
      fc.array(path, { minLength: 1, maxLength: 12 }),
      (names, paths) => {
        const { routes } = validSet(names, []);
        for (const asked of paths.map(escapePath)) {
          expect(canonicalPath(asked)).toBe(asked);
          const found = byMatcher(routes, asked);
          expect(byRouter(routes, asked)).toEqual(found);
          expect(byHttpApi(routes, [], asked)).toEqual(found);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test("with assets too: an asset in front or a folder of assets wins, then the routes", () => {
  fc.assert(
    fc.property(
      fc.array(routeName, { maxLength: 10 }),
      fc.array(asset, { maxLength: 6 }),
      fc.array(path, { minLength: 1, maxLength: 12 }),
      (names, files, paths) => {
        const { routes, assets } = validSet(names, files);
        const folders = assetFolders(routes, assets);
        const front = new Set(assetsInFront(routes, assets, folders).map((one) => one.path));
        for (const asked of [...paths.map(escapePath), ...assets.map((one) => one.path)]) {
          const found = front.has(asked) || isInFolder(folders, asked) ? missing : byMatcher(routes, asked);
          expect(byHttpApi(routes, assets, asked)).toEqual(found);
        }
        for (const one of assets) expect(byHttpApi(routes, assets, one.path).to).toBe("assets");
      },
    ),
    { numRuns: 400 },
  );
});

test("keys are unique, whatever the routes and assets", () => {
  fc.assert(
    fc.property(fc.array(routeName, { maxLength: 12 }), fc.uniqueArray(asset, { maxLength: 6 }), (names, files) => {
      const { routes, assets } = validSet(names, files);
      const shapes = httpApiKeys(routes, assets).map(({ key }) => key.replace(/\{[^}+]+(\+?)\}/g, "{$1}"));
      expect(new Set(shapes).size).toBe(shapes.length);
    }),
    { numRuns: 200 },
  );
});
