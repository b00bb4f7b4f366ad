/** One figure of a bench, beside its baseline of the same run. */
export interface Row {
  readonly name: string;
  readonly subject: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: string;
  /** value / the baseline's value of the same name. */
  readonly ratio?: number;
  /** The ratio is no part of the summary. */
  readonly apart?: boolean;
}
