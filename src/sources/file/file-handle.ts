/**
 * Calls of the file system on one open file, through callbacks: promises of `fs` cost half as much again.
 * All of them run in the thread pool.
 */
import fs from 'node:fs';
import { promisify } from 'node:util';
import { systemPath } from './names.ts';

export interface OpenFile {
  readonly fd: number;
  readonly dev: bigint;
  readonly ino: bigint;
  /** 0: the file system does not tell. */
  readonly birthtimeNs: bigint;
}

/** `O_NONBLOCK`: should a pipe have taken the place of a file, opening it must not wait for a writer. */
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

const openCall = promisify(fs.open) as (path: string | Buffer, flags: number) => Promise<number>;
const fstatBig = promisify(fs.fstat) as unknown as (
  fd: number,
  options: { bigint: true },
) => Promise<fs.BigIntStats>;

export async function openFile(path: string): Promise<OpenFile> {
  const fd = await openCall(systemPath(path), FLAGS);
  try {
    const { dev, ino, birthtimeNs } = await fstatBig(fd, { bigint: true });
    return { fd, dev, ino, birthtimeNs };
  } catch (error) {
    closeFile(fd);
    throw error;
  }
}

/** As `fileStats`, exact. */
export function exactStats(fd: number): Promise<fs.BigIntStats> {
  return fstatBig(fd, { bigint: true });
}

export function fileStats(fd: number): Promise<fs.Stats> {
  return new Promise((resolve, reject) => {
    fs.fstat(fd, (error, stats) => (error === null ? resolve(stats) : reject(error)));
  });
}

/** Reads into the buffers, one after the other, from `position` on. Resolves with the number of bytes; fewer: the end of the file. */
export function readAt(fd: number, buffers: readonly Buffer[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.readv(fd, buffers, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}

/** Nobody waits for it: a file that was only read has nothing to lose. */
export function closeFile(fd: number): void {
  fs.close(fd, () => {});
}
