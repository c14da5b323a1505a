/** Which deployment answers a script's requests; for a while after a switch the previous one may answer as well. */
import type { Clock } from "../clock.ts";
import type { DeploymentRecord } from "./records.ts";
import { deploymentsOf } from "./script-lookup.ts";
import type { CloudflareState } from "./state.ts";
import type { VersionPool } from "./version-pool.ts";

/** The newest deployments of a script. */
interface LiveDeployments {
  readonly current: DeploymentRecord;
  readonly previous?: DeploymentRecord;
  /** Epoch ms until which both may answer. */
  readonly until: number;
}

/** The live deployments of all scripts. */
export interface Traffic {
  /** The deployment for one request; undefined when nothing is deployed. */
  of(script: string): DeploymentRecord | undefined;
  /** To be called after every change of a script's deployments. */
  changed(script: string): void;
}

/** What chooses between two deployments, and which versions it keeps running. */
export interface TrafficOptions {
  readonly state: Pick<CloudflareState, "deployments" | "scripts">;
  readonly clock: Clock;
  readonly pool: Pick<VersionPool, "keep">;
  /** Milliseconds that a switch takes to reach the whole network; called once for each switch. */
  readonly propagation: () => number;
  /** A random number from 0 to 1. */
  readonly random: () => number;
}

export function createTraffic({ state, clock, pool, propagation, random }: TrafficOptions): Traffic {
  const known = new Map<string, LiveDeployments | undefined>();
  const load = (script: string, window: number): LiveDeployments | undefined => {
    const [current, previous] = deploymentsOf(script, state.deployments);
    return current && { current, ...(previous && { previous }), until: current.since + window };
  };
  const live = (script: string): LiveDeployments | undefined => {
    // After a restart every switch is old.
    if (!known.has(script)) known.set(script, load(script, 0));
    return known.get(script);
  };
  return {
    of(script) {
      const { current, previous, until = 0 } = live(script) ?? {};
      return previous && clock.now() < until && random() < 0.5 ? previous : current;
    },
    changed(script) {
      known.set(script, load(script, propagation()));
      const names = state.scripts.ids().flatMap((name) => {
        const { current, previous, until = 0 } = live(name) ?? {};
        const shares = [...(current?.versions ?? []), ...(clock.now() < until ? (previous?.versions ?? []) : [])];
        return shares.map(({ version_id }) => `${name}/${version_id}`);
      });
      pool.keep(new Set(names));
    },
  };
}
