/** Buttons. A control changes the agent: without the right to, it is disabled and says why. */
import type { ComponentChildren, TargetedMouseEvent } from 'preact';
import { mayControl, refusal } from '../state/session.ts';
import { Icon, type IconName } from './icon.tsx';

interface Props {
  readonly icon?: IconName;
  readonly look?: string;
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly type?: 'button' | 'submit';
  readonly title?: string;
  readonly label?: string;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void;
  readonly children?: ComponentChildren;
}

export function Button({
  icon,
  look = '',
  busy,
  disabled,
  type = 'button',
  label,
  pressed,
  expanded,
  title,
  onClick,
  children,
}: Props) {
  return (
    <button
      type={type}
      class={`btn ${look}`.trim()}
      disabled={disabled === true || busy === true}
      aria-busy={busy === true}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      title={title}
      onClick={onClick}
    >
      {busy === true ? (
        <span class="spinner" aria-hidden="true" />
      ) : (
        icon !== undefined && <Icon name={icon} small />
      )}
      {children}
    </button>
  );
}

export function Control(props: Props) {
  const why = refusal.value;
  return (
    <Button
      {...props}
      disabled={props.disabled === true || !mayControl.value}
      {...(why !== null && { title: why, icon: 'lock' as const })}
    />
  );
}

/** The reason beside disabled controls; nothing when they work. */
export function Why() {
  if (refusal.value === null) return null;
  return (
    <p class="why">
      <Icon name="lock" small />
      <span>{refusal.value}</span>
    </p>
  );
}
