/** The verdict about a line of which only its file tells: it is not read yet, or was done with before. Looks nothing up. */
import type { SourceFile } from '../component/source.ts';
import { type Finding, rounded, type VerdictContext } from './finding.ts';
import { count, duration, size } from './words.ts';

const NOTHING = { sinks: [], stages: [] };

/** Of a file of which neither the journal nor what is in flight has the place. */
export function fileVerdict(
  file: SourceFile,
  line: { readonly offset: number; readonly terminated: boolean },
  context: VerdictContext & { readonly rate: number; readonly waitsFor: string; readonly startedAt: string },
): Finding {
  const { source, rate } = context;
  const { offset } = line;
  if (offset < file.skipped) {
    const explanation = `It was in ${file.stream} before ${source} first saw the file, and ${source} starts at the end of such files (start_at: end). It was never read.`;
    return { verdict: 'unknown', basis: 'skipped', explanation, ...NOTHING };
  }
  if (offset >= file.position) {
    if (!file.tailed) {
      const explanation = `${source} read ${file.stream} up to byte ${count(file.position)} and reads it no more; the line lies behind that.`;
      return { verdict: 'unknown', basis: 'not_read', explanation, ...NOTHING };
    }
    const bytes = offset - file.position;
    const seconds = rate > 0 ? bytes / rate : undefined;
    const until = seconds === undefined || bytes === 0 ? '' : `, about ${duration(seconds * 1000)}`;
    const open = line.terminated ? '' : ' Its line feed has not been written yet; until then it is not read.';
    const ahead =
      bytes === 0 ? 'It is next' : `${size(bytes)} ${bytes === 1 ? 'is' : 'are'} ahead of it${until}`;
    return {
      verdict: 'not_read_yet',
      basis: 'seen',
      explanation: `${file.stream} has it at byte ${count(offset)}. ${ahead}.${open}${context.waitsFor}`,
      ahead: { bytes, ...(seconds !== undefined && { seconds: rounded(seconds * 1000) / 1000 }) },
      ...NOTHING,
    };
  }
  if (offset < file.committed) {
    const done =
      'every sink was done with it: it was delivered, or filtered, dead-lettered or dropped for a counted reason';
    return offset < file.began
      ? {
          verdict: 'delivered',
          basis: 'committed',
          explanation: `Before the agent began at ${context.startedAt}, ${done}. When and which is not remembered.`,
          ...NOTHING,
        }
      : {
          verdict: 'delivered',
          basis: 'forgotten',
          explanation: `In this run ${done}. When and which is not remembered any more (where.memory).`,
          ...NOTHING,
        };
  }
  const explanation = `${source} has read it, and not every sink has acknowledged it.`;
  return { verdict: 'in_flight', basis: 'forgotten', explanation, ...NOTHING };
}
