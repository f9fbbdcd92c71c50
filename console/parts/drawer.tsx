/** A sheet at the right for one thing. Escape closes it, and the focus goes back to where it came from. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';

interface Props {
  readonly icon: IconName;
  readonly title: string;
  readonly kind: string;
  readonly label: string;
  /** `data-node` of what it was opened from. Following its link has taken the focus from there. */
  readonly node: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Drawer({ icon, title, kind, label, node, onClose, children }: Props) {
  const sheet = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    sheet.current?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !(event.target instanceof HTMLInputElement)) close.current();
    };
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
      document.querySelector<HTMLElement>(`[data-node="${CSS.escape(node)}"]`)?.focus();
    };
  }, []);
  return (
    <div class="drawer panel" role="dialog" aria-label={label} tabIndex={-1} ref={sheet}>
      <div class="drawer-head">
        <Icon name={icon} />
        <h2 class="cut">{title}</h2>
        <span class="dim small cut">{kind}</span>
        <span class="end">
          <Button look="slim quiet" icon="cross" label="Close" onClick={onClose} />
        </span>
      </div>
      <div class="panel-body stack">{children}</div>
    </div>
  );
}
