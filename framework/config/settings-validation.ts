/** Validation of hosting.json's settings after a stage's overrides are merged: conflicts between keys, schedules. */
import { type At, UserError } from "../model/user-error.ts";
import { type Document, type Node, nodeAt, placeOf } from "./document.ts";
import { databaseMistake } from "./database-rules.ts";
import { checkSchedule } from "./job-rules.ts";
import type { Settings } from "./stage-settings.ts";

/**
 * Throws UserError CONFIG_VALUE for a name that is declared twice, a VPC with only one of its two lists, settings that
 * Lambda's front does not support, a clock of a target that the app does not have, and databases without a secret or
 * migrations of their own; CRON and ZONE for schedules of
 * jobs.
 */
export function validateSettings(document: Document, settings: Settings, stage: string): void {
  const { env = {}, secrets = [], workers, lambda } = settings;
  checkFront(document, settings, stage);
  checkClock(document, settings, stage);
  checkDatabases(document, settings, stage);
  for (const [name, job] of Object.entries(settings.jobs ?? {}))
    checkSchedule(name, job, (key) => settingPlace(document, stage, ["jobs", name, key]));
  const bindings = Object.keys(workers?.bindings ?? {});
  for (const [index, name] of secrets.entries()) {
    if (Object.hasOwn(env, name)) throw duplicateName(document, stage, name, ["secrets", index], '"env" and "secrets"');
    if (bindings.includes(name))
      throw duplicateName(document, stage, name, ["secrets", index], '"secrets" and "bindings"');
  }
  for (const name of bindings)
    if (Object.hasOwn(env, name)) throw duplicateName(document, stage, name, ["env", name], '"env" and "bindings"');
  const { subnets, securityGroups } = lambda?.vpc ?? {};
  if (Boolean(subnets) === Boolean(securityGroups)) return;
  const missing = subnets ? "securityGroups" : "subnets";
  throw settingError(
    document,
    stage,
    ["lambda", "vpc"],
    `"vpc" lacks "${missing}"`,
    `Add "${missing}", or leave "vpc" empty.`,
  );
}

/** Seconds of an HTTP API's integration timeout (API Gateway developer guide, "Quotas for HTTP APIs"). */
const httpApiTimeout = 30;

/** A function URL belongs to one function; an HTTP API waits at most 30 s. */
function checkFront(
  document: Document,
  { group = "route", routes = {}, lambda: { front } = {} }: Settings,
  stage: string,
): void {
  if (front === "function-url") {
    if (group === "app") return;
    const message = `"front" cannot be "function-url" with "group": "${group}": a function URL leads to one function`;
    throw settingError(document, stage, ["lambda", "front"], message, 'Add "group": "app", or leave "front" out.');
  }
  for (const [pattern, { timeout = 0 }] of Object.entries(routes)) {
    if (timeout <= httpApiTimeout) continue;
    const message = `"timeout" cannot be ${timeout} behind an HTTP API, which waits ${httpApiTimeout} s at most`;
    const fix =
      `Write a whole number from 1 to ${httpApiTimeout}, ` +
      'or choose "lambda": { "front": "function-url" } with "group": "app".';
    throw settingError(document, stage, ["routes", pattern, "timeout"], message, fix);
  }
}

/** A clock of one target is for an app with this target. */
function checkClock(document: Document, { clock, target = "lambda" }: Settings, stage: string): void {
  const targets = [target].flat();
  if (typeof clock !== "string" || targets.includes(clock)) return;
  const message = `"clock" cannot be "${clock}" where the target is ${targets.join(" and ")}: no schedule would run`;
  throw settingError(document, stage, ["clock"], message, `Write true or false, or add "${clock}" to "target".`);
}

/** Databases have names that nothing else in context.env has. */
function checkDatabases(document: Document, settings: Settings, stage: string): void {
  const { databases = {}, env = {}, secrets = [], workers } = settings;
  const others = {
    env,
    secrets: Object.fromEntries(secrets.map((name) => [name, ""])),
    bindings: workers?.bindings ?? {},
  };
  for (const name of Object.keys(databases))
    for (const [key, values] of Object.entries(others))
      if (Object.hasOwn(values, name))
        throw duplicateName(document, stage, name, ["databases", name], `"databases" and "${key}"`);
  const mistake = databaseMistake(databases, secrets, workers?.hyperdrive ?? {});
  if (mistake) throw settingError(document, stage, mistake.path, mistake.message, mistake.fix);
}

type Path = readonly [string, ...(string | number)[]];

const duplicateName = (document: Document, stage: string, name: string, path: Path, where: string): UserError =>
  settingError(
    document,
    stage,
    path,
    `"${name}" is in both ${where}`,
    "Remove it from one of them: each name in context.env has one meaning.",
  );

const settingError = (document: Document, stage: string, path: Path, message: string, fix: string): UserError =>
  new UserError("CONFIG_VALUE", message, fix, { at: settingPlace(document, stage, path) });

const settingPlace = (document: Document, stage: string, path: Path): At =>
  placeOf(document, settingNode(document.tree, stage, path));

/** The node of a setting: the stage's own, else the general one, else that of the nearest setting around it. */
export function settingNode(tree: Node, stage: string, path: readonly (string | number)[]): Node {
  if (path.length === 0) return tree;
  const found = exactNode(tree, ["stages", stage, ...path]) ?? exactNode(tree, path);
  return found ?? settingNode(tree, stage, path.slice(0, -1));
}

function exactNode(tree: Node, path: readonly (string | number)[]): Node | undefined {
  const node = nodeAt(tree, path);
  return node === nodeAt(tree, path.slice(0, -1)) ? undefined : node;
}
