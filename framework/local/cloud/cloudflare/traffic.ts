/** Which deployment answers: a script in, its live one out, and for a while after a switch the one before it. */
import type { Edge } from "./edge.ts";
import { deploymentsOf } from "./find.ts";
import type { DeploymentRecord } from "./records.ts";

/** A script's deployments, as its requests see them. */
interface Live {
  readonly current: DeploymentRecord;
  readonly previous?: DeploymentRecord;
  /** Epoch ms until which both may answer. */
  readonly until: number;
}

/** Held with the edge. */
export interface Traffic {
  /** The deployment for one request; undefined when nothing is deployed. */
  of(script: string): DeploymentRecord | undefined;
  /** To be called after every change of a script's deployments. */
  changed(script: string): void;
}

/** @param propagation milliseconds that a switch takes until the whole network follows, asked once for each */
export function createTraffic(edge: Pick<Edge, "state" | "clock" | "pool">, propagation: () => number, random: () => number): Traffic {
  const known = new Map<string, Live | undefined>();
  const read = (script: string, window: number): Live | undefined => {
    const [current, previous] = deploymentsOf({ name: script }, edge as Edge);
    return current && { current, ...(previous && { previous }), until: current.since + window };
  };
  const live = (script: string): Live | undefined => {
    // After a restart every switch is old.
    if (!known.has(script)) known.set(script, read(script, 0));
    return known.get(script);
  };
  return {
    of(script) {
      const { current, previous, until = 0 } = live(script) ?? {};
      return previous && edge.clock.now() < until && random() < 0.5 ? previous : current;
    },
    changed(script) {
      known.set(script, read(script, propagation()));
      const names = edge.state.scripts.ids().flatMap((name) => {
        const { current, previous, until = 0 } = live(name) ?? {};
        const shares = [...(current?.versions ?? []), ...(edge.clock.now() < until ? (previous?.versions ?? []) : [])];
        return shares.map(({ version_id }) => `${name}/${version_id}`);
      });
      edge.pool.keep(new Set(names));
    },
  };
}
