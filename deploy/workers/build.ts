/** Reads a build folder for Workers: manifest, modules and static files. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isImmutableAsset } from "../../framework/model/immutable-asset.ts";
import type { AssetServer, BuiltAsset, Manifest, WorkerModule } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { readBuiltManifest } from "../built-manifest.ts";
import type { RecordedAsset } from "../record.ts";
import type { ModulePart } from "./placeholder.ts";

/** A static file as an upload session names it. */
export interface AssetFile {
  /** Canonical URL path, and the same in the one spelling that Cloudflare serves. */
  readonly path: string;
  readonly encodedPath: string;
  /** 32 hex digits. */
  readonly hash: string;
  /** Hex SHA-256 of the bytes. */
  readonly sha256: string;
  readonly bytes: number;
  /** Content-Type. */
  readonly type: string;
  /** Absolute. */
  readonly file: string;
}

/** A build, read. */
export interface WorkersBuild {
  readonly manifest: Manifest;
  readonly assetServer: AssetServer;
  /** In upload order; the first is the main module. */
  readonly modules: readonly WorkerModule[];
  /** Hex SHA-256 of the main module, which is the router. */
  readonly router: string;
  /** The modules' bytes, read when they are uploaded. Throws UserError BUILD_CHANGED. */
  readonly parts: () => Promise<readonly ModulePart[]>;
  readonly files: readonly AssetFile[];
  /** Files with a content hash in their names; their release number is still 0. */
  readonly immutableAssets: readonly RecordedAsset[];
}

/**
 * No network. Throws UserError BUILD_MISSING, BUILD_TARGET, or those of `readManifest`. @param root the app's, where
 * its static files are
 */
export async function readBuild(folder: string, root: string): Promise<WorkersBuild> {
  const manifest = await readBuiltManifest(folder, "workers");
  const { modules = [], assetServer, assets } = manifest;
  const [main] = modules;
  if (!main || !assetServer) throw new Error("the manifest of the build names no main module or no asset server");
  const files = assets.map((asset) => toFile(asset, root));
  return {
    manifest,
    assetServer,
    modules,
    files,
    router: main.hash,
    parts: () => Promise.all(modules.map((module) => readPart(folder, module))),
    immutableAssets: files.filter(({ path }) => isImmutableAsset(path)).map(toRecorded),
  };
}

/** Another build in the same folder would otherwise go live under this one's record. */
async function readPart(folder: string, { name, type, hash }: WorkerModule): Promise<ModulePart> {
  const bytes = await readFile(join(folder, name));
  if (sha256(bytes) === hash) return { name, type: contentTypes[type], bytes };
  throw new UserError(
    "BUILD_CHANGED",
    `${name} in ${folder} differs from its manifest: another build ran there meanwhile, or somebody changed it`,
    "Run the deploy again.",
  );
}

/** API docs, "Multipart upload metadata". */
const contentTypes: Readonly<Record<WorkerModule["type"], string>> = {
  esm: "application/javascript+module",
  text: "text/plain",
  wasm: "application/wasm",
  "source-map": "application/source-map",
};

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/**
 * Two files of equal bytes and different types must not share a hash, since the type is kept with it: so the extension
 * goes in too. To Cloudflare the hash is opaque; made of the content's own, no file is read to
 * plan.
 */
function toFile({ path, file, hash, bytes, type }: BuiltAsset, root: string): AssetFile {
  const [extension = ""] = /\.[^./]+$/.exec(path) ?? [];
  return {
    path,
    encodedPath: encodePath(path),
    hash: sha256(`${hash}\n${extension}`).slice(0, 32),
    sha256: hash,
    bytes,
    type,
    file: join(root, file),
  };
}

/** Cloudflare serves a file at the path that encodeURIComponent writes. */
export const encodePath = (path: string): string =>
  path
    .split("/")
    .map((name) => encodeURIComponent(decodeURIComponent(name)))
    .join("/");

const toRecorded = ({ path, hash, sha256: own, bytes, type }: AssetFile): RecordedAsset => ({
  path,
  hash: own,
  bytes,
  release: 0,
  entry: { hash, type },
});
