import { Top } from '../../parts/top.tsx';
export function ConfigPage() {
  return <Top title="Config" />;
}
