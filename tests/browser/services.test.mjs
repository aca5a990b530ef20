// The installed kernel behind Debian's jupyter_server, driven by the library that JupyterLab itself
// and most other web front ends are made of.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { KernelAPI, KernelManager, KernelSpecManager, ServerConnection, SessionManager } from '@jupyterlab/services';

const { LAB_URL, LAB_TOKEN } = process.env;
const serverSettings = ServerConnection.makeSettings({
  baseUrl: LAB_URL, wsUrl: LAB_URL.replace(/^http/, 'ws'), token: LAB_TOKEN, appendToken: true
});
const kernels = new KernelManager({ serverSettings });
const sessions = new SessionManager({ serverSettings, kernelManager: kernels });
const deadline = { timeout: 120_000 };
let session, kernel;

const it = (name, body) => test(name, deadline, body);

before(async () => {
  session = await sessions.startNew({ path: 'services.ipynb', name: 'services.ipynb', type: 'notebook', kernel: { name: 'csharp' } });
  kernel = session.kernel;
  await kernel.info;
}, deadline);

after(async () => {
  await sessions.shutdownAll();
  for (const each of [session, sessions, kernels]) each?.dispose();
}, deadline);

/** Executes a cell; `seen` is called with every message on iopub, and stdin requests are answered with `answers`. */
async function run(code, { answers = [], seen = () => {}, on = kernel } = {}) {
  const future = on.requestExecute({ code, allow_stdin: true, stop_on_error: true });
  const messages = [];
  const prompts = [];
  future.onIOPub = message => {
    messages.push(message);
    seen(message);
  };
  future.onStdin = request => {
    prompts.push(request.content);
    on.sendInputReply({ status: 'ok', value: answers.shift() }, request.header);
  };
  const reply = (await future.done).content;
  const contents = type => messages.filter(message => message.header.msg_type === type).map(message => message.content);
  const text = name => contents('stream').filter(stream => stream.name === name).map(stream => stream.text).join('');
  const types = messages.map(message => message.header.msg_type);
  return { reply, prompts, contents, types, stdout: text('stdout'), stderr: text('stderr') };
}

const resultOf = ({ reply, contents }) => {
  assert.equal(reply.status, 'ok', `${reply.ename}: ${reply.evalue}`);
  return contents('execute_result')[0]?.data['text/plain'];
};

it('The server lists the kernelspec', async () => {
  const specs = new KernelSpecManager({ serverSettings });
  await specs.ready;
  const spec = specs.specs.kernelspecs.csharp;
  specs.dispose();
  assert.equal(spec.display_name, 'C#');
  assert.equal(spec.language, 'csharp');
});

it('kernel_info names the language and the protocol', async () => {
  const { content } = await kernel.requestKernelInfo();
  const { name, mimetype, file_extension } = content.language_info;
  assert.deepEqual({ name, mimetype, file_extension }, { name: 'csharp', mimetype: 'text/x-csharp', file_extension: '.cs' });
  const [major, minor] = content.protocol_version.split('.').map(Number);
  assert.ok(major === 5 && minor >= 4, content.protocol_version);
});

it('A cell streams its output and returns its result, between busy and idle', async () => {
  const cell = await run('Console.WriteLine("out"); Console.Error.WriteLine("err"); 6 * 7');
  assert.equal(resultOf(cell), '42');
  assert.equal(cell.stdout, 'out\n');
  assert.equal(cell.stderr, 'err\n');
  assert.deepEqual(cell.contents('status').map(status => status.execution_state), ['busy', 'idle']);
  assert.deepEqual([cell.types.at(0), cell.types.at(1), cell.types.at(-2), cell.types.at(-1)],
    ['status', 'execute_input', 'execute_result', 'status']);
  assert.equal(cell.contents('execute_result')[0].execution_count, cell.reply.execution_count);
});

it('Kernel status follows a cell', async () => {
  const statuses = [];
  const idle = new Promise(resolve => kernel.statusChanged.connect((_, status) => {
    statuses.push(status);
    if (status === 'idle') resolve();
  }));
  await run('1 + 1');
  await idle;
  assert.deepEqual(statuses, ['busy', 'idle']);
});

it('Variables live on in later cells', async () => {
  await run('var kept = new List<int> { 1, 2, 3 };');
  assert.equal(resultOf(await run('kept.Sum()')), '6');
});

it('A cell with nothing to run succeeds', async () => {
  assert.equal(resultOf(await run('// only a comment')), undefined);
  assert.equal(resultOf(await run('using System.Net;')), undefined);
  assert.equal(resultOf(await run('nameof(IPAddress)')), 'IPAddress');
});

it('An error is reported in colour and aborts the cells queued behind it', async () => {
  const [failed, queued] = await Promise.all([
    run('throw new InvalidOperationException("no luck");'), run('"never"')
  ]);
  assert.equal(failed.reply.status, 'error');
  const [error] = failed.contents('error');
  assert.match(error.ename, /InvalidOperationException/);
  assert.match(error.evalue, /no luck/);
  assert.match(error.traceback.join('\n'), /\x1b\[[\d;]*m/);
  assert.notEqual(queued.reply.status, 'ok');
  assert.deepEqual(queued.contents('execute_result'), []);
});

it('A displayed value is updated in place', async () => {
  const cell = await run('var shown = display("before"); shown.Update("after");');
  const [displayed] = cell.contents('display_data');
  const [updated] = cell.contents('update_display_data');
  assert.match(displayed.data['text/plain'], /before/);
  assert.match(updated.data['text/plain'], /after/);
  assert.ok(displayed.transient.display_id);
  assert.equal(updated.transient.display_id, displayed.transient.display_id);
});

it('A cell reads lines that the front end is asked for', async () => {
  const cell = await run('var first = Console.ReadLine(); var second = Console.ReadLine(); $"{first} and {second}"',
    { answers: ['salt', 'pepper'] });
  assert.equal(resultOf(cell), 'salt and pepper');
  assert.equal(cell.prompts.length, 2);
  assert.equal(cell.prompts[0].password, false);
});

it('An endless loop is interrupted, and the kernel goes on', async () => {
  await run('var before = 12;');
  const cell = await run('Console.WriteLine("looping"); while (true) { }', {
    seen: message => {
      if (message.header.msg_type === 'stream') void kernel.interrupt();
    }
  });
  assert.equal(cell.reply.status, 'error');
  assert.match(cell.reply.ename + cell.reply.evalue, /Interrupt/);
  assert.equal(resultOf(await run('before')), '12');
});

it('Completion offers the members of a type', async () => {
  const code = 'Console.Wr';
  const { content } = await kernel.requestComplete({ code, cursor_pos: code.length });
  assert.equal(content.status, 'ok');
  const completed = content.matches.map(match => code.slice(0, content.cursor_start) + match + code.slice(content.cursor_end));
  assert.ok(completed.includes('Console.WriteLine'), content.matches.join());
});

it('Inspection describes the member at the cursor', async () => {
  const code = 'Console.WriteLine';
  const { content } = await kernel.requestInspect({ code, cursor_pos: code.length, detail_level: 0 });
  assert.equal(content.status, 'ok');
  assert.equal(content.found, true);
  assert.match(content.data['text/plain'], /WriteLine/);
});

it('Complete, incomplete and invalid code are told apart', async () => {
  const statusOf = async code => (await kernel.requestIsComplete({ code })).content.status;
  assert.equal(await statusOf('var x = 1;'), 'complete');
  assert.equal(await statusOf('if (true) {'), 'incomplete');
  assert.equal(await statusOf('var x = = 1;'), 'invalid');
});

it('History has the latest cells', async () => {
  const marker = `// ${crypto.randomUUID()}`;
  await run(marker);
  const { content } = await kernel.requestHistory({ hist_access_type: 'tail', n: 1, raw: true, output: false });
  assert.equal(content.status, 'ok');
  assert.deepEqual(content.history.map(([, , input]) => input), [marker]);
});

it('A comm to an unknown target is closed', async () => {
  const comm = kernel.createComm('no.such.target');
  const closed = new Promise(resolve => { comm.onClose = resolve; });
  comm.open({ greeting: 'hello' });
  const message = await closed;
  assert.equal(message.content.comm_id, comm.commId);
  assert.deepEqual((await kernel.requestCommInfo({})).content.comms, {});
});

it('A second front end sees the outputs of the first', async () => {
  const other = kernels.connectTo({ model: kernel.model });
  await other.info;
  const seen = new Promise(resolve => other.iopubMessage.connect((_, message) => {
    if (message.header.msg_type === 'execute_result') resolve(message.content.data['text/plain']);
  }));
  await run('100 + 23');
  assert.equal(await seen, '123');
  assert.equal(resultOf(await run('200 + 34', { on: other })), '234');
  other.dispose();
});

it('A restarted kernel has forgotten everything and runs again', async () => {
  await run('var forgotten = 1;');
  await kernel.restart();
  const cell = await run('forgotten');
  assert.equal(cell.reply.status, 'error');
  assert.equal(cell.reply.execution_count, 1);
  assert.equal(resultOf(await run('var again = 2; again')), '2');
});

it('A shut down kernel is gone', async () => {
  const { id } = kernel;
  await kernel.shutdown();
  const running = await KernelAPI.listRunning(serverSettings);
  assert.ok(!running.some(model => model.id === id));
});
