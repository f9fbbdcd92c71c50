/** Tracing, to look at and to steer: mode, adaptive sampling, why logs are traced, rules, base rate, changes. */
import { count, rate } from '../../format/number.ts';
import { Banners } from '../../parts/banners.tsx';
import { Outline } from '../../parts/panel.tsx';
import { Top } from '../../parts/top.tsx';
import { latest } from '../../state/feed.ts';
import { perSecond } from '../../state/rates.ts';
import { Adaptive } from './adaptive.tsx';
import { BaseRate } from './base-rate.tsx';
import { Changes } from './changes.tsx';
import { Exporters } from './exporters.tsx';
import { ModeSwitch } from './mode-switch.tsx';
import { Reasons } from './reasons.tsx';
import { RuleForm } from './rule-form.tsx';
import { Rules } from './rules.tsx';

export function TracingPage() {
  const reading = latest.value;
  return (
    <>
      <Top title="Tracing">{reading !== null && <Sentence />}</Top>
      <Banners />
      {reading === null ? (
        <Outline height={640} />
      ) : (
        <div class="stack">
          <ModeSwitch reading={reading} />
          <div class="columns">
            <Adaptive reading={reading} />
            <Reasons reading={reading} />
          </div>
          <div class="columns">
            <div class="stack">
              <Rules reading={reading} />
              <Changes reading={reading} />
              <Exporters reading={reading} />
            </div>
            <div class="stack">
              <BaseRate reading={reading} />
              <RuleForm reading={reading} />
            </div>
          </div>
        </div>
      )}
    </>
  );
}

function Sentence() {
  const traced = perSecond(({ tracing }) => tracing.logs_traced);
  const read = perSecond(({ status }) => status.sources.reduce((sum, { ledger }) => sum + ledger.read, 0));
  if (traced === null || read === null) return null;
  return (
    <>
      {traced < 10 ? rate(traced).replace('/s', '') : count(traced)} of {rate(read).replace('/s', ' logs/s')}{' '}
      traced
    </>
  );
}
