/** The conformance list, on the production server for Node. */
import { conformance } from "./conformance.ts";
import { node } from "./runtimes/node.ts";

conformance(node);
