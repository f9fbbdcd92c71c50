/** The part of Apache's Thrift library that tests use; it brings no types. */
declare module 'thrift' {
  interface Int64 {
    readonly buffer: Uint8Array;
    readonly offset: number;
  }

  interface Field {
    readonly ftype: number;
    readonly fid: number;
  }

  export class TBinaryProtocol {
    constructor(transport: unknown);
    readStructBegin(): unknown;
    readStructEnd(): void;
    readFieldBegin(): Field;
    readFieldEnd(): void;
    readListBegin(): { readonly etype: number; readonly size: number };
    readListEnd(): void;
    readBool(): boolean;
    readI32(): number;
    readI64(): Int64;
    readDouble(): number;
    readString(): string;
    readBinary(): Buffer;
  }

  export const TBufferedTransport: {
    receiver(callback: (transport: unknown) => void): (data: Buffer) => void;
  };

  export const Thrift: {
    readonly Type: Readonly<
      Record<'STOP' | 'BOOL' | 'DOUBLE' | 'I32' | 'I64' | 'STRING' | 'STRUCT' | 'LIST', number>
    >;
  };

  const thrift: {
    TBinaryProtocol: typeof TBinaryProtocol;
    TBufferedTransport: typeof TBufferedTransport;
    Thrift: typeof Thrift;
  };
  export default thrift;
}
