/** Finds groups of source files that import each other in a circle, type imports counted. */
import type { Source } from "./sources.ts";

/**
 * The strongly connected components of more than one file, after Tarjan; each is sorted. A dynamic import is left out,
 * since it loads nothing before it is reached.
 */
export function importCycles(sources: readonly Source[]): string[][] {
  const edges = new Map(sources.map(({ file, imports }) => [file, imports.filter(({ dynamic }) => !dynamic)]));
  const order = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const known = order.get(file);
    if (known !== undefined) return stack.includes(file) ? known : Infinity;
    const index = order.size;
    order.set(file, index);
    stack.push(file);
    const reached = (edges.get(file) ?? []).filter(({ to }) => edges.has(to)).map(({ to }) => visit(to));
    const low = Math.min(index, ...reached);
    if (low < index) return low;
    const members = stack.splice(stack.indexOf(file));
    if (members.length > 1) cycles.push(members.toSorted());
    return Infinity;
  };
  for (const { file } of sources) visit(file);
  return cycles;
}
