/**
 * Reports a record of each request to a local server for its access log, once the response's last byte was sent or the
 * client disconnected.
 */
import type { HttpRequest, HttpResponse } from "../model/http-message.ts";
import type { AccessRecord } from "./access-log.ts";
import type { ClientDisconnect } from "./client-disconnect.ts";
import { countBytes } from "./count-bytes.ts";

/** A response, and what the access log records about it besides. */
export interface RoutedResponse {
  readonly response: HttpResponse;
  readonly route?: string;
  readonly cold?: boolean;
}

/** A request to record, and the receiver of the record. */
interface LoggedRequest {
  readonly request: HttpRequest;
  readonly requestId: string;
  /** When it arrived. Default now. */
  readonly time?: Date;
  /** Absent where the server does not hear of disconnects. */
  readonly disconnect?: Pick<ClientDisconnect, "happened">;
  readonly onAccess: (record: AccessRecord) => void;
}

/** Calls `onAccess` once the last byte is sent, or the client has disconnected. */
export async function withAccessLog(
  { request, requestId, time = new Date(), disconnect, onAccess }: LoggedRequest,
  respond: () => Promise<RoutedResponse>,
): Promise<HttpResponse> {
  const { clientAddress, method, target } = request;
  const start = performance.now();
  const record = (status: number, bytes: number, { route, cold }: Omit<RoutedResponse, "response">): void =>
    onAccess({
      time,
      clientAddress,
      method,
      target,
      status,
      bytes,
      durationMs: performance.now() - start,
      requestId,
      ...(route !== undefined && { route }),
      ...(cold !== undefined && { cold }),
      aborted: disconnect?.happened ?? false,
    });
  try {
    const { response, ...facts } = await respond();
    return countBytes(response, method, (bytes) => record(response.status, bytes, facts));
  } catch (error) {
    record(500, 0, {});
    throw error;
  }
}
