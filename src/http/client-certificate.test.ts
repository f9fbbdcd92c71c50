import { describe, expect, test } from 'vitest';
import { certificateNames, roleOf } from './client-certificate.ts';

function names(CN: unknown, subjectaltname?: string): string[] {
  return certificateNames({ subject: { CN }, subjectaltname } as never);
}

describe('names of a certificate', () => {
  test('are its common name and its alternative names', () => {
    const found = names('ops', 'DNS:a.example, URI:spiffe://x/y, email:me@a.example, IP Address:10.0.0.1');
    expect(found).toEqual(['ops', 'a.example', 'spiffe://x/y', 'me@a.example']);
  });

  test('are not invented by what stands in a name (CVE-2021-44532)', () => {
    expect(names(undefined, 'URI:"http://x, DNS:admin", DNS:b')).toEqual(['http://x, DNS:admin', 'b']);
  });

  test('of several common names none counts', () => {
    expect(names(['admin', 'guest'])).toEqual([]);
  });

  test('there may be none', () => {
    expect(certificateNames({ subject: undefined as never, subjectaltname: undefined })).toEqual([]);
    expect(names('')).toEqual([]);
  });
});

describe('the role', () => {
  test('is that of a name', () => {
    expect(roleOf(['ops', 'b'], { b: 'read' })).toEqual({ name: 'b', role: 'read' });
  });

  test('is the strongest of several', () => {
    expect(roleOf(['a', 'b'], { a: 'read', b: 'control' })).toEqual({ name: 'b', role: 'control' });
  });

  test('of names that are not listed is that of *', () => {
    expect(roleOf(['a'], { b: 'control', '*': 'read' })).toEqual({ name: 'a', role: 'read' });
  });

  test('a name of its own goes before *', () => {
    expect(roleOf(['a'], { a: 'read', '*': 'control' })).toEqual({ name: 'a', role: 'read' });
  });

  test('there is none for others, whatever they call themselves', () => {
    for (const name of ['b', '__proto__', 'constructor', 'toString', '*']) {
      expect(roleOf([name], { a: 'control' })).toBeUndefined();
    }
    expect(roleOf(['*'], { '*': 'read' })).toEqual({ name: '*', role: 'read' });
  });
});
