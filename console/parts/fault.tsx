/** Catches what a page throws, so that one fault does not take the rest of the console with it. */
import { Component, type ComponentChildren } from 'preact';
import { Button } from './button.tsx';
import { Empty } from './panel.tsx';

interface Props {
  readonly children: ComponentChildren;
}

export class FaultBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static override getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div class="panel">
        <Empty title="This page failed">
          <p>The agent is not affected. What went wrong in the browser: {error.message}</p>
          <Button icon="retry" onClick={() => this.setState({ error: null })}>
            Show it again
          </Button>
        </Empty>
      </div>
    );
  }
}
