/**
 * Why an input was not taken: a stable `code` for machines, one line for people that says what is wrong and what to do.
 * `retry` tells the caller whether the same input can succeed later (transient) or never (invalid).
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  readonly retry: boolean
  constructor(code: string, message: string, options: { cause?: unknown; retry?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retry = options.retry ?? false
  }
}
