/** The functions of a release that were never asked anything: what is live and what is to be in, those that could fail to start out. Pure. */
import type { Part } from "../platform.ts";
import { digest } from "./draft.ts";

/** Those that are not live like this; all of them where what they find as they start is other than it is live: date, env, secrets, bindings. */
export function untried(live: readonly Part[], draft: readonly Part[]): readonly string[] {
  const keys = new Map(functionsOf(live).map(({ name, key }) => [name, key]));
  const isSame = settingsOf(live) === settingsOf(draft);
  return functionsOf(draft).flatMap(({ name, key }) => (isSame && keys.get(name) === key ? [] : [name]));
}

const functionsOf = (parts: readonly Part[]): readonly Part[] => parts.filter(({ kind }) => kind === "function");

/** A Worker's key hangs on its router too, which says nothing about a function. */
function settingsOf(parts: readonly Part[]): string {
  const settings = parts.flatMap(({ kind, name, key, facts = [] }): readonly unknown[] => {
    if (kind === "worker") return [facts.filter(({ label }) => label !== "router").map(({ label, value }) => [label, value])];
    return kind === "binding" || kind === "secret" ? [[kind, name, key]] : [];
  });
  return digest(settings);
}
