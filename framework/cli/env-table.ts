/** A table of the env and secrets that a stage's functions get as context.env, without the values of secrets. */
import { secretStore } from "./secret-store.ts";
import type { StageCloud, TargetCloud } from "./stage-cloud.ts";

/** A variable or secret. */
export interface EnvRow {
  readonly name: string;
  readonly kind: "env" | "secret";
  /** Of env only. */
  readonly value?: string;
  /** The secret's version in the live release. */
  readonly live?: number;
  /** The secret's version in the next deploy; undefined for a secret without a value. */
  readonly next?: number;
}

/** Env, then secrets, in the order of hosting.json. At stage `local` a secret's next version is not known. */
export async function readEnvTable(
  cloud: TargetCloud,
  stage: Pick<StageCloud, "app" | "owner" | "isLocal">,
): Promise<readonly EnvRow[]> {
  const { app, isLocal } = stage;
  const [deployed, stored] = await Promise.all([
    cloud.platform().observe(),
    isLocal ? [] : secretStore(cloud, stage).list(),
  ]);
  const live = deployed.live?.record?.secrets ?? {};
  const next = new Map(stored.map(({ name, version }) => [name, version]));
  const plain = Object.entries(app.env).map(([name, value]): EnvRow => ({ name, kind: "env", value }));
  const secret = app.secrets.map((name): EnvRow => {
    const [before, after] = [live[name], next.get(name)];
    return {
      name,
      kind: "secret",
      ...(before !== undefined && { live: before }),
      ...(after !== undefined && { next: after }),
    };
  });
  return [...plain, ...secret];
}

/** The source of a row's value, and its version in the live release, as text. */
export function describeEnvRow(
  { name, kind, value, live, next }: EnvRow,
  { app, isLocal }: Pick<StageCloud, "app" | "isLocal">,
): string {
  if (kind === "env") return `hosting.json  ${value}`;
  const carried = live === undefined ? "not in the live release" : `version ${live} is live`;
  if (isLocal) return `secret        from .env files or made for this machine; ${carried}`;
  const coming =
    next === undefined
      ? `MISSING: portico secret set ${name} --stage ${app.stage}`
      : `version ${next} comes with the next deploy`;
  return `secret        ${coming}; ${carried}`;
}
