/**
 * Lines as nginx writes them in its predefined "combined" format (nginx documentation, ngx_http_log_module), about
 * 195 bytes each. Pure: the same generator state and time give the same line. Called by the demo's traffic and by the
 * benchmark's corpora.
 */
import type { Random } from './random.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const PAGES = [
  '/',
  '/products',
  '/cart',
  '/api/v1/products?page=2&sort=price',
  '/assets/app.9f2c1b.js',
  '/assets/app.4e77d0.css',
  '/api/v1/cart/items',
  '/search?q=running+shoes',
  '/api/v1/orders',
  '/checkout',
  '/favicon.ico',
  '/images/hero@2x.webp',
  '/api/v1/session',
  '/account/orders?from=2026-01-01',
  '/wp-login.php',
  '/.env',
];
const REFERERS = [
  '-',
  'https://shop.example.com/',
  'https://shop.example.com/products',
  'https://www.google.com/',
];
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'kube-probe/1.33',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'curl/8.11.0',
];
const STATUSES = [200, 200, 200, 200, 200, 200, 200, 304, 304, 301, 404, 404, 499, 500, 502];
const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE'];

const two = (value: number) => (value < 10 ? `0${value}` : `${value}`);

/** One line without its terminator. `epochMs`: milliseconds since 1970. */
export function nginxLine(random: Random, epochMs: number): string {
  const time = new Date(epochMs);
  const day = `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  const second = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
  const address = `${random.integer(1, 223)}.${random.integer(0, 255)}.${random.integer(0, 255)}.${random.integer(1, 254)}`;
  const user = random.chance(0.05) ? `user${random.integer(1, 9999)}` : '-';
  const page = random.chance(0.35) ? `/products/${random.integer(1000, 99999)}` : random.pickSkewed(PAGES);
  const status = random.pick(STATUSES);
  const size = status === 304 ? 0 : random.longTailed(5200);
  const request = `${random.pickSkewed(METHODS)} ${page} HTTP/${random.chance(0.7) ? '2.0' : '1.1'}`;
  return (
    `${address} - ${user} [${day}:${second} +0000] "${request}" ${status} ${size} ` +
    `"${random.pick(REFERERS)}" "${random.pickSkewed(AGENTS)}"`
  );
}
