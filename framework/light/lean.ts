/** As index.ts, for functions that name none of the parts (framework/build/lean.ts): without them. */
import { type Parts, parts, putIn } from "./parts.ts";
import { replaceClasses } from "./replace-classes.ts";

putIn(
  new Proxy({} as Parts, {
    /** The build was wrong, or code outside of the function asks: better no answer than another. */
    get(_, name) {
      throw new Error(`${name as string} is not in this function: set "lambda": {"webClasses": "platform"}`);
    },
  }),
);
replaceClasses(() => parts.fetch);
