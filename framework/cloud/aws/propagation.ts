/**
 * Propagation of a moved reference (a stage's deployment, an alias's version) to the nodes that serve requests: each
 * node sees the move at its own time and keeps seeing it.
 */
import { randomInt } from "node:crypto";

/** One node: the target that it serves before it sees the move, and the time (epoch ms) when it does. */
export interface NodeView {
  readonly from?: string;
  readonly at: number;
}

const nodeCount = 8;

/**
 * The views of the nodes after a move away from `current`, each within `window` milliseconds. A node that has not seen
 * an earlier move continues with its older target.
 */
export function propagate(
  views: readonly NodeView[],
  current: string | undefined,
  now: number,
  window: number,
): readonly NodeView[] {
  if (window === 0) return [];
  return Array.from({ length: nodeCount }, (_, node) => {
    const from = targetOf(views[node], current, now);
    return { ...(from !== undefined && { from }), at: now + randomInt(window + 1) };
  });
}

/** The target that a random node serves now. */
export function visibleTarget(
  views: readonly NodeView[],
  current: string | undefined,
  now: number,
): string | undefined {
  return views.length === 0 ? current : targetOf(views[randomInt(views.length)], current, now);
}

function targetOf(view: NodeView | undefined, current: string | undefined, now: number): string | undefined {
  return view === undefined || now >= view.at ? current : view.from;
}
