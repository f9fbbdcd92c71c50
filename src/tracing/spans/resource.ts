/**
 * What all spans of this agent have in common: the OTLP resource and scope. Encoded once, at start and when the
 * settings change; exporters put them around the spans they send.
 */

import type { ResourceSettings } from '../settings/settings.ts';
import { Field, OtlpWriter } from './otlp-writer.ts';

/** What the settings do not say of a resource. */
export interface Host {
  readonly hostname: string;
  /** Tells this run of the agent from every other (`service.instance.id`): a random UUID. */
  readonly instanceId: string;
}

/** Contents of OTLP's `Resource` and `InstrumentationScope` messages, without tags and lengths. */
export interface Envelope {
  readonly resource: Buffer;
  readonly scope: Buffer;
}

const SCOPE_NAME = 'log-capturer';

/** @param version of the agent: of the scope. The resource's is that of the settings. */
export function encodeEnvelope(settings: ResourceSettings, host: Host, version: string): Envelope {
  const resource = new OtlpWriter();
  for (const [key, value] of resourceAttributes(settings, host)) {
    resource.attribute(Field.resource.attributes, key, value);
  }
  const scope = new OtlpWriter();
  scope.text(Field.scope.name, SCOPE_NAME);
  scope.text(Field.scope.version, version);
  return { resource: resource.finish(), scope: scope.finish() };
}

/**
 * Attributes of the resource by OpenTelemetry's names. The environment is given under its present and its former name,
 * because many dashboards know only the latter. What the operator wrote in `OTEL_RESOURCE_ATTRIBUTES` goes before what
 * is found out.
 */
export function resourceAttributes(settings: ResourceSettings, host: Host): Map<string, string> {
  const { serviceName, serviceVersion, environment, deploymentId, attributes } = settings;
  return new Map([
    ['host.name', host.hostname],
    ['service.instance.id', host.instanceId],
    ...Object.entries(attributes),
    ['service.name', serviceName],
    ['service.version', serviceVersion],
    ...(environment === undefined
      ? []
      : ([
          ['deployment.environment.name', environment],
          ['deployment.environment', environment],
        ] as const)),
    ...(deploymentId === undefined ? [] : ([['log_capturer.deployment_id', deploymentId]] as const)),
  ]);
}
