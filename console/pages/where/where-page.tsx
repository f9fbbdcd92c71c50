import { Top } from '../../parts/top.tsx';
export function WherePage() {
  return <Top title="Where is my line" />;
}
