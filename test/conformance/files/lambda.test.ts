/** Runs the cases of files on the runtime `lambda`. */
import { lambda } from "../runtimes/lambda.ts";
import { fileCases } from "./file-cases.ts";

fileCases(lambda);
