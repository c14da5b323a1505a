/** Which static files are immutable, for rooms that may not import the runtime. */
export { isImmutableAsset } from "../runtime/assets.ts";
