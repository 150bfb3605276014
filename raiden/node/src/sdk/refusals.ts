/** Errors of the SDK as Raiden's REST API answers them: the statuses are those of the documentation and of the Python node. */
import { ApiRefusal, type Status, unavailable } from '../api/refusal.ts'
import { OVERSPENT } from './mends.ts'
import { ErrorCodes, type SdkError } from './raiden-ts.ts'

const STATUS_OF_CODE: Readonly<Record<string, Status>> = {
  RDN_INSUFFICIENT_BALANCE: 402,
  RDN_UNKNOWN_TOKEN_NETWORK: 409,
  RDN_NOT_A_TOKEN: 409,
  RDN_REGISTER_TOKEN_REGISTERED: 409,
  RDN_REGISTER_TOKEN_FAILED: 409,
  RDN_REGISTER_TOKEN_MAINNET: 501,
  RDN_MINT_MAINNET: 501,
  RDN_MINT_FAILED: 400,
}
/** Whole families: what the path-finding service, a channel, a transfer or the user deposit refuses is a conflict. */
const CONFLICTS = /^(PFS|CNL|XFER|UDC|DTA)_/
const GAS = /insufficient funds|INSUFFICIENT_FUNDS/i
const REVERTED = /revert|always failing|cannot estimate gas|UNPREDICTABLE_GAS_LIMIT|CALL_EXCEPTION/i
const NETWORK =
  /could not detect network|missing response|timeout|ECONNREFUSED|fetch failed|SERVER_ERROR|NETWORK_ERROR/i

/** `raiden.` and the SDK's code in small letters; a bounded set, fit for a label of a metric. */
export function codeOf(error: SdkError): string {
  if (error.message === OVERSPENT) return 'raiden.insufficient_capacity'
  const code = Object.entries(ErrorCodes).find(([, message]) => message === error.message)?.[0]
  if (code) return `raiden.${code.toLowerCase()}`
  if (typeof error.details?.error_code === 'number') return `raiden.pfs_${error.details.error_code}`
  return 'raiden.sdk'
}

/** The refusal that answers a request on which the SDK failed. */
export function refusalOf(error: unknown, secretHash?: string): ApiRefusal {
  if (error instanceof ApiRefusal) return error
  const failure = (error instanceof Error ? error : new Error(String(error))) as SdkError
  const code = codeOf(failure)
  const text = `${failure.message} ${failure.code ?? ''}`
  const options = { cause: error, ...(secretHash ? { secretHash } : {}) }
  const sdkCode = code.replace(/^raiden\./, '').toUpperCase()
  if (code === 'raiden.insufficient_capacity') return new ApiRefusal(402, code, failure.message, options)
  const status = STATUS_OF_CODE[sdkCode] ?? (CONFLICTS.test(sdkCode) ? 409 : undefined)
  if (status) return new ApiRefusal(status, code, failure.message, options)
  if (GAS.test(text))
    return new ApiRefusal(402, 'raiden.gas', 'The wallet has not enough ether for the transaction.', options)
  if (REVERTED.test(text))
    return new ApiRefusal(409, 'raiden.reverted', 'The contract refuses the transaction.', options)
  if (NETWORK.test(text))
    return unavailable(
      'The Ethereum node, the homeserver or the path-finding service did not answer; try again.',
    )
  return new ApiRefusal(500, 'raiden.sdk', 'Internal server error', options)
}
