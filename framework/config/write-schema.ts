/** Script that writes hosting.schema.json from the rules: `npx node framework/config/write-schema.ts`. */
import { writeFileSync } from "node:fs";
import { hosting } from "./hosting-rules.ts";
import { toSchemaFile } from "./json-schema.ts";

writeFileSync(new URL("hosting.schema.json", import.meta.url), `${JSON.stringify(toSchemaFile(hosting), null, 2)}\n`);
