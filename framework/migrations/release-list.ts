/** What a release lists: the contract files that it survives, and the extensions that read the database by it. */
import type { BuiltMigration } from "../model/migration.ts";
import { ownerOf } from "./migration-owner.ts";

/** Hashes of contract files by name. An extension of the release is there by its name and a slash, without a hash. */
export type ReleaseList = Readonly<Record<string, string>>;

/** @param files of the release's tree */
export const listOfTree = (files: readonly Pick<BuiltMigration, "name" | "kind" | "sha256">[]): ReleaseList =>
  Object.fromEntries([
    ...files.map(({ name }) => [ownerOf(name), ""] as const).filter(([owner]) => owner !== ""),
    ...files.filter(({ kind }) => kind === "contract").map(({ name, sha256 }) => [name, sha256] as const),
  ]);

/** Of two releases that share the traffic: what both survive, and the extensions that either has. */
export const listedByBoth = (one: ReleaseList, other: ReleaseList): ReleaseList =>
  Object.fromEntries([
    ...[...Object.entries(one), ...Object.entries(other)].filter(([name]) => isExtension(name)),
    ...Object.entries(one).filter(([name, hash]) => other[name] === hash),
  ]);

const isExtension = (name: string): boolean => name.endsWith("/");

/** False for the file of an extension that the release does not have: its code knows nothing of those tables. */
export const isReadBy = (list: ReleaseList, file: string): boolean =>
  ownerOf(file) === "" || Object.keys(list).some((name) => ownerOf(name) === ownerOf(file));
