import { createKernels } from '../src/kernels/create.ts'
import { kernelConformance } from './kernels-conformance.ts'

const options = (maxWords?: number): { maxWords?: number } => (maxWords === undefined ? {} : { maxWords })

kernelConformance('reference', (maxWords) => createKernels({ kind: 'reference', ...options(maxWords) }))
