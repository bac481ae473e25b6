// Opens the pages of `trainyard ui`, and a report, in a headless Chromium: light and dark, wide and narrow. What they look like is kept in .interop/viewer.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { buildPackages } from '../scripts/build-packages.mjs'
import { findChromium, noChromium } from '../scripts/find-chromium.mjs'
import { checkLayout, checkNames, checkWithAxe } from './viewer/checks.mjs'
import { writeEvents, writeRun, writeSample } from './viewer/runs.mjs'

export const name = 'viewer'

/** How long a row may take from the file to the page, in milliseconds. */
const longestDelay = 1500

const pages = {
  runs: '',
  filtered: 'filter=config.optimizer.lr+<%3D+1e-2&sort=train.loss&group=config.optimizer.lr',
  charts: 'show=*&smooth=0.9&logy=1&x=time',
  run: 'run=25',
  resumed: 'run=22',
  bands: 'show=*&group=config.optimizer.lr&bands=1&smooth=0.6',
  compare: 'compare=1&show=25&show=24&show=23',
  'compare-groups': 'compare=1&show=*&group=config.optimizer.lr&bands=1&smooth=0.6',
}

export async function run(context) {
  const program = findChromium()
  if (!program) return { skipped: noChromium }
  buildPackages('@trainyard/cli')
  const { startViewer, writeReport, openRuns, SummaryWriter } = await import('./viewer/built.mjs')
  const logs = join(context.folder, 'logs')
  mkdirSync(logs)
  writeEvents(writeSample(logs), SummaryWriter)
  const viewer = await startViewer({ folder: logs, port: 0 })
  const executablePath = program.includes('/')
    ? program
    : spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim()
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const errors = []
    const open = async (address, options) => {
      const page = await browser.newPage(options)
      page.setDefaultTimeout(20_000)
      page.on('pageerror', (error) => errors.push(error.message))
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      page.on('request', (request) => {
        if (!/^(http:\/\/127\.0\.0\.1|file:|data:)/.test(request.url()))
          errors.push(`asked for ${request.url()}`)
      })
      await page.goto(address)
      await page.waitForSelector('main')
      return page
    }
    const origin = viewer.url.replace(/#.*/, '')

    const report = join(context.folder, 'report.html')
    const bytes = await writeReport({ folder: 'a report', runs: [...openRuns(logs)], path: report })
    const addresses = Object.entries(pages).map(([title, view]) => [title, `${origin}#${view}`])
    addresses.push(['report', pathToFileURL(report).href], ['report-run', `${pathToFileURL(report)}#run=25`])
    let violations = 'no axe-core'
    for (const colorScheme of ['light', 'dark'])
      for (const width of [1280, 390])
        for (const [title, address] of addresses) {
          const page = await open(address, { colorScheme, viewport: { width, height: 800 } })
          // A chart is drawn when it comes into sight.
          await page.locator('.chart').first().scrollIntoViewIfNeeded()
          await page.waitForSelector('.chart[data-ready=true] canvas')
          const path = join(context.folder, `${title}-${colorScheme}-${width}.png`)
          await page.screenshot({ path, fullPage: true })
          await checkLayout(page, `${title}, ${width} px`)
          await checkNames(page, title)
          violations = await checkWithAxe(page, `${title}, ${colorScheme}`)
          await page.close()
        }
    assert.deepEqual(errors, [], 'the pages reported errors')
    context.log(`${addresses.length} pages, light and dark, at 1280 and 390 px; ${violations}`)

    const page = await open(viewer.url, { viewport: { width: 1280, height: 800 } })
    await checkKeyboard(page)
    await checkZoom(page)
    await checkFilter(page)
    await checkNotes(page)
    await checkMedia(page)
    await checkBands(page)
    await checkCompare(page)
    await checkSaved(page, logs)
    await page.close()
    await checkSavedReport(await open(pathToFileURL(report).href))
    await checkSaveMenu(await open(origin, { viewport: { width: 390, height: 800 } }))

    const delay = await measureLive(await open(origin, { viewport: { width: 1280, height: 800 } }), logs)
    assert.deepEqual(errors, [], 'the pages reported errors')
    assert(delay <= longestDelay, `a row was to be seen ${delay} ms after it was written`)
    return {
      ok: true,
      note: `a row is to be seen ${delay} ms after it is written (limit ${longestDelay}); report of 26 runs ${(bytes / 1e6).toFixed(2)} MB; screenshots in ${context.folder}`,
    }
  } finally {
    await browser.close()
    await viewer.close()
  }
}

async function checkKeyboard(page) {
  const view = () => new URL(page.url()).hash
  assert(!view().includes('token'), 'the token is in the address')
  await page.waitForSelector('.table tbody th')
  for (const key of ['j', 'j', 'k', 'y', 's', 'a']) await page.keyboard.press(key)
  assert.match(view(), /x=epoch/)
  assert.match(view(), /logy=1/)
  assert.match(view(), /smooth=0\.6/)
  const before = await page.isChecked('tr.current input')
  await page.keyboard.press('Space')
  assert.equal(await page.isChecked('tr.current input'), !before, 'space shows or hides a run')
  await page.keyboard.press('x')
  assert.equal(await page.isChecked('tr.current input'), before, 'so does x')
  await page.keyboard.press('?')
  await page.waitForSelector('dialog[open]')
  await page.keyboard.press('Escape')
  await page.waitForSelector('dialog', { state: 'hidden' })
  await page.keyboard.press('Enter')
  await page.waitForSelector('h2:has-text("Run")')
  await page.keyboard.press('Escape')
  await page.keyboard.press('c')
  await page.waitForSelector('h2:has-text("Comparing")')
  await page.goBack()
  await page.waitForSelector('.table')
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme)
  const first = await theme()
  await page.keyboard.press('t')
  assert.notEqual(await theme(), first)
  await page.keyboard.press('/')
  await page.keyboard.type('xyz?')
  assert.equal(await page.inputValue('#filter'), 'xyz?', 'keys are text in a field')
  await page.fill('#filter', '')
  await page.keyboard.press('Escape')
}

async function checkZoom(page) {
  await page.goto(`${page.url().replace(/#.*/, '')}#show=1`)
  const chart = page.locator('.chart[data-metric="train.loss"]')
  await chart.locator('canvas').waitFor()
  const over = await boxOf(chart.locator('.u-over'))
  await page.mouse.move(over.x + over.width * 0.4, over.y + 50)
  await page.mouse.down()
  await page.mouse.move(over.x + over.width * 0.6, over.y + 60, { steps: 5 })
  await page.mouse.up()
  await page.waitForFunction(() => location.hash.includes('zoom='))
  // The spike of run 1 is at step 151, in that range.
  await chart.locator('.summary', { hasText: 'step 151' }).waitFor()
  await page.click('text=whole range')
  await page.waitForFunction(() => !location.hash.includes('zoom='))
  await page.mouse.move(over.x + over.width * 0.5, over.y + 80)
  await chart.locator('.nearby', { hasText: '1:' }).waitFor()
}

async function checkFilter(page) {
  await page.fill('#filter', 'train.loss.min < ')
  await page.waitForSelector('#filter-error:has-text("▸")')
  await page.fill('#filter', 'config.optimizer.lr >= 0.1')
  await page.waitForSelector('[role=status]:has-text("6 runs of 26")')
  await page.fill('#filter', '')
  await page.waitForSelector('[role=status]:has-text("26 runs")')
}

async function checkNotes(page) {
  await page.goto(`${page.url().replace(/#.*/, '')}#run=3`)
  await page.fill('input >> nth=0', 'kept')
  await page.click('text=save')
  await page.waitForSelector('form [role=status]:has-text("saved")')
  await page.keyboard.press('Escape')
  await page.goto(`${page.url().replace(/#.*/, '')}#filter=tags+contains+'kept'`)
  await page.waitForSelector('[role=status]:has-text("1 run of 26")')
}

async function checkMedia(page) {
  await page.goto(`${page.url().replace(/#.*/, '')}#run=25`)
  const images = page.locator('.media', { hasText: 'digits' })
  await images.locator('img[alt="digits at step 50"]').waitFor()
  await images.locator('input').fill('1')
  await images.locator('img[alt="digits at step 10"]').waitFor()
  const width = () => images.locator('img').evaluate((image) => image.decode().then(() => image.naturalWidth))
  assert.equal(await width(), 16, 'the image is shown')
  const histograms = page.locator('.media', { hasText: 'weights/dense' })
  await histograms.locator('svg rect').first().waitFor()
  assert.match(await histograms.locator('p').innerText(), /500 values/)
  const range = await histograms.locator('p').innerText()
  await histograms.locator('input').fill('0')
  await page.waitForFunction(
    (before) => ![...document.querySelectorAll('.media p')].some((one) => one.innerText === before),
    range,
  )
}

async function checkBands(page) {
  await page.goto(`${page.url().replace(/#.*/, '')}#show=*&group=config.optimizer.lr&metrics=train.loss`)
  const summary = page.locator('.chart[data-metric="train.loss"] .summary')
  await summary.filter({ hasText: /^2[56] runs/ }).waitFor()
  await page.keyboard.press('b')
  // Four rates, and a run that has none.
  await summary.filter({ hasText: '5 groups, the means' }).waitFor()
  await page.keyboard.press('[')
  await page.waitForSelector('.table', { state: 'detached' })
  await page.keyboard.press('[')
  await page.waitForSelector('.table')
}

async function checkCompare(page) {
  const address = page.url().replace(/#.*/, '')
  await page.goto(`${address}#compare=1&show=22&show=21`)
  await page.locator('.summary', { hasText: 'resumed: run 22 at step 250' }).first().waitFor()
  await page.goto(`${address}#compare=1&show=25&show=24&show=17`)
  const table = page.locator('table.plain')
  // The host of one is another; who started them is the same.
  await table.locator('th:text-is("on")').waitFor()
  assert.equal(await table.locator('th:text-is("by")').count(), 0)
  await page.click('text=only what differs')
  await table.locator('th:text-is("by")').waitFor()
  const summary = page.locator('.chart[data-metric="train.loss"] .summary')
  await summary.filter({ hasText: /^3 runs/ }).waitFor()
  await page.selectOption('label:has-text("group by") select', 'config.optimizer.lr')
  await page.keyboard.press('b')
  await summary.filter({ hasText: '2 groups, the means' }).waitFor()
  assert.deepEqual(await page.locator('.legend li').allInnerTexts(), [' 0.01', ' 0.1'])
  await table.locator('a:text-is("24")').click()
  await page.waitForSelector('h2:has-text("Run 24")')
  await page.click('text=← comparison')
  await page.waitForSelector('h2:has-text("Comparing 3 runs")')
  await page.click('text=← all runs')
  await page.waitForSelector('.table')
}

/** Chooses something of the menu of a chart, and gives the name and the bytes of what is saved. */
async function saved(chart, item) {
  const [download] = await Promise.all([
    chart.page().waitForEvent('download'),
    chart.getByText(item, { exact: true }).click(),
  ])
  return [download.suggestedFilename(), readFileSync(await download.path())]
}

async function checkSaved(page, logs) {
  writeRun(logs, 40, { lines: 20_000 })
  await page.waitForSelector('.table a:text-is("40")')
  const address = page.url().replace(/#.*/, '')
  await page.goto(`${address}#show=40&metrics=train.loss`)
  const chart = page.locator('.chart[data-metric="train.loss"]')
  await chart.locator('figcaption', { hasText: 'of 20,000 points' }).waitFor()
  await page.keyboard.press('e')
  const [pictureName, picture] = await saved(chart, 'PNG')
  assert.equal(pictureName, 'train.loss.png')
  assert.equal(picture.subarray(1, 4).toString(), 'PNG')

  const [drawingName, drawing] = await saved(chart, 'SVG')
  assert.equal(drawingName, 'train.loss.svg')
  const { errors, texts, width } = await page.evaluate(async (source) => {
    const svg = new DOMParser().parseFromString(source, 'image/svg+xml')
    const image = new Image()
    image.src = `data:image/svg+xml,${encodeURIComponent(source)}`
    await image.decode()
    return {
      errors: svg.querySelectorAll('parsererror').length,
      texts: [...svg.querySelectorAll('text')].map((text) => text.textContent),
      width: image.naturalWidth - document.querySelector('.plot').clientWidth,
    }
  }, drawing.toString())
  assert.deepEqual([errors, width], [0, 0])
  assert.deepEqual([texts[0], texts.at(-1), texts.includes('step')], ['train.loss', '40', true])

  const [csvName, csv] = await saved(chart, 'CSV (drawn)')
  assert.equal(csvName, 'train.loss.csv')
  const lines = csv.toString().split('\r\n')
  assert.equal(lines[0], 'line,kind,step,train.loss')
  assert(lines.length < 5000, `${lines.length} drawn points`)
  const [, all] = await saved(chart, 'CSV (all points)')
  const rows = all.toString().split('\r\n')
  assert.deepEqual([rows[0], rows.length], ['run,step,train.loss', 20_002])
  assert.match(rows[20_000], /^40,20000,0\.0/)

  await page.goto(`${address}#show=1&show=2&metrics=train.loss&group=config.optimizer.lr&bands=1`)
  await chart.locator('.summary', { hasText: '2 groups' }).waitFor()
  const [, grouped] = await saved(chart, 'CSV (all points)')
  assert.match(grouped.toString(), /^group,run,step,train\.loss\r\n0\.01,1,1,/)
  assert.equal(grouped.toString().split('\r\n').length, 602)
}

async function checkSavedReport(page) {
  await page.goto(`${page.url().replace(/#.*/, '')}#show=1&metrics=train.loss`)
  const chart = page.locator('.chart[data-metric="train.loss"]')
  await chart.locator('.summary', { hasText: '1 run' }).waitFor()
  await chart.locator('summary').click()
  const [, drawing] = await saved(chart, 'SVG')
  assert.match(drawing.toString(), /^<svg .*<\/svg>\s*$/s)
  const [, all] = await saved(chart, 'CSV (all points)')
  assert.equal(all.toString().split('\r\n').length, 302)
  await page.close()
}

/** Gives where an element is, when it is to be seen: a chart that is drawn anew is gone for a moment. */
async function boxOf(locator) {
  for (let i = 0; i < 100; i++) {
    await locator.waitFor()
    const box = await locator.boundingBox()
    if (box) return box
  }
  throw new Error(`${locator} is not to be seen`)
}

/** Looks whether all of the menu is in the window, however narrow. */
async function checkSaveMenu(page) {
  const chart = page.locator('.chart').first()
  await chart.locator('summary').click()
  const box = await boxOf(chart.locator('.menu > div'))
  assert(box.x >= 0 && box.x + box.width <= 390, `the menu is from ${box.x} to ${box.x + box.width} px`)
  await page.close()
}

/** Gives how long a row takes from the file to the table and to the chart, the longest of a few, in milliseconds. */
async function measureLive(page, logs) {
  const folder = writeRun(logs, 30, { status: 'RUNNING', lines: 5 })
  await page.waitForSelector('.table a:text-is("30")')
  let longest = 0
  for (let step = 6; step < 16; step++) {
    const loss = 1000 + step
    const start = performance.now()
    appendFileSync(join(folder, 'metrics/train.json'), `{"step": ${step}, "loss": ${loss}}\n`)
    await page.waitForFunction(
      (text) =>
        document.querySelector('.table tbody').textContent.includes(text) &&
        document
          .querySelector('[data-metric="train.loss"] .summary')
          .textContent.includes(`greatest ${text}`),
      String(loss),
      { polling: 'raf' },
    )
    longest = Math.max(longest, performance.now() - start)
  }
  await page.close()
  return Math.round(longest)
}
