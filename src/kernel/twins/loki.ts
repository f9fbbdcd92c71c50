import { bytesField, varintField } from './protobuf.ts';

const SECOND = 1_000_000_000n;

export interface TwinEntry {
  readonly ns: bigint;
  readonly line: Uint8Array;
  readonly blob: Uint8Array;
  /** Names and ids, as structured metadata behind the blob. */
  readonly ids?: readonly (readonly [name: string, id: Uint8Array])[];
}

/** Twin of `Kernel.lokiStream`. */
export function lokiStream(labels: string, entries: readonly TwinEntry[]): Buffer {
  const none = Buffer.alloc(0);
  return bytesField(
    1,
    labels === '' ? none : bytesField(1, Buffer.from(labels)),
    ...entries.map(({ ns, line, blob, ids = [] }) =>
      bytesField(
        2,
        bytesField(1, varintField(1, ns / SECOND), varintField(2, ns % SECOND)),
        line.length === 0 ? none : bytesField(2, line),
        blob,
        ...ids.map(([name, id]) => bytesField(3, bytesField(1, Buffer.from(name)), bytesField(2, hex(id)))),
      ),
    ),
  );
}

function hex(id: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(id).toString('hex'));
}
