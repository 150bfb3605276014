/** For tests of whatever speaks to a Raiden node: a second one, which answers as the Python node does. */
export { type Fault, type PythonNode, startPythonNode } from './python-node.ts'
