/** The route of upload forms on Workers, which a build adds where a function imports `portico/files`. */
import { openFiles } from "./r2.ts";
import { createUploadRoute } from "./upload-route.ts";

/** Receives the forms of `uploadForm`. */
export const uploads = createUploadRoute(openFiles);
