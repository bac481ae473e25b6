// Trains the sample program `browser` in a headless Chromium, and lets it read a digit that is drawn with the mouse.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { buildPackages } from '../scripts/build-packages.mjs'
import { findChromium, noChromium } from '../scripts/find-chromium.mjs'

export const name = 'browser'

export async function run(context) {
  const program = findChromium()
  if (!program) return { skipped: noChromium }
  buildPackages('browser...')
  const server = spawn(process.execPath, [resolve('apps/browser/dist/main.js'), '--port', '0'])
  const executablePath = program.includes('/')
    ? program
    : spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim()
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const [line] = await once(server.stdout, 'data')
    const page = await browser.newPage()
    const errors = []
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    await page.goto(/http:\S+/.exec(String(line))[0])
    await page.waitForSelector('#drawing:not([hidden])', { timeout: 300_000 })
    const accuracy = Number(await page.evaluate(() => document.body.dataset.accuracy))
    assert(accuracy > 0.93, `the page reached an accuracy of ${accuracy}`)

    const pad = await page.locator('#pad').boundingBox()
    await page.mouse.move(pad.x + pad.width / 2, pad.y + pad.height * 0.2)
    await page.mouse.down()
    for (let i = 3; i <= 8; i++) await page.mouse.move(pad.x + pad.width / 2, pad.y + (pad.height * i) / 10)
    await page.mouse.up()
    await page.waitForFunction(() => document.querySelector('#answer').textContent !== '')
    const answer = await page.textContent('#answer')
    assert.equal(answer, '1', `it takes an upright line for a ${answer}`)
    assert.deepEqual(errors, [], 'the page reported errors')
    context.log(await page.textContent('#status'))
    return { ok: true, note: `${(100 * accuracy).toFixed(1)} % after one epoch, and an upright line is a 1` }
  } finally {
    await browser.close()
    server.kill()
  }
}
