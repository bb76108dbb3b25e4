/** Something that is on or off. */

import type { ReactNode } from 'react';

export interface SwitchProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export function Switch({ label, isOn, onChange }: SwitchProps): ReactNode {
  return (
    <label className="switch">
      <span className="field-label">{label}</span>
      <input type="checkbox" role="switch" checked={isOn} aria-checked={isOn} onChange={(event) => onChange(event.target.checked)} />
    </label>
  );
}
