/** Gives every property test of a run the seed that was announced. */
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env["PORTICO_SEED"]) });
