/** Checks what only shows once a stage's settings are merged in: the document and the settings in, the first problem as a UserError out. */
import { UserError } from "../model/user-error.ts";
import { type Document, nodeAt, placeOf } from "./document.ts";
import type { Settings } from "./to-app.ts";

/** Throws UserError CONFIG_VALUE for a name that is declared twice, for half a VPC, and for what the front of Lambda cannot do. */
export function checkMerged(document: Document, settings: Settings, stage: string): void {
  const { env = {}, secrets = [], workers, lambda } = settings;
  checkFront(document, settings, stage);
  const bindings = Object.keys(workers?.bindings ?? {});
  for (const [index, name] of secrets.entries()) {
    if (Object.hasOwn(env, name)) throw twice(document, stage, name, ["secrets", index], '"env" and "secrets"');
    if (bindings.includes(name)) throw twice(document, stage, name, ["secrets", index], '"secrets" and "bindings"');
  }
  for (const name of bindings) if (Object.hasOwn(env, name)) throw twice(document, stage, name, ["env", name], '"env" and "bindings"');
  const { subnets, securityGroups } = lambda?.vpc ?? {};
  if (Boolean(subnets) === Boolean(securityGroups)) return;
  const missing = subnets ? "securityGroups" : "subnets";
  throw problem(document, stage, ["lambda", "vpc"], `"vpc" lacks "${missing}"`, `Add "${missing}", or leave "vpc" empty.`);
}

/** Seconds that an HTTP API waits for a function at most (quotas page of API Gateway). */
const longestWait = 30;

/** A function URL is one function's; an HTTP API waits for none longer than 30 s. */
function checkFront(document: Document, { group = "route", routes = {}, lambda: { front } = {} }: Settings, stage: string): void {
  if (front === "function-url") {
    if (group === "app") return;
    const message = `"front" cannot be "function-url" with "group": "${group}": a function URL leads to one function`;
    throw problem(document, stage, ["lambda", "front"], message, 'Add "group": "app", or leave "front" out.');
  }
  for (const [pattern, { timeout = 0 }] of Object.entries(routes)) {
    if (timeout <= longestWait) continue;
    const message = `"timeout" cannot be ${timeout} behind an HTTP API, which waits ${longestWait} s at most`;
    const fix = `Write a whole number from 1 to ${longestWait}, or choose "lambda": { "front": "function-url" } with "group": "app".`;
    throw problem(document, stage, ["routes", pattern, "timeout"], message, fix);
  }
}

type Path = readonly [string, ...(string | number)[]];

const twice = (document: Document, stage: string, name: string, path: Path, where: string): UserError =>
  problem(document, stage, path, `"${name}" is in both ${where}`, "Remove it from one of them: each name in context.env has one meaning.");

/** Places the problem in the stage where the stage says something there, else in the part for all. */
function problem({ tree, ...document }: Document, stage: string, path: Path, message: string, fix: string): UserError {
  const own = nodeAt(tree, ["stages", stage, ...path]);
  const general = nodeAt(tree, path);
  const outer = nodeAt(tree, ["stages", stage]);
  const inStage = outer !== nodeAt(tree, ["stages"]) && own !== outer;
  return new UserError("CONFIG_VALUE", message, fix, { at: placeOf({ tree, ...document }, inStage ? own : general) });
}
