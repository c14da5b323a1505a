/** `portico build`: builds the app's functions and manifest for each target into `.portico/build/TARGET/`. */
import { relative } from "node:path";
import { loadApp } from "../../config/app-loader.ts";
import { hasClock } from "../../model/app.ts";
import { buildFolder, buildTarget } from "../target-build.ts";
import type { CommandInput } from "../command.ts";
import { appFlags } from "../flags.ts";
import { countText, jobLines, jobLineText } from "../job-line.ts";

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
    // The build freezes the schedules; on Node they run unless "clock" is false.
    const isOn = target === "node" ? app.clock !== false : hasClock(app, target);
    const jobs = jobLines(manifest.jobsFunction?.jobs ?? manifest.jobs ?? [], isOn, Date.now());
    for (const job of jobs) reporter.line(prefix + jobLineText(job));
    const counts = [countText(manifest.functions.length, "function"), countText(manifest.assets.length, "asset")];
    if (jobs.length > 0) counts.push(countText(jobs.length, "job"));
    const milliseconds = Math.round(performance.now() - started);
    reporter.result(`${target}: ${counts.join(", ")} → ${out} in ${milliseconds} ms`, {
      target,
      out,
      functions: manifest.functions,
      assets: manifest.assets.length,
      ...(jobs.length > 0 && { jobs }),
    });
  }
  return 0;
}

/** `1.9 KB`; KB are 1,024 bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
