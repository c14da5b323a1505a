/** Which static files never change their bytes: what the runtime says, for those who may not import it. */
export { isHashed } from "../runtime/assets.ts";
