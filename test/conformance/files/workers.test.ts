/** Runs the cases of files on the runtime `workers`. */
import { workers } from "../runtimes/workers.ts";
import { fileCases } from "./file-cases.ts";

fileCases(workers);
