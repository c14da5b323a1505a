/** Finds import cycles: modules that import each other in a circle, so that one runs before its imports have loaded. */

/** The files that a file imports when it loads, by paths relative to the app's root. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** The shortest cycle from a file back to itself, `[a, b, a]`; undefined for a file on no cycle. */
export function findImportCycle(file: string, imports: ImportGraph): readonly string[] | undefined {
  const importers = new Map<string, string>();
  const queue = [file];
  for (const current of queue) {
    for (const next of imports.get(current) ?? []) {
      if (next === file) return [...pathTo(current, file, importers), file];
      if (importers.has(next)) continue;
      importers.set(next, current);
      queue.push(next);
    }
  }
  return undefined;
}

function pathTo(end: string, start: string, importers: ReadonlyMap<string, string>): readonly string[] {
  const path = [end];
  for (let file = end; file !== start; file = importers.get(file)!) path.unshift(importers.get(file)!);
  return path;
}
