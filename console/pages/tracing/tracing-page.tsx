import { Top } from '../../parts/top.tsx';
export function TracingPage() {
  return <Top title="Tracing" />;
}
