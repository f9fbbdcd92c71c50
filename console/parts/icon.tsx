/** One drawing of the sprite in index.html. It is decoration: words stand beside it. */
export type IconName =
  | 'ahead'
  | 'back'
  | 'balance'
  | 'box'
  | 'check'
  | 'chevron'
  | 'config'
  | 'copy'
  | 'cross'
  | 'database'
  | 'dead-lettered'
  | 'delivered'
  | 'download'
  | 'dropped'
  | 'external'
  | 'file'
  | 'filtered'
  | 'kafka'
  | 'key'
  | 'keyboard'
  | 'link'
  | 'listener'
  | 'lock'
  | 'mute'
  | 'offline'
  | 'pause'
  | 'pipeline'
  | 'play'
  | 'plus'
  | 'retry'
  | 'search'
  | 'stopped'
  | 'tail'
  | 'terminal'
  | 'traces'
  | 'tracing'
  | 'unknown'
  | 'waiting'
  | 'warning'
  | 'where';

export function Icon({ name, small = false }: { name: IconName; small?: boolean }) {
  return (
    <svg class={small ? 'icon small' : 'icon'} viewBox="0 0 16 16" aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

/** Drawings of component types; what is not listed is a plain box. */
const OF_TYPE: Readonly<Record<string, IconName>> = {
  file: 'file',
  demo: 'play',
  stdin: 'terminal',
  stdout: 'terminal',
  syslog: 'terminal',
  http: 'listener',
  otlp: 'listener',
  loki_push: 'listener',
  docker: 'box',
  kafka: 'kafka',
  loki: 'database',
  elasticsearch: 'database',
  blackhole: 'dropped',
};

export function iconOf(type: string): IconName {
  return OF_TYPE[type] ?? 'box';
}
