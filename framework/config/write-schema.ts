/** Writes hosting.schema.json from the one description: `npx node framework/config/write-schema.ts`. */
import { writeFileSync } from "node:fs";
import { hosting } from "./hosting.ts";
import { toSchemaFile } from "./json-schema.ts";

writeFileSync(new URL("hosting.schema.json", import.meta.url), `${JSON.stringify(toSchemaFile(hosting), null, 2)}\n`);
