/** A panel with its heading, and what stands in for contents that are not there. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Props {
  readonly title: string;
  /** Beside the title. */
  readonly aside?: ComponentChildren;
  /** At the end of the head. */
  readonly tools?: ComponentChildren;
  readonly bare?: boolean;
  readonly look?: string;
  readonly children?: ComponentChildren;
}

export function Panel({ title, aside, tools, bare = false, look = '', children }: Props) {
  const id = useId();
  return (
    <section class={`panel ${look}`.trim()} aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
        {tools !== undefined && <span class="end">{tools}</span>}
      </div>
      {bare ? children : <div class="panel-body">{children}</div>}
    </section>
  );
}

/** The outline of a panel that is being asked for; it comes after 300 ms, so that quick answers do not flash. */
export function Outline({ height }: { height: number }) {
  return <div class="outline" style={{ height: `${height}px` }} role="status" aria-label="Loading" />;
}

/** Why something is empty, and the one thing to do about it. */
export function Empty({
  title,
  art,
  children,
}: {
  title: string;
  art?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      {art}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A part that this agent lacks: said in its place instead of leaving a hole. */
export function NotOffered({ what, path }: { what: string; path: string }) {
  return (
    <p class="small dim">
      This agent does not offer {what} (<code>{path}</code>).
    </p>
  );
}
