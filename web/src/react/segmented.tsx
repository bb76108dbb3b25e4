/** A choice of one from a few, all in view: radio buttons that look like a row of segments. */

import { type ReactNode, useId } from 'react';

export interface SegmentedProps<Value extends string | number> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
  readonly note?: ReactNode;
}

export function Segmented<Value extends string | number>({ label, value, options, onChange, note }: SegmentedProps<Value>): ReactNode {
  const name = useId();
  return (
    <fieldset className="field">
      <legend className="field-label">{label}</legend>
      <div className="segments">
        {options.map((option) => (
          <label key={option.value} className="segment">
            <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      {note !== undefined && <p className="field-note">{note}</p>}
    </fieldset>
  );
}
