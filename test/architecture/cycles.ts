/** Finds import cycles: sources in, every cycle as its files in order out. */
import type { Source } from "./sources.ts";

/** One cycle for each way back that a depth-first walk meets; only imports that run at load time count. */
export function importCycles(sources: readonly Source[]): string[][] {
  const edges = new Map(sources.map(({ file, imports }) => [file, imports.filter(({ typeOnly, dynamic }) => !typeOnly && !dynamic)]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    for (const { to } of edges.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const { file } of sources) walk(file, []);
  return cycles;
}
