/** The conformance list, on the Lambda emulation with the light web classes inside functions. */
import { conformance } from "./conformance.ts";
import { lambda } from "./runtimes/lambda.ts";

conformance({
  ...lambda,
  start: ({ app, ...subject }) => lambda.start({ ...subject, app: { ...app, lambda: { ...app.lambda, webClasses: "light" } } }),
});
