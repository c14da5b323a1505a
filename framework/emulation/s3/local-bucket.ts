/**
 * The bucket of an app under development: its data operations and its forms at an address of their own, its objects in
 * a file. Several processes may open the same file, and then share its objects.
 */
import { type Listener, listen } from "../../http/loopback-server.ts";
import { filesStatements, formRule } from "../../model/files-bucket.ts";
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import { UserError } from "../../model/user-error.ts";
import { AwsError } from "../aws/aws-error.ts";
import type { Caller } from "../aws/policy.ts";
import {
  assumedRoleArn,
  credentialVariables,
  findSession,
  issueSession,
  type SessionKey,
} from "../aws/session-credentials.ts";
import { verifySignature } from "../aws/signature.ts";
import { objectOperations, runObjectCall } from "./data-plane.ts";
import { ObjectStore } from "./object-store.ts";
import type { ObjectPlane } from "./operation.ts";
import { answerForm, isFormRequest } from "./post-object.ts";
import { nameCall, s3Response, writeS3Error } from "./protocol.ts";

/** Which bucket, and where. */
export interface LocalBucketOptions {
  /** Of the objects; its folder is made when it is missing. */
  readonly file: string;
  /** The bucket's name. */
  readonly name: string;
  readonly region: string;
  readonly account: string;
  /** Of the credentials that it takes. */
  readonly secret: string;
  /** To listen on, if it is free; any free one without it. */
  readonly port?: number | undefined;
  /** Gets failures of the server itself; the function gets a bare 500. */
  readonly onError: (error: unknown) => void;
}

/** A bucket that answers. */
export interface LocalBucket {
  readonly port: number;
  /** The variables with which a function reaches it, as it would its bucket on AWS. @param session its name */
  variables(session: string, role: string): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Milliseconds that a connection may idle: longer than a function keeps one, so that it never finds one closed. */
const keepAliveMs = 60_000;

/** Bytes of an object: it is held in memory as it comes. */
const maxBody = 80 * 1024 * 1024;

/** Opens the file and the address. Throws UserError STORE_FILE. */
export async function openLocalBucket(options: LocalBucketOptions): Promise<LocalBucket> {
  const { file, name, region, secret, onError } = options;
  const objects = new ObjectStore(file);
  const bucket = { cors: [formRule] };
  const plane: ObjectPlane = {
    objects: () => objects,
    findBucket: (asked) => (asked === name ? bucket : undefined),
    now: Date.now,
    writeDelay: async () => {},
  };
  const handle = createHandler(options, plane);
  const serve = (wanted: number): Promise<Listener> => listen({ port: wanted, keepAliveMs, maxBody, onError, handle });
  const { url, port, close } = await serve(options.port ?? 0).catch((error: unknown) => {
    if (error instanceof UserError && error.code === "PORT_IN_USE") return serve(0);
    throw error;
  });
  return {
    port,
    variables: (session, role) => ({
      ...credentialVariables(issueSession(secret, { role, session })),
      AWS_ENDPOINT_URL_S3: url,
      AWS_REGION: region,
      PORTICO_FILES: name,
    }),
    async close() {
      await close();
      objects.close();
    },
  };
}

/** Verifies signatures of the issued credentials, which may do what a function's role may. */
function createHandler(
  { name, region, account, secret }: LocalBucketOptions,
  plane: ObjectPlane,
): (request: HttpRequest) => Promise<HttpResponse> {
  const policies = [JSON.stringify({ Version: "2012-10-17", Statement: filesStatements(name) })];
  const findKey = (_: string, token: string | undefined): SessionKey | undefined =>
    token === undefined ? undefined : findSession(secret, token);
  const callerOf = ({ session }: SessionKey): Caller => ({ arn: assumedRoleArn(account, session), policies });
  const answer = async (request: HttpRequest): Promise<HttpResponse> => {
    const { key, scope } = await verifySignature(request, findKey, [Date.now()]);
    if (scope.service !== "s3" || scope.region !== region)
      throw new AwsError(
        "InvalidSignatureException",
        403,
        `Credential should be scoped to s3 in ${region}, not to ${scope.service} in ${scope.region}.`,
      );
    const { operation, read } = nameCall(request, objectOperations, account);
    return s3Response(await runObjectCall(operation, read(), callerOf(key), plane));
  };
  return async (request) => {
    if (isFormRequest(request)) return answerForm(request, plane, { region, findKey, callerOf });
    try {
      return await answer(request);
    } catch (error) {
      if (error instanceof AwsError) return writeS3Error(error);
      throw error;
    }
  };
}
