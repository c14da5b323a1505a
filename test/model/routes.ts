/** Makes routes for tests from file names below functions/, as discovery and the build make them. */
import type { BuiltAsset, BuiltRoute } from "../../framework/model/manifest.ts";
import { displayPattern, parseRouteFile, routeId } from "../../framework/model/pattern.ts";

export const routesOf = (...names: readonly string[]): readonly BuiltRoute[] =>
  names.map((name) => {
    const file = `functions/${name}.ts`;
    const segments = parseRouteFile(file);
    return {
      id: routeId(segments),
      pattern: displayPattern(segments),
      segments,
      file,
      middleware: [],
      methods: ["GET"],
      function: name,
    };
  });

export const assetsOf = (...paths: readonly string[]): readonly BuiltAsset[] =>
  paths.map((path) => ({ path, file: `functions/_public${path}`, hash: "", bytes: 0, type: "text/plain" }));
