/** How a moved pointer spreads over the nodes that take requests: each sees it at a time of its own, and from then on for good. */
import { randomInt } from "node:crypto";

/** One node: what it answers from until it sees the move, and when (epoch ms) that is. */
export interface NodeView {
  readonly from?: string;
  readonly at: number;
}

const nodeCount = 8;

/** The nodes after a move away from `current`, within `window` milliseconds; what a node has not seen yet it goes on not to see. */
export function spread(views: readonly NodeView[], current: string | undefined, now: number, window: number): readonly NodeView[] {
  if (window === 0) return [];
  return Array.from({ length: nodeCount }, (_, node) => {
    const from = viewOf(views[node], current, now);
    return { ...(from !== undefined && { from }), at: now + randomInt(window + 1) };
  });
}

/** What one node, any of them, answers from now. */
export function seen(views: readonly NodeView[], current: string | undefined, now: number): string | undefined {
  return views.length === 0 ? current : viewOf(views[randomInt(views.length)], current, now);
}

function viewOf(view: NodeView | undefined, current: string | undefined, now: number): string | undefined {
  return view === undefined || now >= view.at ? current : view.from;
}
