/** The light classes with all that they can do; to import it is to have it. */
import { lightFetch } from "./fetch.ts";
import { handOver } from "./hand-over.ts";
import { toMultipart } from "./multipart.ts";
import { putIn } from "./parts.ts";
import { readInit } from "./request-init.ts";

putIn({ fetch: lightFetch, Request: readInit, FormData: toMultipart, formData: handOver });

export { LightHeaders } from "./headers.ts";
export { LightRequest } from "./request.ts";
export { LightResponse } from "./response.ts";
export { lightFetch };
