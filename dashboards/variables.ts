/** What whoever looks at a dashboard chooses: where the data comes from, and which agents. */
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  type VariableRefresh,
  type VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { link, PROMETHEUS } from './panels.ts';

/** An empty dashboard of the family. */
export function dashboard(uid: string, title: string, description: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['log-capturer'])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .tooltip(1 as never)
    .withVariable(new DatasourceVariableBuilder('prometheus').label('Prometheus').type('prometheus'))
    .withVariable(agents('job', 'Job', 'label_values(log_capturer_build_info, job)'))
    .withVariable(agents('instance', 'Agent', 'label_values(log_capturer_build_info{job=~"$job"}, instance)'))
    .link(link('Pipeline', '/d/log-capturer-pipeline'))
    .link(link('Tracing', '/d/log-capturer-tracing'));
}

function agents(name: string, label: string, values: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query(values)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .refresh(2 as VariableRefresh)
    .sort(1 as VariableSort);
}
