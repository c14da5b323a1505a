/** Bindings that an upload takes over from an earlier version, by `inherit` bindings or `keep_bindings`. */
import type { Collection } from "../collection.ts";
import { readBindingName } from "./bindings.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { membersOf } from "./json-body.ts";
import type { Binding, VersionRecord } from "./records.ts";

/** Undefined when there is nothing to inherit; with `strict` (`?bindings_inherit=strict`) that throws 10057. */
export function inheritedBinding(
  value: unknown,
  latest: VersionRecord | undefined,
  strict: boolean,
  versions: Collection<VersionRecord>,
): Binding | undefined {
  const members = membersOf(value, "binding");
  const name = readBindingName(members);
  members.requiredText("type");
  const from = members.text("old_name") ?? name;
  const wanted = members.text("version_id") ?? "latest";
  members.end();
  const version = wanted === "latest" || !latest ? latest : versions.get(`${latest.script}/${wanted}`);
  const found = version?.bindings.find((binding) => binding.name === from);
  if (found) return { ...found, name };
  if (strict)
    throw new CloudflareError(
      10057,
      400,
      `Binding '${name}' is to be inherited from '${from}', and the version ${wanted} has no such binding.`,
    );
  return undefined;
}

/** The earlier version's bindings of these types whose names the upload does not use itself. */
export function bindingsOfTypes(
  types: readonly string[],
  own: readonly Binding[],
  latest: VersionRecord | undefined,
): readonly Binding[] {
  const names = new Set(own.map(({ name }) => name));
  return (latest?.bindings ?? []).filter(({ type, name }) => types.includes(type) && !names.has(name));
}
