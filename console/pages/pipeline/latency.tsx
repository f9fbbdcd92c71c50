/** P50 and P99 from reading to acknowledgement, in one unit where both have it. Nothing while they are not known. */
import { duration } from '../../format/duration.ts';
import { lastOf } from '../../state/history.ts';

export function Latency({ of }: { of: string }) {
  const p50 = lastOf(`${of}/p50`);
  const p99 = lastOf(`${of}/p99`);
  if (p99 === null) return null;
  return (
    <>
      {p50 !== null && (
        <span>
          P50 <b>{shared(duration(p50), duration(p99))}</b>
        </span>
      )}
      <span>
        P99 <b>{duration(p99)}</b>
      </span>
    </>
  );
}

/** The unit is said once. */
function shared(first: string, second: string): string {
  const unit = / \D+$/.exec(second)?.[0];
  return unit !== undefined && / \D+$/.exec(first)?.[0] === unit ? first.slice(0, -unit.length) : first;
}
