/** The console: log-in or frame, and the page that the address asks for. Built by main.tsx. */
import { useEffect } from 'preact/hooks';
import { ConfigPage } from './pages/config/config-page.tsx';
import { PipelinePage } from './pages/pipeline/pipeline-page.tsx';
import { TailPage } from './pages/tail/tail-page.tsx';
import { TracesPage } from './pages/traces/traces-page.tsx';
import { TracingPage } from './pages/tracing/tracing-page.tsx';
import { WherePage } from './pages/where/where-page.tsx';
import { FaultBoundary } from './parts/fault.tsx';
import { KeyList } from './parts/key-list.tsx';
import { Login } from './parts/login.tsx';
import { Rail } from './parts/rail.tsx';
import { type Page, route } from './state/route.ts';
import { signedOut } from './state/session.ts';

const CONTENTS: Readonly<Record<Page, { title: string; Contents: () => preact.JSX.Element }>> = {
  pipeline: { title: 'Pipeline', Contents: PipelinePage },
  tracing: { title: 'Tracing', Contents: TracingPage },
  traces: { title: 'Traces', Contents: TracesPage },
  where: { title: 'Where is my line', Contents: WherePage },
  tail: { title: 'Live tail', Contents: TailPage },
  config: { title: 'Config', Contents: ConfigPage },
};

export function App() {
  const { title, Contents } = CONTENTS[route.value.page];
  useEffect(() => {
    document.title = `${title} · log-capturer`;
  }, [title]);
  if (signedOut.value !== null) return <Login />;
  return (
    <>
      <button type="button" class="btn skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <div class="shell">
        <Rail />
        <main id="main" tabIndex={-1}>
          <FaultBoundary key={route.value.page}>
            <Contents />
          </FaultBoundary>
        </main>
      </div>
      <KeyList />
    </>
  );
}
