/** A number in a range, with its value in words. */

import { type ReactNode, useId } from 'react';

export interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** The value for a person, with its unit. */
  readonly text: string;
  readonly note?: string;
  readonly isDisabled?: boolean;
  readonly onChange: (value: number) => void;
}

export function Slider({ label, value, min, max, step = 1, text, note, isDisabled = false, onChange }: SliderProps): ReactNode {
  const id = useId();
  return (
    <div className="field" data-disabled={isDisabled}>
      <div className="field-head">
        <label className="field-label" htmlFor={id}>
          {label}
        </label>
        <span className="field-value" aria-hidden="true">
          {text}
        </span>
      </div>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={isDisabled}
        aria-valuetext={text}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
      {note !== undefined && <p className="field-note">{note}</p>}
    </div>
  );
}
