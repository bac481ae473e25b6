/** The only version of TensorFlow.js whose backend this package knows from the inside. */
export const supportedVersion = '4.22.0'

/**
 * Checks that core and WASM backend are the version that kernels and gradients were written for.
 * @throws if one of them is another one; the error names both.
 */
export function checkVersions(core: string, backend: string = supportedVersion): void {
  if (core === supportedVersion && backend === supportedVersion) return
  throw new Error(
    `[tfjs-wasm] the kernels are made for TensorFlow.js ${supportedVersion}; here are @tensorflow/tfjs-core ${core} ` +
      `and @tensorflow/tfjs-backend-wasm ${backend}. Install that version: ` +
      `npm install --save-exact @tensorflow/tfjs@${supportedVersion} @tensorflow/tfjs-backend-wasm@${supportedVersion}`,
  )
}
