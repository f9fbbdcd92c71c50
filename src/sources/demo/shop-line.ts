/**
 * What a web shop's Java service logs: JSON lines of 15 to 18 keys and about 340 bytes, some with a stack trace inside,
 * and, as in real life, now and then a stack trace in plain text that never passed through the logger.
 * Pure: the same generator state and time give the same text.
 */
import type { Random } from './random.ts';

const HOSTS = ['shop-x2k4', 'shop-m8q1', 'shop-t5w9'];
const ROUTES = ['/cart', '/products', '/orders', '/checkout', '/session', '/search', '/account'];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT'];
const CUSTOMERS = [
  'Ann Lee',
  'Bob Ross',
  'Zoë Müller',
  'Jun 佐藤',
  'Eve Stone',
  'Ian Kerr',
  'Mia Fox',
  'Sam Hill',
];
const STACK = [
  'com.shop.payment.PaymentClient.charge(PaymentClient.java:118)',
  'com.shop.checkout.CheckoutService.pay(CheckoutService.java:74)',
  'com.shop.checkout.CheckoutController.post(CheckoutController.java:41)',
  'jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)',
  'org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)',
  'java.base/java.lang.Thread.run(Thread.java:1583)',
];

interface Event {
  readonly level: string;
  readonly logger: string;
  readonly message: (random: Random) => string;
  readonly status: number;
}

const EVENTS: readonly Event[] = [
  { level: 'INFO', logger: 'Access', message: () => 'request completed', status: 200 },
  { level: 'INFO', logger: 'Cart', message: (r) => `added item ${r.integer(1e3, 1e5)}`, status: 200 },
  { level: 'DEBUG', logger: 'Cache', message: (r) => `cache hit products:${r.integer(1, 999)}`, status: 200 },
  { level: 'INFO', logger: 'Orders', message: (r) => `order ${r.integer(1e5, 1e6)} accepted`, status: 201 },
  { level: 'INFO', logger: 'Login', message: (r) => `welcome back, "${r.pick(CUSTOMERS)}"`, status: 200 },
  { level: 'WARN', logger: 'Stock', message: (r) => `low stock: ${r.integer(0, 5)} left`, status: 200 },
  { level: 'WARN', logger: 'Http', message: () => 'slow answer from inventory', status: 200 },
  { level: 'ERROR', logger: 'Payment', message: () => 'payment provider timed out', status: 504 },
];

function stackTrace(random: Random): string {
  const cause = `java.net.SocketTimeoutException: Read timed out after ${random.integer(2, 30)}000 ms`;
  return [cause, ...STACK.slice(0, random.integer(3, STACK.length)).map((frame) => `\tat ${frame}`)].join(
    '\n',
  );
}

/** One JSON line without its terminator. `epochMs`: milliseconds since 1970. `stackTraces`: whether errors carry one. */
export function shopLine(random: Random, epochMs: number, options: { stackTraces: boolean }): string {
  const event = random.pickSkewed(EVENTS);
  const line: Record<string, unknown> = {
    timestamp: new Date(epochMs).toISOString(),
    level: event.level,
    logger: event.logger,
    message: event.message(random),
    thread: `exec-${random.integer(1, 32)}`,
    service: 'shop',
    version: '4.18.2',
    host: random.pick(HOSTS),
    method: random.pick(METHODS),
    path: `${random.pickSkewed(ROUTES)}/${random.integer(1, 9999)}`,
    status: event.status,
    duration_ms: random.longTailed(900) / 100,
    user_id: random.integer(1, 99_999),
    trace_id: random.hex(32),
    span_id: random.hex(16),
  };
  if (random.chance(0.4)) line.retry = false;
  if (random.chance(0.3)) line.region = 'eu-west-1';
  if (event.level === 'ERROR') line.error = 'timeout';
  if (options.stackTraces && event.level === 'ERROR' && random.chance(0.5))
    line.stack_trace = stackTrace(random);
  return JSON.stringify(line);
}

/** A stack trace as the Java runtime prints it: several lines, no terminator behind the last. */
export function shopCrash(random: Random): string {
  return `Exception in thread "exec-${random.integer(1, 32)}" ${stackTrace(random)}`;
}
