// Computes and trains on WebGPU in Node, through the npm package `webgpu`; on SwiftShader, out of Chromium,
// which computes on the CPU, if that is there.
import { existsSync } from 'node:fs'
import { checkInNode } from './conformance/check-in-node.mjs'
import { webgpuPackages } from './conformance/webgpu-packages.mjs'

// Where Debian's package has it, beside a loader for Vulkan.
const chromium = '/usr/lib/chromium'
const driver = `${chromium}/vk_swiftshader_icd.json`

export const name = 'webgpu-node'

export async function run(context) {
  const { folder, skipped } = await context.npm(webgpuPackages)
  if (skipped) return { skipped }
  const software = existsSync(driver) ? { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: chromium } : {}
  return checkInNode('webgpu', folder, context, software)
}
