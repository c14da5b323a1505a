/** `portico env`: a stage in, the names that its functions get as context.env and where each value comes from out; no secret's value. */
import type { CommandInput } from "../command.ts";
import { secretStore } from "../secret-store.ts";
import { explaining, headingOf, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";

/** A name, and what is known of it. */
interface EnvRow {
  readonly name: string;
  readonly kind: "env" | "secret";
  /** Of env only. */
  readonly value?: string;
  /** Of the live release: the secret's version that it carries. */
  readonly live?: number;
  /** Of secrets: the version that the next deploy takes; missing when there is none. */
  readonly next?: number;
}

/** The command. */
export async function env(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const stage = await openStageCloud(input);
  try {
    for (const cloud of stage.clouds) {
      const rows = await explaining([cloud], () => readRows(cloud, stage));
      const text = rows.map((row) => `${row.name.padEnd(24)}  ${describe(row, stage.isLocal)}`).join("\n");
      const heading = stage.clouds.length > 1 ? `${reporter.paint("bold", headingOf(cloud))}\n` : "";
      reporter.result(heading + (text || "the app declares no env and no secrets"), { type: "env", target: cloud.target, env: rows });
    }
    return 0;
  } finally {
    await stage.close();
  }
}

async function readRows(cloud: TargetCloud, stage: StageCloud): Promise<readonly EnvRow[]> {
  const { app, isLocal } = stage;
  const [deployed, stored] = await Promise.all([cloud.platform().observe(), isLocal ? [] : secretStore(cloud, stage).list()]);
  const live = deployed.live?.record?.secrets ?? {};
  const next = new Map(stored.map(({ name, version }) => [name, version]));
  const plain = Object.entries(app.env).map(([name, value]): EnvRow => ({ name, kind: "env", value }));
  const secret = app.secrets.map((name): EnvRow => {
    const [before, after] = [live[name], next.get(name)];
    return { name, kind: "secret", ...(before !== undefined && { live: before }), ...(after !== undefined && { next: after }) };
  });
  return [...plain, ...secret];
}

function describe({ kind, value, live, next }: EnvRow, isLocal: boolean): string {
  if (kind === "env") return `hosting.json  ${value}`;
  const carried = live === undefined ? "not in the live release" : `version ${live} is live`;
  if (isLocal) return `secret        from .env files or made for this machine; ${carried}`;
  return `secret        ${next === undefined ? "MISSING: portico secret set" : `version ${next} comes with the next deploy`}; ${carried}`;
}
