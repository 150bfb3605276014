/** Entry for Node 26: all formats, the native provider, sessions. */
export * from './formats.ts'
export { native } from './native.ts'
export * from './session.ts'
