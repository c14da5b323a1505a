/** `portico build`: builds the app's functions and manifest for each target into `.portico/build/TARGET/`. */
import { relative } from "node:path";
import { loadApp } from "../../config/app-loader.ts";
import { buildFolder, buildTarget } from "../target-build.ts";
import type { CommandInput } from "../command.ts";
import { appFlags } from "../flags.ts";

/** Builds every target in hosting.json, or the one of --target. */
export async function build(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const app = await loadApp(appFlags(input, "dev"));
  const started = performance.now();
  for (const target of app.targets) {
    const prefix = app.targets.length > 1 ? `${target}: ` : "";
    const manifest = await buildTarget(app, target, (text) => reporter.warn(prefix + text));
    const out = relative(input.cwd, buildFolder(app, target)) || ".";
    for (const { id, bytes, hash } of manifest.functions) {
      reporter.line(
        `${prefix}${id.padEnd(32)} ${formatBytes(bytes).padStart(9)}  ${reporter.paint("dim", hash.slice(0, 12))}`,
      );
    }
    const counts = `${manifest.functions.length} functions, ${manifest.assets.length} assets`;
    const milliseconds = Math.round(performance.now() - started);
    reporter.result(`${target}: ${counts} → ${out} in ${milliseconds} ms`, {
      target,
      out,
      functions: manifest.functions,
      assets: manifest.assets.length,
    });
  }
  return 0;
}

/** `1.9 KB`; KB are 1,024 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
