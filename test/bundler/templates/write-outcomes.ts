/** Script that records what Jinja2 makes of the cases: `node test/bundler/templates/write-outcomes.ts`. */
import { writeFileSync } from "node:fs";
import { cases } from "./cases.ts";
import { jinjaOutcomes, toRecord } from "./jinja.ts";
import { randomCases, recordedSeed, recordedCount } from "./random-templates.ts";

const all = [...cases, ...randomCases(recordedSeed, recordedCount)];
const records = jinjaOutcomes(all).map((outcome) => JSON.stringify(toRecord(outcome)));
writeFileSync(new URL("jinja-outcomes.json", import.meta.url), `[\n${records.join(",\n")}\n]\n`);
