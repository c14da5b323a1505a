/** The conformance list, on the Lambda emulation with the platform's own web classes inside functions; everywhere else they are the light ones. */
import { conformance } from "./conformance.ts";
import { lambda } from "./runtimes/lambda.ts";

conformance({
  ...lambda,
  start: ({ app, ...subject }) => lambda.start({ ...subject, app: { ...app, lambda: { ...app.lambda, webClasses: "platform" } } }),
});
