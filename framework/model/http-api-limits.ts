/** The limits of an HTTP API, and the error for an app that exceeds them. */
import { httpApiKeys } from "./http-api-keys.ts";
import type { Manifest } from "./manifest.ts";
import { UserError } from "./user-error.ts";

/** Quotas of an HTTP API ("Quotas for configuring and running an HTTP API"); AWS can raise only the one of routes. */
export const httpApiLimits = { integrations: 300, routes: 300 } as const;

/**
 * UserError TOO_MANY_FUNCTIONS or TOO_MANY_KEYS, not thrown; undefined within the limits, or behind a function URL.
 * Throws as `httpApiKeys`.
 */
export function httpApiLimitError(
  manifest: Pick<Manifest, "app" | "routes" | "functions" | "assets">,
): UserError | undefined {
  const { app, routes, functions, assets } = manifest;
  if (app.lambda.front === "function-url") return undefined;
  if (functions.length + 1 > httpApiLimits.integrations)
    return tooManyFunctions(functions.length, foldersOf(manifest) + 1);
  const keys = httpApiKeys(routes, assets);
  if (keys.length <= httpApiLimits.routes) return undefined;
  const ofAssets = keys.filter(({ key, function: fn }) => fn === "assets" && key !== "$default").length;
  return tooManyKeys(keys.length, routes.length, ofAssets);
}

/** The functions of `"group": "folder"`: one per folder below functions/, one for the files beside them. */
const foldersOf = ({ routes }: Pick<Manifest, "routes">): number =>
  new Set(routes.map(({ file }) => (file.split("/").length > 2 ? file.split("/")[1] : ""))).size;

function tooManyFunctions(count: number, byFolder: number): UserError {
  const { integrations } = httpApiLimits;
  const message =
    `${count} functions and the one of the static files are ${count + 1} integrations; ` +
    `an HTTP API has ${integrations} at most`;
  const group = byFolder <= integrations ? "folder" : "app";
  return new UserError(
    "TOO_MANY_FUNCTIONS",
    message,
    `Write "group": "${group}" into hosting.json: the same code in fewer functions.`,
  );
}

function tooManyKeys(count: number, routes: number, ofAssets: number): UserError {
  const twice = count - routes - ofAssets - 1;
  const parts = [
    `${routes} routes`,
    ...(twice > 0 ? [`${twice} more for [[...rest]], which takes two`] : []),
    ...(ofAssets > 0 ? [`${ofAssets} for static files that a route matches too`] : []),
    "$default",
  ];
  const message = `the app needs ${count} route keys (${parts.join(", ")}); an HTTP API has ${httpApiLimits.routes}`;
  const fix =
    ofAssets > 1
      ? "Put the static files into a folder of their own, which needs one key, " +
        "or rename routes so that none matches them."
      : "Put routes that belong together into one file with Hono, such as [...path].ts; " +
        'or write "group": "app" and "lambda": { "front": "function-url" }, which needs no keys.';
  return new UserError("TOO_MANY_KEYS", message, fix);
}
