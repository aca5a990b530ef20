// The installed kernel in a JupyterLab page in headless Chromium, used as a person would: by menus, keys and clicks.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { chromium } from 'playwright-core';

const { LAB_URL, LAB_TOKEN, LAB_ROOT, SCREENSHOTS, CHROMIUM = '/usr/bin/chromium' } = process.env;
const DEADLINE = 120_000; // for one wait; a loaded machine may starve the page for a minute
let browser, context;

const FRAMES = 20; // that a healthy browser draws in well under a second

/** How many of FRAMES the page draws in `ms` milliseconds. */
const framesDrawn = (page, ms = 10_000) => Promise.race([
  page.evaluate(frames => new Promise(resolve => {
    window.framesDrawn = 0;
    requestAnimationFrame(function next() { ++window.framesDrawn < frames ? requestAnimationFrame(next) : resolve(frames); });
  }), FRAMES),
  new Promise(resolve => setTimeout(resolve, ms)).then(() => page.evaluate(() => window.framesDrawn)),
  new Promise(resolve => setTimeout(resolve, 2 * ms, 0)) // a page that is busy for ever does not even say so
]);

// Now and then a browser that was just started draws nothing, or a frame a minute; that is no fault of what is tested here.
async function startBrowser() {
  for (let attempt = 1; ; attempt++) {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync']
    });
    context = await browser.newContext({ viewport: { width: 1100, height: 800 } });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(DEADLINE / 2);
      await open(page, '');
      await page.locator('.jp-LauncherCard').first().waitFor();
      await page.screenshot();
      assert.equal(await framesDrawn(page), FRAMES);
      await page.close();
      return;
    } catch (error) {
      console.log(`The browser is started again: ${error.message}`);
      await browser.close();
      if (attempt === 3) throw error;
    }
  }
}

before(startBrowser, { timeout: 4 * DEADLINE });
after(() => browser?.close());

/** A test with a page of its own, which it must leave without an uncaught error. */
const it = (name, body) => test(name, { timeout: 8 * DEADLINE }, async () => {
  for (let attempt = 1; ; attempt++) {
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE);
    const uncaught = [];
    page.on('pageerror', error => uncaught.push(error.stack));
    try {
      await body(page);
      await page.evaluate(() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown());
      assert.deepEqual(uncaught, []);
      return;
    } catch (error) {
      const frames = await framesDrawn(page).catch(gone => gone.message);
      const kernels = await page.request.get(`${LAB_URL}api/kernels?token=${LAB_TOKEN}`).then(reply => reply.text(), gone => gone.message);
      console.log(`${name}: ${error.message}\nFrames drawn: ${frames} of ${FRAMES}. Kernels: ${kernels}`);
      if (frames === FRAMES || attempt === 2) {
        await screenshot(page, `failed ${name}`).catch(() => {}); // the error matters more
        throw error;
      }
      await browser.close();

      // The next attempt begins as the first one did: with a kernel that has run nothing.
      const sessions = `${LAB_URL}api/sessions`;
      for (const { id } of await (await fetch(`${sessions}?token=${LAB_TOKEN}`)).json()) await fetch(`${sessions}/${id}?token=${LAB_TOKEN}`, { method: 'DELETE' });
      await startBrowser();
    } finally {
      await page.close().catch(() => {}); // with its browser
    }
  }
});

const open = (page, where) => page.goto(`${LAB_URL}lab${where}?token=${LAB_TOKEN}&reset`);
const screenshot = (page, name) => page.screenshot({ path: path.join(SCREENSHOTS, `${name.replace(/\W+/g, '-')}.png`) });

/** Opens a new notebook with these code cells and waits for its kernel. */
async function openNotebook(page, name, cells) {
  const notebook = {
    nbformat: 4, nbformat_minor: 5,
    metadata: { kernelspec: { name: 'csharp', display_name: 'C#', language: 'csharp' } },
    cells: cells.map((source, i) => ({ id: `cell-${i}`, cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source }))
  };
  await writeFile(path.join(LAB_ROOT, `${name}.ipynb`), JSON.stringify(notebook));
  await open(page, `/tree/${name}.ipynb`);
  await kernelNamed(page);
}

// The round indicator in the notebook's toolbar.
const kernelStatus = (page, status) => page.locator(`.jp-Notebook-ExecutionIndicator[data-status="${status}"]`).waitFor();
const idle = page => kernelStatus(page, 'idle');

// The indicator is idle before there is a kernel as well, and a cell that is run then makes JupyterLab ask for one.
const kernelNamed = async page => {
  await containing(page.locator('.jp-KernelName'), 'C#');
  await idle(page);
};

const cell = (page, i) => page.locator('.jp-Notebook .jp-CodeCell').nth(i);
const editor = (page, i) => cell(page, i).locator('.cm-content');
const output = (page, i) => cell(page, i).locator('.jp-OutputArea-output');
const prompt = (page, i, count) => cell(page, i).locator('.jp-InputPrompt', { hasText: `[${count}]:` }).waitFor();
const containing = (locator, hasText) => locator.filter({ hasText }).first().waitFor();

async function menu(page, bar, item) {
  await page.locator('.lm-MenuBar-itemLabel').getByText(bar, { exact: true }).click();
  await page.locator('.lm-Menu-itemLabel').getByText(item, { exact: true }).click();
}

async function runCell(page, i) {
  await editor(page, i).click();
  await page.keyboard.press('Shift+Enter');
}

it('The launcher offers C# with its logo and opens a notebook that runs', async page => {
  await open(page, '');
  const card = page.locator('.jp-LauncherCard[data-category="Notebook"]', { has: page.getByText('C#', { exact: true }) });
  const logo = card.locator('img');
  await logo.waitFor();
  await page.waitForFunction(image => image.complete && image.naturalWidth > 0, await logo.elementHandle());
  const served = await page.request.get(await logo.evaluate(image => image.src));
  assert.deepEqual(await served.body(), await readFile(new URL('../../kernelspec/logo-svg.svg', import.meta.url)));
  await screenshot(page, 'launcher');

  await card.click();
  await kernelNamed(page);
  await editor(page, 0).fill('6 * 7');
  await runCell(page, 0);
  await containing(output(page, 0), '42');
});

it('All cells run, and show text, HTML and an error in colour', async page => {
  await openNotebook(page, 'outputs', [
    'var words = new[] { "salt", "pepper" };\nforeach (var word in words)\n    Console.WriteLine(word);\nwords.Length',
    'HTML("<b style=\'color: teal\'>bold</b> and <i>italic</i>")',
    'int Half(int n) => n / 2;\nHalf(84)',
    'int Fail(int n) => throw new InvalidOperationException($"no luck with {n}");\nFail(13)'
  ]);
  await menu(page, 'Run', 'Run All Cells');
  await prompt(page, 3, 4);
  await idle(page);

  await containing(editor(page, 0).locator('.cm-line span'), /^foreach$/); // highlighted as C#
  await containing(output(page, 0), 'salt\npepper');
  await containing(output(page, 0), '2');
  assert.equal(await output(page, 1).locator('b').innerText(), 'bold');
  await containing(output(page, 2), '42');
  const error = cell(page, 3).locator('[data-mime-type="application/vnd.jupyter.stderr"]');
  await containing(error, /InvalidOperationException[^]*no luck with 13/);
  assert.ok(await error.locator('[class*="ansi-"]').count() > 0, 'the error has colours');
  await screenshot(page, 'outputs');
  await cell(page, 3).screenshot({ path: path.join(SCREENSHOTS, 'error.png') });
});

it('Values show as tables, trees, charts and progress bars in the page\'s colours', async page => {
  await openNotebook(page, 'values', [
    'new[] { new { Name = "salt", Grams = 5.5 }, new { Name = "<b>", Grams = 12.0 } }',
    'new { Inner = new { Deep = 42 } }',
    'Plot.Line(new[] { 1.0, 3, 2 }, "height").Title("A chart")',
    'foreach (var n in Progress(Enumerable.Range(0, 3).ToList(), "Counting")) { }'
  ]);
  await menu(page, 'Run', 'Run All Cells');
  await prompt(page, 3, 4);
  await idle(page);

  const number = output(page, 0).locator('tbody td', { hasText: '12' });
  assert.equal(await number.evaluate(td => getComputedStyle(td).textAlign), 'right');
  assert.equal(await output(page, 0).locator('tbody tr').nth(1).locator('td').first().innerText(), '<b>');
  assert.equal(await output(page, 1).getByText('42', { exact: true }).isVisible(), false);
  await output(page, 1).locator('summary').last().click();
  assert.equal(await output(page, 1).getByText('42', { exact: true }).isVisible(), true);
  await containing(output(page, 2).locator('svg text'), 'A chart');
  const colours = await output(page, 2).evaluate(node => [getComputedStyle(node).color, getComputedStyle(node.querySelector('svg text')).fill]);
  assert.equal(colours[1], colours[0]);
  await containing(output(page, 3), '3/3');
  await screenshot(page, 'values');
});

/** What of a cell's outputs is written in a colour too close to what is behind it: texts, each with its contrast (WCAG 2, 1.4.3). */
const illegible = (page, i) => cell(page, i).evaluate(node => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map(part => part / 255);
  };
  const luminance = ([r, g, b]) => [r, g, b].map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = rgba(getComputedStyle(element).backgroundColor);
      if (colour[3] > 0.99) return colour;
    }
    return [1, 1, 1];
  };
  const found = [];
  for (const area of node.querySelectorAll('.jp-OutputArea-output')) {
    const texts = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || element.closest('style, script, title') || !element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const [a, b] = [rgba(element instanceof SVGElement ? style.fill : style.color), behind(element)].map(luminance).sort();
      const contrast = (b + 0.05) / (a + 0.05);
      if (contrast < 3) found.push(`${texts.currentNode.data.trim().slice(0, 30)} ${contrast.toFixed(1)}`);
    }
  }
  return found;
});

it('The gallery can be read in the light and in the dark theme', async page => {
  const { cells } = JSON.parse(await readFile(new URL('../../samples/gallery.ipynb', import.meta.url), 'utf8'));
  await openNotebook(page, 'gallery', cells.filter(c => c.cell_type === 'code').map(c => c.source));
  await menu(page, 'Run', 'Run All Cells');
  await page.waitForFunction(last => document.querySelector('.jp-Notebook .jp-CodeCell:last-of-type .jp-InputPrompt')?.textContent.includes(last), `[${cells.filter(c => c.cell_type === 'code').length}]`);
  await idle(page);
  for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
    await page.evaluate(name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name }), theme);
    await page.locator(`body[data-jp-theme-name="${theme}"]`).waitFor({ state: 'attached' });
    for (let i = 0; i < await page.locator('.jp-Notebook .jp-CodeCell').count(); i++) {
      await cell(page, i).scrollIntoViewIfNeeded();
      assert.deepEqual(await illegible(page, i), [], `cell ${i + 1}, ${theme}`);
      if (i % 3 === 0) await screenshot(page, `gallery-${theme.split(' ')[1]}-${i + 1}`);
    }
  }
  await page.evaluate(() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' }));
});

it('A large table is paged, sorted and filtered, also after the page was reloaded, and is as it was saved once its kernel was restarted', async page => {
  await openNotebook(page, 'large-table', [
    'Enumerable.Range(0, 1000).Select(i => new { Row = i, Name = i % 2 == 0 ? "<b>even</b>" : "odd", Square = i * i }).ToList()'
  ]);
  await runCell(page, 0);
  const said = cell(page, 0).locator('.cs-said');
  const names = () => output(page, 0).locator('tbody tr > th').allInnerTexts();
  const press = name => output(page, 0).getByRole('button', { name, exact: true }).click();
  await containing(said, '1–20 of 1,000');
  assert.equal((await names())[19], '19');
  await press('Next rows');
  await containing(said, '21–40 of 1,000');
  assert.equal((await names())[0], '20');
  assert.equal(await output(page, 0).locator('tbody td', { hasText: '<b>even</b>' }).first().locator('b').count(), 0);
  await press('Last rows');
  await containing(said, '981–1,000 of 1,000');

  const square = output(page, 0).locator('thead th', { hasText: 'Square' });
  await square.getByRole('button').focus();
  await page.keyboard.press('Enter');
  await square.and(page.locator('[aria-sort=ascending]')).waitFor();
  await page.keyboard.press('Enter'); // The focus is on the new header.
  await square.and(page.locator('[aria-sort=descending]')).waitFor();
  assert.equal((await names())[0], '999');

  await output(page, 0).getByRole('searchbox').fill('Row < 100');
  await containing(said, '1–20 of 100 (1,000 in all)');
  assert.equal((await names())[0], '99');
  await output(page, 0).getByRole('searchbox').fill('odd');
  await containing(said, '1–20 of 500 (1,000 in all)');
  await screenshot(page, 'large table');
  await output(page, 0).getByRole('searchbox').fill('nowhere');
  await containing(said, 'No rows');

  const saved = page.waitForResponse(response => response.request().method() === 'PUT' && response.url().includes('large-table.ipynb'));
  await page.keyboard.press('Control+S');
  assert.ok((await saved).ok());
  await page.reload();
  await containing(said, '1–20 of 1,000');
  await press('Next rows');
  await containing(said, '21–40 of 1,000');

  await menu(page, 'Kernel', 'Restart Kernel…');
  await page.locator('.jp-Dialog button', { hasText: 'Restart' }).click();
  await said.waitFor({ state: 'detached' });
  assert.equal((await names())[0], '0');
  await containing(output(page, 0).locator('tfoot'), '(980 more)');
  await idle(page);
});

it('Charts of libraries draw, however late the library comes', async page => {
  // Nothing of the network but this: the page asks for several versions, all of which draw such a chart as this one does.
  const library = await readFile(new URL('node_modules/plotly.js-dist-min/plotly.min.js', import.meta.url));
  const asked = [];
  await page.route(url => url.hostname !== '127.0.0.1', async route => {
    asked.push(route.request().url());
    if (!route.request().url().startsWith('https://cdn.plot.ly/')) return route.abort();
    await new Promise(resolve => setTimeout(resolve, 2_000));
    await route.fulfill({ body: library, contentType: 'text/javascript' });
  });
  await openNotebook(page, 'libraries', [
    '#r "nuget: XPlot.Plotly, 4.1.0"\nXPlot.Plotly.Chart.Plot(new XPlot.Plotly.Scatter { x = new[] { 1, 2, 3 }, y = new[] { 1, 4, 9 } })',
    '#r "nuget: Plotly.NET.CSharp, 0.14.0"\nPlotly.NET.CSharp.Chart.Line<int, int, string>(x: [1, 2, 3], y: [1, 4, 9])'
  ]);
  await menu(page, 'Run', 'Run All Cells');
  for (const i of [0, 1]) {
    await output(page, i).locator('.main-svg .scatterlayer path.js-line').first().waitFor({ state: 'attached' });
  }
  assert.ok(asked.length > 0);
  await screenshot(page, 'libraries');
  await idle(page);
});

it('What is shared with JavaScript and HTML is there for their scripts', async page => {
  await openNotebook(page, 'shared', [
    'var prices = new[] { new { Name = "tea</script>", Price = 2.5 }, new { Name = "salt", Price = 0.75 } };',
    '#!js\n#!share --from csharp prices\nelement.textContent = `${prices.length} prices, ${prices[0].Name} ${prices[1].Price}`;',
    '#!html\n#!set --name words --value @csharp:prices\n<b class="shown"></b><script>document.querySelector(".shown").textContent = words[1].Name;</script>'
  ]);
  await menu(page, 'Run', 'Run All Cells');
  await containing(output(page, 1), '2 prices, tea</script> 0.75');
  await containing(output(page, 2).locator('b'), 'salt');
  await idle(page);
});

it('A saved notebook names its language', async page => {
  await openNotebook(page, 'saved', ['1 + 1']);
  await runCell(page, 0);
  await containing(output(page, 0), '2');
  const saved = page.waitForResponse(response => response.request().method() === 'PUT' && response.url().includes('saved.ipynb'));
  await page.keyboard.press('Control+S');
  assert.ok((await saved).ok());
  const notebook = JSON.parse(await readFile(path.join(LAB_ROOT, 'saved.ipynb')));
  assert.equal(notebook.metadata.language_info.file_extension, '.cs');
  assert.equal(notebook.cells[0].outputs[0].data['text/plain'].join(''), '2');
});

it('The keys I I interrupt an endless loop, and the kernel goes on', async page => {
  await openNotebook(page, 'interrupt', ['var kept = 21;', 'Console.WriteLine("looping");\nwhile (true) { }', 'kept * 2']);
  await runCell(page, 0);
  await runCell(page, 1);
  await containing(output(page, 1), 'looping');
  await kernelStatus(page, 'busy');
  await page.keyboard.press('Escape');
  await page.keyboard.press('i');
  await page.keyboard.press('i');
  await containing(output(page, 1), /Interrupt/);
  await idle(page);
  await runCell(page, 2);
  await containing(output(page, 2), '42');
});

it('A restarted kernel runs all cells again', async page => {
  await openNotebook(page, 'restart', ['var started = Guid.NewGuid();', 'started']);
  await menu(page, 'Run', 'Run All Cells');
  await containing(output(page, 1), /[\da-f]{8}-/);
  await menu(page, 'Run', 'Run All Cells');
  await prompt(page, 1, 4);
  const first = await output(page, 1).innerText();

  await menu(page, 'Kernel', 'Restart Kernel and Run All Cells…');
  await page.locator('.jp-Dialog button', { hasText: 'Restart' }).click();
  await prompt(page, 1, 2); // counted from one again
  await idle(page);
  assert.notEqual(await output(page, 1).innerText(), first);
});

it('Tab completes a member', async page => {
  await openNotebook(page, 'completion', ['']);
  await editor(page, 0).click();
  await page.keyboard.type('Console.Wr');
  await page.keyboard.press('Tab');
  const item = page.locator('.jp-Completer-item', { hasText: 'WriteLine' }).first();
  await item.waitFor();
  await screenshot(page, 'completion');
  await item.click();
  await containing(editor(page, 0), 'Console.WriteLine');
});

it('Proposals have icons for what they are, and what is accepted without being imported gets its using', async page => {
  await openNotebook(page, 'proposals', ['var shopping = new List<string> { "tea" };', '', '']);
  await runCell(page, 0);
  await prompt(page, 0, 1);
  await editor(page, 1).click();
  await page.keyboard.type('shopping.');
  await page.keyboard.press('Tab');
  const completer = page.locator('.jp-Completer');
  await containing(completer.locator('.jp-Completer-item', { has: page.locator('.jp-Completer-monogram, .jp-Completer-icon') }), 'Add');
  await screenshot(page, 'completion');
  await page.keyboard.press('Escape');

  await editor(page, 2).click();
  await page.keyboard.type('var watch = Stopwa');
  await page.keyboard.press('Tab');
  await containing(completer.locator('.jp-Completer-item'), 'Stopwatch');
  await page.keyboard.press('Enter');
  await containing(editor(page, 2), 'Stopwatch');
  await page.keyboard.type('.StartNew();');
  await runCell(page, 2);
  await containing(output(page, 2), 'Added: using System.Diagnostics;');
  await containing(editor(page, 2), 'using System.Diagnostics;');
});

it('Shift+Tab shows what is known of a member, and in its arguments which one is written', async page => {
  await openNotebook(page, 'inspection', ['']);
  await editor(page, 0).click();
  await page.keyboard.type('Console.WriteLine');
  await page.keyboard.press('Shift+Tab');
  await containing(page.locator('.jp-Tooltip-content'), 'Writes the');
  await screenshot(page, 'inspection');
  await page.keyboard.press('Escape');
  await page.keyboard.type('(Math.Clamp(1, ');
  await page.keyboard.press('Shift+Tab');
  await containing(page.locator('.jp-Tooltip-content b'), 'min');
  await screenshot(page, 'signature');
});

it('A cell that reads a line asks for it', async page => {
  await openNotebook(page, 'input', ['Console.Write("Name? ");\nvar name = Console.ReadLine();\n$"Hello {name}!"']);
  await runCell(page, 0);
  const input = cell(page, 0).locator('input.jp-Stdin-input');
  await input.fill('Ada');
  await input.press('Enter');
  await containing(output(page, 0), 'Hello Ada!');
  await idle(page);
});

it('A lost and a recycled worker are told of, and the variables are there', async page => {
  await openNotebook(page, 'survives', [
    'record Point(int X, int Y);\nvar point = new Point(1, 2);\nvar random = Random.Shared.Next();',
    'int Depth(int n) => Depth(n + 1) + 1;\nDepth(0)',
    '$"{point} is still there"',
    'var before = random;',
    '#!recycle',
    '(before == random, Environment.ProcessId > 0)',
    '#!memory',
    '#!history'
  ]);
  await runCell(page, 0);
  await prompt(page, 0, 1);
  await runCell(page, 1);
  await containing(output(page, 1), 'stack overflow');
  await containing(output(page, 1), 'Depth');
  for (const [i, text] of [[2, 'Point { X = 1, Y = 2 } is still there'], [3, ''], [4, 'was recycled'], [5, '(True, True)'], [6, 'is replaced when'], [7, 'record Point']]) {
    await runCell(page, i);
    if (text) await containing(output(page, i), text);
    else await prompt(page, i, i + 1);
  }
  await screenshot(page, 'survives');
  await cell(page, 7).scrollIntoViewIfNeeded();
  await screenshot(page, 'memory and history');
});
