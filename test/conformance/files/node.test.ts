/** Runs the cases of files on the runtime `node`. */
// @module-tag isolated
import { node } from "../runtimes/node.ts";
import { fileCases } from "./file-cases.ts";

fileCases(node);
