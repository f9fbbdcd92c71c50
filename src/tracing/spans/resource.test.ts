import { expect, test } from 'vitest';
import { decode, ResourceType, ScopeType } from '../../../test/stubs/otlp-trace.ts';
import { settingsOf } from '../decision/decision.fixture.ts';
import { encodeEnvelope, resourceAttributes } from './resource.ts';

const HOST = { hostname: 'box-7', instanceId: 'f0e1' };

test('says which service this is, where it runs and which of its runs', () => {
  const resource = { service_name: 'logs', environment: 'production', deployment_id: 'eu-1' };
  const { resource: bytes, scope } = encodeEnvelope(settingsOf({ resource }).resource, HOST, '1.2.3');
  const { attributes } = decode(ResourceType, bytes) as {
    attributes: { key: string; value: { stringValue: string } }[];
  };
  expect(Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]))).toEqual({
    'host.name': 'box-7',
    'service.instance.id': 'f0e1',
    'service.name': 'logs',
    'service.version': '1.2.3',
    'deployment.environment.name': 'production',
    'deployment.environment': 'production',
    'log_capturer.deployment_id': 'eu-1',
  });
  expect(decode(ScopeType, scope)).toEqual({ name: 'log-capturer', version: '1.2.3' });
});

test('what is not known is left out', () => {
  expect([...resourceAttributes(settingsOf().resource, HOST).keys()]).toEqual([
    'host.name',
    'service.instance.id',
    'service.name',
    'service.version',
  ]);
});

test('the operator knows better than the machine what it is called', () => {
  const settings = { ...settingsOf().resource, attributes: { 'host.name': 'web-1', region: 'eu' } };
  const attributes = resourceAttributes(settings, HOST);
  expect(attributes.get('host.name')).toBe('web-1');
  expect(attributes.get('region')).toBe('eu');
});
