/** Entry for browsers and other runtimes: all formats, and the portable provider. Nothing here needs a `node:` module. */
export * from './formats.ts'
export { portable, portableProvider } from './noble.ts'
