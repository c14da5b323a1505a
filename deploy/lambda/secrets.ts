/** Reads, sets and removes a stage's secrets, which are SecureStrings in SSM. */
import {
  AddTagsToResourceCommand,
  DeleteParametersCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import type { App } from "../../framework/model/app.ts";
import { missingSecrets } from "../missing-secrets.ts";
import type { Owner } from "../parts.ts";
import type { Clients } from "./clients.ts";
import { ownerTags, secretPrefix } from "./names.ts";

/** Values for functions, and version numbers for plans and records. */
export interface SecretValues {
  readonly values: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, number>>;
}

/** SSM's limit for one call. */
const pageSize = 10;

/** The values of an app's secrets. Throws UserError SECRET_MISSING, which names all that have no value. */
export async function readSecrets(
  { ssm }: Clients,
  owner: Owner,
  app: Pick<App, "stage" | "secrets" | "extensions">,
): Promise<SecretValues> {
  const names = app.secrets;
  const paths = names.map((name) => secretPrefix(owner) + name);
  const pages = Array.from({ length: Math.ceil(paths.length / pageSize) }, (_, at) =>
    paths.slice(at * pageSize, (at + 1) * pageSize),
  );
  const read = await Promise.all(
    pages.map((Names) => ssm.send(new GetParametersCommand({ Names, WithDecryption: true }))),
  );
  const found = read.flatMap(({ Parameters = [] }) => Parameters);
  const named = found.map(({ Name = "", Value = "", Version = 0 }) => ({
    name: nameOf(owner, Name),
    value: Value,
    version: Version,
  }));
  const missing = names.filter((name) => !named.some((one) => one.name === name));
  if (missing.length) throw missingSecrets(app, missing);
  return {
    values: Object.fromEntries(named.map(({ name, value }) => [name, value])),
    versions: Object.fromEntries(named.map(({ name, version }) => [name, version])),
  };
}

const nameOf = (owner: Owner, path: string): string => path.slice(secretPrefix(owner).length);

/** A secret without its value. */
export interface StoredSecret {
  readonly name: string;
  readonly version: number;
  readonly changed?: Date;
}

/** All secrets of the stage, declared or not, without values. */
export async function listSecrets({ ssm }: Clients, owner: Owner): Promise<readonly StoredSecret[]> {
  const all: StoredSecret[] = [];
  let NextToken: string | undefined;
  do {
    const read = await ssm.send(
      new GetParametersByPathCommand({
        Path: secretPrefix(owner).slice(0, -1),
        WithDecryption: false,
        ...(NextToken && { NextToken }),
      }),
    );
    for (const { Name = "", Version = 0, LastModifiedDate } of read.Parameters ?? []) {
      all.push({ name: nameOf(owner, Name), version: Version, ...(LastModifiedDate && { changed: LastModifiedDate }) });
    }
    NextToken = read.NextToken;
  } while (NextToken);
  return all.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * Gives the new version. SSM takes tags only for a parameter that is new, so an overwritten one is tagged by a call of
 * its own.
 */
export async function setSecret({ ssm }: Clients, owner: Owner, name: string, value: string): Promise<number> {
  const Name = secretPrefix(owner) + name;
  const { Version = 0 } = await ssm.send(
    new PutParameterCommand({ Name, Value: value, Type: "SecureString", Overwrite: true }),
  );
  const Tags = Object.entries(ownerTags(owner)).map(([Key, Value]) => ({ Key, Value }));
  await ssm.send(new AddTagsToResourceCommand({ ResourceType: "Parameter", ResourceId: Name, Tags }));
  return Version;
}

/** Gives the names that were there. */
export async function removeSecrets(
  { ssm }: Clients,
  owner: Owner,
  names: readonly string[],
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (let at = 0; at < names.length; at += pageSize) {
    const Names = names.slice(at, at + pageSize).map((name) => secretPrefix(owner) + name);
    const { DeletedParameters = [] } = await ssm.send(new DeleteParametersCommand({ Names }));
    removed.push(...DeletedParameters.map((path) => nameOf(owner, path)));
  }
  return removed;
}
