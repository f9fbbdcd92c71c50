import { Top } from '../../parts/top.tsx';
export function TailPage() {
  return <Top title="Live tail" />;
}
