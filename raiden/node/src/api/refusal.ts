import { Refusal } from '@consign/envelope'

/** The statuses that Raiden documents, 403 for a foreign origin among them. */
export type Status = 400 | 402 | 403 | 404 | 409 | 413 | 500 | 501 | 503

/** A refused request: its HTTP status, a stable code, one line. `errors` replaces the line where Raiden names each wrong field. */
export class ApiRefusal extends Refusal {
  readonly status: Status
  readonly errors: string | Record<string, string[]>
  readonly secretHash: string | undefined
  constructor(
    status: Status,
    code: string,
    message: string,
    options: { cause?: unknown; errors?: Record<string, string[]>; secretHash?: string } = {},
  ) {
    super(code, message, { cause: options.cause, retry: status === 503 })
    this.status = status
    this.errors = options.errors ?? message
    this.secretHash = options.secretHash
  }
}

export function unavailable(message: string): ApiRefusal {
  return new ApiRefusal(503, 'raiden.unavailable', message)
}
