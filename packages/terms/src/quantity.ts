/** Values of metrics for people: decimal text with its unit ("40.0 °C"), against integers in the metric's fixed unit. Exact both ways. */
import { type MetricName, metricByName, Refusal } from '@consign/envelope'

const decimalsOf = (metric: MetricName): number => Math.round(Math.log10(metricByName(metric).scale))

/** "40.5" or 40.5 °C as 40500. Refusal 'quantity.value' when it is no plain decimal or finer than the metric's fixed unit. */
export function parseQuantity(metric: MetricName, value: string | number): number {
  const text = String(value)
  const match = /^(-?)([0-9]{1,10})(?:\.([0-9]+))?$/.exec(text)
  if (!match) throw new Refusal('quantity.value', `"${text}" is not a plain decimal number`)
  const [, sign, whole = '', fraction = ''] = match
  const decimals = decimalsOf(metric)
  const significant = fraction.replace(/0+$/, '')
  if (significant.length > decimals) {
    throw new Refusal(
      'quantity.value',
      `${text} is finer than ${metric} is measured: at most ${decimals} decimals`,
    )
  }
  const magnitude = Number(whole + significant.padEnd(decimals, '0'))
  return sign === '-' && magnitude !== 0 ? -magnitude : magnitude
}

/** 40000 of temperature is "40.0"; at least one decimal where the metric has any, no needless zeros. */
export function formatQuantity(metric: MetricName, fixed: number): string {
  const decimals = decimalsOf(metric)
  const sign = fixed < 0 ? '-' : ''
  const digits = String(Math.abs(fixed)).padStart(decimals + 1, '0')
  if (decimals === 0) return sign + digits
  const fraction = digits.slice(-decimals).replace(/0+$/, '') || '0'
  return `${sign}${digits.slice(0, -decimals)}.${fraction}`
}

/** With its unit: "40.0 °C", "30.0°". */
export function formatBound(metric: MetricName, fixed: number): string {
  const unit = metricByName(metric).unit
  const gap = unit === '' || unit === '°' ? '' : ' '
  return `${formatQuantity(metric, fixed)}${gap}${unit}`
}
