import { Top } from '../../parts/top.tsx';
export function TracesPage() {
  return <Top title="Traces" />;
}
