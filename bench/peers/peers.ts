/**
 * Other log agents, and how they are started as plain processes with private folders and configurations.
 * The configurations beside this file are tuned for throughput within the memory the agent may use. Called by run.ts.
 */
import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export type Workload = 'null' | 'file' | 'http';

export interface Peer {
  readonly name: string;
  readonly binary: string;
  /** Prints the version on its first line. */
  readonly versionArgs: readonly string[];
  readonly workloads: readonly Workload[];
  /** Ending of its configurations' names. */
  readonly extension: string;
  /** Arguments that run it in the foreground; everything it writes lies in `folder`. */
  readonly args: (config: string, folder: string) => readonly string[];
}

/** Rsyslog has no HTTP in Debian's package. */
export const PEERS: readonly Peer[] = [
  {
    name: 'fluent-bit',
    binary: 'fluent-bit',
    versionArgs: ['--version'],
    workloads: ['null', 'file', 'http'],
    extension: 'conf',
    args: (config) => ['-c', config],
  },
  {
    name: 'vector',
    binary: 'vector',
    versionArgs: ['--version'],
    workloads: ['null', 'file', 'http'],
    extension: 'yaml',
    args: (config) => ['--config', config, '--quiet'],
  },
  {
    name: 'rsyslog',
    binary: 'rsyslogd',
    versionArgs: ['-v'],
    workloads: ['null', 'file'],
    extension: 'conf',
    args: (config, folder) => ['-n', '-f', config, '-i', join(folder, 'pid')],
  },
  {
    name: 'syslog-ng',
    binary: 'syslog-ng',
    versionArgs: ['--version'],
    workloads: ['null', 'file', 'http'],
    extension: 'conf',
    args: (config, folder) => [
      '--foreground',
      '--no-caps',
      `--cfgfile=${config}`,
      `--persist-file=${join(folder, 'persist')}`,
      `--pidfile=${join(folder, 'pid')}`,
      `--control=${join(folder, 'control')}`,
    ],
  },
];

/** Full path of a program on PATH; undefined when it is not there. */
export function onPath(binary: string, path = process.env.PATH ?? ''): string | undefined {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, binary);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // the next folder
    }
  }
  return undefined;
}

/** What a configuration's placeholders `{{input}}`, `{{output}}`, `{{folder}}` and `{{port}}` stand for. */
export interface Places {
  readonly input: string;
  readonly output: string;
  readonly folder: string;
  readonly port: number;
}

/** The peer's configuration for a workload. @throws on a placeholder that there is not. */
export async function configText(peer: Peer, workload: Workload, places: Places): Promise<string> {
  const path = join(import.meta.dirname, peer.name, `${workload}.${peer.extension}`);
  const template = await readFile(path, 'utf8');
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    if (!Object.hasOwn(places, name)) throw new Error(`${path}: unknown placeholder {{${name}}}`);
    return String(places[name as keyof Places]);
  });
}
