/** The store of a stage's secrets on its cloud: SSM on AWS, the newest version of the Worker on Cloudflare. */
import * as ssm from "../../deploy/lambda/secrets.ts";
import { configuredDatabases } from "../../deploy/workers/hyperdrive-configs.ts";
import * as versions from "../../deploy/workers/secrets.ts";
import type { StageCloud, TargetCloud } from "./stage-cloud.ts";

/** A secret without its value. */
export interface StoredSecret {
  readonly name: string;
  readonly version: number;
  readonly changed?: Date;
}

/** A store of secrets that never gives a value back. */
export interface SecretStore {
  list(): Promise<readonly StoredSecret[]>;
  /** Gives the new version numbers. */
  set(values: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, number>>;
  /** Gives the removed names. */
  remove(names: readonly string[]): Promise<readonly string[]>;
}

/** Opens the store of one cloud of a stage. */
export function secretStore(cloud: TargetCloud, { owner, app }: Pick<StageCloud, "owner" | "app">): SecretStore {
  if (cloud.target === "workers") {
    const { client } = cloud.cloudflare;
    return {
      list: () => versions.listSecrets(client, owner),
      set: (values) =>
        versions.setSecrets(client, owner, values, {
          compatibilityDate: app.workers.compatibilityDate,
          databases: configuredDatabases(app),
        }),
      remove: (names) => versions.removeSecrets(client, owner, names),
    };
  }
  const { clients } = cloud.aws;
  return {
    list: () => ssm.listSecrets(clients, owner),
    async set(values) {
      const numbers = new Map<string, number>();
      for (const [name, value] of values) numbers.set(name, await ssm.setSecret(clients, owner, name, value));
      return numbers;
    },
    remove: (names) => ssm.removeSecrets(clients, owner, names),
  };
}
