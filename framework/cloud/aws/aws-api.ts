/** The signed API of the local AWS: verifies the signature of a request and runs the call on its service. */
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import type { AccessKey } from "../access-key.ts";
import type { Clock } from "../clock.ts";
import { answerFaults } from "../fault-api.ts";
import { type FaultInjector, withHeaders } from "../fault-injector.ts";
import { account, localRegion } from "./arn.ts";
import { AwsError } from "../../emulation/aws/aws-error.ts";
import { restError } from "./rest-protocol.ts";
import type { AwsService } from "./service.ts";
import {
  assumedRoleArn,
  findSession,
  type RoleSession,
  type SessionKey,
} from "../../emulation/aws/session-credentials.ts";
import { claimedScope, type Scope, type SigningKey, verifySignature } from "../../emulation/aws/signature.ts";
import type { Throttle } from "./throttle.ts";

/** What every call passes on its way to its service. */
export interface AwsApi {
  readonly key: AccessKey;
  readonly clock: Clock;
  readonly faults: FaultInjector;
  /** Undefined when calls have no rate limits. */
  readonly throttle: Throttle | undefined;
  /** By the name in the scope of a signature. */
  readonly services: Readonly<Record<string, AwsService>>;
}

/** Answers every request, errors included. Rejects only for a bug, or to cut the connection. */
export async function answerAws(
  request: HttpRequest,
  { key, clock, faults, throttle, services }: AwsApi,
): Promise<HttpResponse> {
  const claimed = claimedScope(request)?.service;
  const claimedService = claimed === undefined ? undefined : serviceOf(services, claimed);
  const writeError = (error: AwsError): HttpResponse =>
    withHeaders((claimedService?.writeError ?? restError)(error), error.headers);
  const response = await answerErrors(writeError, async () => {
    const findKey = (_: string, token: string | undefined): SigningKey | SessionKey | undefined =>
      token === undefined ? key : findSession(key.secretAccessKey, token);
    const { scope, key: signer } = await verifySignature(request, findKey, [Date.now(), clock.now()]);
    const session = "session" in signer ? signer.session : undefined;
    if (scope.service === "portico" && !session) return answerFaults(request, faults);
    const service = findService(request, scope, services);
    if (session && !service.takesSessions) throw onlyData(session, scope);
    const { operation, run } = service.prepare(request, session);
    return faults.answer(
      { service: scope.service, operation },
      {
        run: () =>
          answerErrors(writeError, () => {
            throttle?.take(scope.service, operation);
            return run();
          }),
        refuse: ({ code, status, message }) => writeError(new AwsError(code, status, message)),
      },
    );
  });
  // Clients correct their own clock by this header, and deploy judges the age of a lease by it.
  return { ...response, headers: [...response.headers, ["date", new Date(clock.now()).toUTCString()]] };
}

/** Turns an AwsError that `run` throws into its response. */
async function answerErrors(
  writeError: (error: AwsError) => HttpResponse,
  run: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AwsError) return writeError(error);
    throw error;
  }
}

function onlyData(session: RoleSession, { service }: Scope): AwsError {
  const caller = `User: ${assumedRoleArn(account, session)}`;
  const rule = "Portico's local cloud takes the credentials of functions for DynamoDB, S3 and SQS only, not for ";
  return new AwsError("AccessDeniedException", 403, `${caller}: ${rule}${service}`);
}

function serviceOf(services: AwsApi["services"], name: string): AwsService | undefined {
  return Object.hasOwn(services, name) ? services[name] : undefined;
}

/** Throws AwsError for another region and for a service that the local cloud does not have. */
function findService({ method }: HttpRequest, scope: Scope, services: AwsApi["services"]): AwsService {
  if (scope.region !== localRegion) {
    throw new AwsError(
      "InvalidSignatureException",
      403,
      `Credential should be scoped to a valid region: the local cloud is '${localRegion}', not '${scope.region}'.`,
    );
  }
  const service = serviceOf(services, scope.service);
  if (!service)
    throw new AwsError(
      "UnknownOperationException",
      404,
      `Portico's local cloud does not support ${method} of the service ${scope.service}`,
    );
  return service;
}
