/** Bindings that an upload takes over from an earlier version: `inherit` bindings and `keep_bindings` in, whole bindings out. */
import { membersOf } from "./body.ts";
import { bindingName } from "./binding-kinds.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import type { Binding, VersionRecord } from "./records.ts";

/** Undefined when there is nothing to inherit; with `strict` that is refused (10057), as `?bindings_inherit=strict` asks. */
export function inheritedBinding(value: unknown, latest: VersionRecord | undefined, strict: boolean, edge: Edge): Binding | undefined {
  const members = membersOf(value, "binding");
  const name = bindingName(members);
  members.requiredText("type");
  const from = members.text("old_name") ?? name;
  const wanted = members.text("version_id") ?? "latest";
  members.end();
  const version = wanted === "latest" || !latest ? latest : edge.state.versions.get(`${latest.script}/${wanted}`);
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

/** The earlier version's bindings of the types in `keep` whose names the upload does not use itself. */
export function keptBindings(keep: readonly string[], own: readonly Binding[], latest: VersionRecord | undefined): readonly Binding[] {
  const names = new Set(own.map(({ name }) => name));
  return (latest?.bindings ?? []).filter(({ type, name }) => keep.includes(type) && !names.has(name));
}
