/** Runs the conformance list on the Lambda emulation with the platform's web classes, not the lightweight ones. */
// @module-tag check
import { conformance } from "./conformance.ts";
import { lambda } from "./runtimes/lambda.ts";

conformance({
  ...lambda,
  start: ({ app, ...subject }) =>
    lambda.start({ ...subject, app: { ...app, lambda: { ...app.lambda, webClasses: "platform" } } }),
});
