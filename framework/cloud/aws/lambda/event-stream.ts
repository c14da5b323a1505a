/** Writes frames of the format `application/vnd.amazon.eventstream`, which AWS SDK clients read. */
import { crc32 } from "node:zlib";

/** `u8 length, name, 7 (string), u16 length, value`. */
function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, text]);
}

function checksumOf(bytes: Uint8Array): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum;
}

/** `u32 total, u32 headers, u32 CRC of those eight bytes, headers, payload, u32 CRC of all before`. */
export function eventFrame(eventType: string, contentType: string, payload: Uint8Array): Uint8Array {
  const headers = Buffer.concat([
    header(":message-type", "event"),
    header(":event-type", eventType),
    header(":content-type", contentType),
  ]);
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(12 + headers.length + payload.length + 4, 0);
  prelude.writeUInt32BE(headers.length, 4);
  const message = Buffer.concat([prelude, checksumOf(prelude), headers, payload]);
  return Buffer.concat([message, checksumOf(message)]);
}
