/** Runs the conformance list on the production server for Node. */
// @module-tag isolated
import { conformance } from "./conformance.ts";
import { node } from "./runtimes/node.ts";

conformance(node);
