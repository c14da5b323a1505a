/**
 * `npm run bench [-- name]`: runs the benches, and prints one JSON line per measurement with its ratio to the limit.
 */
import { adapter } from "./adapter.ts";
import { build } from "./build.ts";
import { coldStart } from "./cold-start.ts";
import { deploy } from "./deploy.ts";
import { dev } from "./dev.ts";
import { featureBytes } from "./feature-bytes.ts";
import { jobs } from "./jobs.ts";
import type { Measured } from "./measurement.ts";
import { packages } from "./packages.ts";
import { postgres } from "./postgres.ts";
import { routeTypes } from "./route-types.ts";
import { production } from "./start.ts";
import { store } from "./store.ts";
import { workers } from "./workers.ts";

const benches: Readonly<Record<string, () => Promise<readonly Measured[]>>> = {
  adapter,
  build,
  "cold-start": coldStart,
  deploy,
  dev,
  "feature-bytes": featureBytes,
  jobs,
  packages,
  postgres,
  "route-types": routeTypes,
  start: production,
  store,
  workers,
};

const only = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches)) {
  if (only.length > 0 && !only.includes(name)) continue;
  for (const measured of await bench()) process.stdout.write(`${JSON.stringify(measured)}\n`);
}
