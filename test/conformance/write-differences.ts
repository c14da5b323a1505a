/** Writes docs/differences.md from the table of differences. */
import { writeFileSync } from "node:fs";
import { differencesPage } from "./differences.ts";

writeFileSync(new URL("../../docs/differences.md", import.meta.url), differencesPage());
