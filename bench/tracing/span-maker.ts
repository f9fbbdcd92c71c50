/** Who makes and exports the spans of logs whose cost is compared. Implemented by our-spans.ts and sdk-spans.ts. */
export type Shape = 'compact' | 'waterfall';

export interface SpanMaker {
  /** Makes the spans of so many logs and sends them all; resolves with how many spans arrived. */
  make(logs: number): Promise<number>;
  stop(): Promise<void>;
}

/** The log that all spans are about, and the file it is from. */
export const LINE =
  '203.0.113.7 - - [22/Nov/2026:18:05:11 +0000] "GET /shop/cart?page=17 HTTP/1.1" 200 5120 "https://www.example.com/" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"';
export const PATH = '/var/log/nginx/access.log';
