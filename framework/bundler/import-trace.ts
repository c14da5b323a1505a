/** An esbuild plugin that adds the import chain to errors inside packages when a build fails. */
import { join } from "node:path";
import type { Message, OnResolveArgs, Plugin, PluginBuild } from "esbuild";
import { chainText, pathFromEntry } from "./import-chain.ts";
import { packageOf } from "./package-paths.ts";

const name = "portico-trace";

/**
 * Sets the `detail` of each error inside a package to the package's import chain. Does nothing when a build succeeds.
 */
export const traceImports: Plugin = {
  name,
  setup(build) {
    build.onEnd(async ({ errors }) => {
      const inPackages = errors.filter(
        ({ location, detail }) => location && detail === undefined && packageOf(location.file) !== undefined,
      );
      if (inPackages.length === 0) return;
      const from = await importers(build);
      for (const error of inPackages) error.detail = { chain: chainOf(from, build, error) };
    });
  },
};

/** The chain that this plugin has added to an error; empty without one. */
export const chainIn = ({ detail }: Message): string => {
  const { chain } = (detail ?? {}) as { readonly chain?: unknown };
  return typeof chain === "string" ? chain : "";
};

function chainOf(from: ReadonlyMap<string, string>, { initialOptions }: PluginBuild, { location }: Message): string {
  const root = initialOptions.absWorkingDir ?? "";
  const path = pathFromEntry(from, join(root, location?.file ?? ""));
  return chainText(path.map((file) => (file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file)));
}

/** The first importer of each module on a shortest path from an entry; an entry's importer is "". */
async function importers({ esbuild, initialOptions }: PluginBuild): Promise<ReadonlyMap<string, string>> {
  const imports = new Map<string, Set<string>>();
  const trace: Plugin = {
    name: "trace",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args: OnResolveArgs) => {
        if (args.pluginData !== undefined) return undefined;
        const { path, importer, resolveDir, kind, namespace } = args;
        const found = await build.resolve(path, {
          importer,
          resolveDir,
          kind,
          namespace,
          with: args.with,
          pluginData: trace,
        });
        if (found.errors.length > 0) return { path, external: true };
        imports.set(importer, (imports.get(importer) ?? new Set()).add(found.path));
        return {
          path: found.path,
          namespace: found.namespace,
          external: found.external,
          sideEffects: found.sideEffects,
          suffix: found.suffix,
        };
      });
    },
  };
  const plugins = [trace, ...(initialOptions.plugins ?? []).filter((plugin) => plugin.name !== name)];
  // This build fails as the first one did, but by then the plugin has seen the imports.
  await esbuild
    .build({ ...initialOptions, plugins, metafile: false, sourcemap: false, write: false })
    .catch(() => undefined);
  const from = new Map([["", ""]]);
  // Sorted, since esbuild resolves in any order.
  for (const [key] of from)
    for (const path of [...(imports.get(key) ?? [])].toSorted()) if (!from.has(path)) from.set(path, key);
  return from;
}
