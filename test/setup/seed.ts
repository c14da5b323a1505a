/** Sets the announced seed for every property test of a run. */
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env["PORTICO_SEED"]) });
