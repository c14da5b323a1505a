/** `portico/files` on Workers: one R2 bucket per app and stage, which a release makes and binds. */
import { createFiles } from "./files.ts";
import { openFiles } from "./r2.ts";

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

/** Opens a namespace of the app's files. @param context the handler's */
export const files = /* @__PURE__ */ createFiles(openFiles);
