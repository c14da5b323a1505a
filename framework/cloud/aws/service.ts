/** One emulated AWS service, seen from the control port: it finds the operation of a request and writes errors. */
import type { RoleSession } from "../../emulation/aws/session-credentials.ts";
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import type { AwsError } from "../../emulation/aws/aws-error.ts";

export interface AwsService {
  /** True when it evaluates the permissions of a function's credentials; other services refuse them. */
  readonly takesSessions?: true;
  /**
   * Finds the operation that a request names. Throws AwsError when there is none.
   * @param session the function's, if it was signed with a function's credentials
   */
  prepare(request: HttpRequest, session?: RoleSession): PreparedCall;
  /** An error as the service's SDK client reads it. */
  writeError(error: AwsError): HttpResponse;
}

/** A call whose operation is known. */
export interface PreparedCall {
  /** The API's own name of the operation: `UpdateStage`. */
  readonly operation: string;
  /** Makes the call take effect. Throws AwsError. */
  run(): Promise<HttpResponse>;
}
