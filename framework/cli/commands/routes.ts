/** `portico routes`: lists the routes of an app with methods, files, middleware and bytes per target. */
import { loadApp } from "../../config/app-loader.ts";
import type { Manifest } from "../../model/manifest.ts";
import { type Target, targets } from "../../model/target.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, targetFlag } from "../flags.ts";
import type { Reporter } from "../reporter.ts";
import { buildTarget } from "../target-build.ts";
import { formatBytes } from "./build.ts";

interface Row {
  readonly pattern: string;
  readonly methods: string;
  readonly file: string;
  readonly middleware: readonly string[];
  readonly bytes: Readonly<Partial<Record<Target, number>>>;
  readonly middlewareBytes: Readonly<Partial<Record<Target, number>>>;
}

/** Builds every target, or the one of --target, since only a build knows the bytes. */
export async function routes(input: CommandInput): Promise<number> {
  const app = await loadApp(appFlags(input, "dev"));
  const only = targetFlag(input);
  const built = only ? [only] : targets;
  const manifests: Manifest[] = [];
  for (const target of built) manifests.push(await buildTarget(app, target));
  const rows = (manifests[0]?.routes ?? []).map((route): Row => {
    const functions = manifests.map(
      ({ target, functions: all }) => [target, all.find(({ id }) => id === route.function)] as const,
    );
    return {
      pattern: route.pattern,
      methods: route.methods === "fetch" ? "any (fetch)" : route.methods.join(" "),
      file: route.file,
      middleware: route.middleware,
      bytes: Object.fromEntries(functions.map(([target, fn]) => [target, fn?.bytes ?? 0])),
      middlewareBytes: Object.fromEntries(functions.map(([target, fn]) => [target, fn?.middlewareBytes ?? 0])),
    };
  });
  input.reporter.result(table(input.reporter, rows, built), rows);
  return 0;
}

function table(reporter: Reporter, rows: readonly Row[], built: readonly Target[]): string {
  const size = (row: Row, target: Target): string => {
    const added = row.middlewareBytes[target] ?? 0;
    return formatBytes(row.bytes[target] ?? 0) + (added ? ` (${formatBytes(added)} middleware)` : "");
  };
  const lines = [
    ["path", "methods", "file", "middleware", ...built],
    ...rows.map((row) => [
      row.pattern,
      row.methods,
      row.file,
      row.middleware.join(" "),
      ...built.map((target) => size(row, target)),
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line, at) => {
      const text = line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd();
      return at === 0 ? reporter.paint("dim", text) : text;
    })
    .join("\n");
}
