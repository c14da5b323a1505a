/** `portico/files` on Lambda: one S3 bucket per app and stage, which a release makes and names. */
import type { OpenEngine } from "./engine.ts";
import { FileError } from "./file-error.ts";
import { createFiles } from "./files.ts";
import { createS3Engine } from "./s3.ts";
import { type Bucket, openBucket } from "./s3-call.ts";

export type { FileBody } from "./content.ts";
export type { ListedFile, StoredFile } from "./engine.ts";
export type {
  FileContent,
  Files,
  FilesContext,
  FormOptions,
  GetOptions,
  ListOptions,
  PutOptions,
  UploadForm,
} from "./files.ts";
export { FileError, type FileErrorCode } from "./file-error.ts";

let bucket: Bucket | undefined;

const openEngine: OpenEngine = (_, namespace) => {
  const { PORTICO_FILES: name, AWS_REGION: region, AWS_ENDPOINT_URL_S3: endpoint } = process.env;
  if (!name) throw new FileError("FILE_MISSING", "the function has no bucket: release it with portico deploy");
  bucket ??= openBucket(
    new URL(endpoint ? `${endpoint}/${name}/` : `https://${name}.s3.${region}.amazonaws.com/`),
    name,
  );
  return createS3Engine(bucket, namespace);
};

/** Opens a namespace of the app's files. @param context the handler's */
export const files = /* @__PURE__ */ createFiles(openEngine);
