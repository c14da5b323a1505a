/** S3 of the local cloud: operations on buckets beside those on objects, with the permissions of functions. */
import type { HttpRequest, HttpResponse } from "../../../model/http-message.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { findSession, type SessionKey } from "../../../emulation/aws/session-credentials.ts";
import type { SigningKey } from "../../../emulation/aws/signature.ts";
import { objectOperations, runObjectCall } from "../../../emulation/s3/data-plane.ts";
import { s3Error } from "../../../emulation/s3/errors.ts";
import type { ObjectPlane } from "../../../emulation/s3/operation.ts";
import { answerForm } from "../../../emulation/s3/post-object.ts";
import { nameCall, s3Response, writeS3Error } from "../../../emulation/s3/protocol.ts";
import { account, localRegion } from "../arn.ts";
import type { AwsApi } from "../aws-api.ts";
import type { Uses } from "../backends.ts";
import { callerOf } from "../role-session.ts";
import type { AwsService } from "../service.ts";
import type { S3UseName } from "./bucket-operation.ts";
import { bucketOperations, s3Operations } from "./operations.ts";

/** What operations on objects work with. */
const objectPlane = ({ buckets, objects, clock, latency }: Uses<S3UseName>): ObjectPlane => ({
  objects,
  findBucket: (name) => buckets.get(name),
  now: () => clock.now(),
  writeDelay: async () => {
    if (latency.write > 0) await clock.sleep(latency.write);
  },
});

/** A function's credentials are held to the policies of its role, which no operation on a bucket itself takes. */
export function s3Service(uses: Uses<S3UseName | "roles">): AwsService {
  const plane = objectPlane(uses);
  return {
    takesSessions: true,
    writeError: writeS3Error,
    prepare(request, session) {
      const { operation, read } = nameCall(request, s3Operations, account);
      return {
        operation,
        async run() {
          const caller = session && callerOf(session, uses.roles);
          const call = read();
          if (Object.hasOwn(objectOperations, operation))
            return s3Response(await runObjectCall(operation, call, caller, plane));
          if (caller)
            throw s3Error("AccessDenied", 403, `User: ${caller.arn} is not authorized to perform: s3:${operation}`);
          return s3Response(await bucketOperations[operation]!.run(call, uses));
        },
      };
    },
  };
}

/** Answers a page that sends a form to a bucket, or asks whether it may. Rejects only for a bug, or to be cut off. */
export async function answerPage(
  request: HttpRequest,
  { key, clock, faults }: Pick<AwsApi, "key" | "clock" | "faults">,
  uses: Uses<S3UseName | "roles">,
): Promise<HttpResponse> {
  const authority = {
    region: localRegion,
    findKey: (_: string, token: string | undefined): SigningKey | SessionKey | undefined =>
      token === undefined ? key : findSession(key.secretAccessKey, token),
    callerOf: (signer: SigningKey | SessionKey) =>
      "session" in signer ? callerOf(signer.session, uses.roles) : undefined,
  };
  const run = (): Promise<HttpResponse> => answerForm(request, objectPlane(uses), authority);
  if (request.method === "OPTIONS") return run();
  const response = await faults.answer(
    { service: "s3", operation: "PostObject" },
    { run, refuse: ({ code, status, message }) => writeS3Error(new AwsError(code, status, message)) },
  );
  return { ...response, headers: [...response.headers, ["date", new Date(clock.now()).toUTCString()]] };
}
