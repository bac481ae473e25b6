/** What WebGPU needs in Node; a browser has its own in place of the last. */
export const webgpuPackages = [
  '@tensorflow/tfjs@4.22.0',
  '@tensorflow/tfjs-backend-webgpu@4.22.0',
  'webgpu@0.6.2',
]
