import { isUtf8 } from 'node:buffer';
import { bytesField, fixed64Field, varintField } from './protobuf.ts';

export interface TwinLogRecord {
  readonly timeNs: bigint;
  readonly observedNs: bigint;
  readonly severity: number;
  readonly body: Uint8Array;
  readonly blob: Uint8Array;
}

/** Twin of `Kernel.otlpLogRecords`. */
export function otlpLogRecords(records: readonly TwinLogRecord[]): Buffer {
  return Buffer.concat(
    records.map(({ timeNs, observedNs, severity, body, blob }) =>
      bytesField(
        2,
        fixed64Field(1, timeNs),
        varintField(2, BigInt(severity)),
        bytesField(5, bytesField(isUtf8(body) ? 1 : 7, body)),
        blob,
        fixed64Field(11, observedNs),
      ),
    ),
  );
}
