/** What a role's inline policies allow: a role, an action and a resource's ARN in, yes or no out. */
import type { RoleRecord } from "../records.ts";
import { listOf, statementsOf } from "./trust.ts";

/** Deny beats Allow. What an Allow makes depend on a condition is not allowed, since conditions are not read. */
export function mayRole({ policies }: RoleRecord, action: string, resource: string): boolean {
  const statements = Object.values(policies)
    .flatMap(statementsOf)
    .filter((statement) => covers(statement, action, resource));
  const allows = statements.some(({ Effect, Condition }) => Effect === "Allow" && Condition === undefined);
  return allows && !statements.some(({ Effect }) => Effect === "Deny");
}

function covers({ Action, NotAction, Resource, NotResource }: Record<string, unknown>, action: string, resource: string): boolean {
  const isAction = NotAction === undefined ? isAny(Action, action, "i") : !isAny(NotAction, action, "i");
  const isResource = NotResource === undefined ? isAny(Resource, resource, "") : !isAny(NotResource, resource, "");
  return isAction && isResource;
}

/** `*` is any run of characters and `?` any one; actions are one in any case. */
function isAny(patterns: unknown, text: string, flags: "i" | ""): boolean {
  return listOf(patterns).some((pattern) => {
    const source = String(pattern)
      .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
      .replaceAll("*", "[^]*")
      .replaceAll("?", "[^]");
    return new RegExp(`^${source}$`, flags).test(text);
  });
}
