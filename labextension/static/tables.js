// Large tables of C# notebooks in JupyterLab: paged, sorted and filtered. The kernel shows the first rows of a table as HTML, and beside it
// the table's id; this asks the kernel for the other rows over a comm, and shows them in place of the first. What there is to ask is described
// in the kernel's TableQuery.cs. Where no kernel answers (another one runs, or none), the table stays as it was saved.
//
// A federated extension as JupyterLab loads it, written by hand: it imports nothing, so there is nothing to build.
(() => {
  const MIME_TYPE = 'application/vnd.jupyter-csharp.table+json';
  const TARGET = 'jupyter-csharp.tables';
  const TYPING_MS = 250;
  const SLOW_MS = 1000;

  const STYLE = `
    .cs-rows[aria-busy=true] { opacity: .55; transition: opacity .15s .3s }
    .cs-rows thead th { padding: 0 !important }
    .cs-rows thead th:first-child { padding: .25em .75em !important }
    .cs-sort { all: unset; box-sizing: border-box; display: block; width: 100%; padding: .25em .75em; cursor: pointer; position: relative; white-space: nowrap }
    .cs-sort:hover { background: var(--jp-layout-color2, rgba(128,128,128,.12)) }
    .cs-sort:focus-visible, .cs-bar button:focus-visible { outline: 2px solid var(--jp-brand-color1, currentColor); outline-offset: -2px }
    .cs-sort::after { content: ''; display: inline-block; width: 1em; margin-right: -.75em; font-size: .75em; text-align: center; position: absolute; right: .2em; top: .55em }
    [aria-sort=ascending] > .cs-sort::after { content: '▲' }
    [aria-sort=descending] > .cs-sort::after { content: '▼' }
    .cs-bar { display: flex; flex-wrap: wrap; align-items: center; gap: .25em 1em; margin: .35em 0 .25em; font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); color: var(--jp-ui-font-color1, inherit) }
    .cs-bar input { box-sizing: border-box; width: 17em; height: 26px; padding: 0 .6em; font: inherit; color: inherit; background: var(--jp-layout-color1, transparent); border: 1px solid var(--jp-border-color1, rgba(128,128,128,.5)); border-radius: 2px }
    .cs-bar input::placeholder { color: var(--jp-ui-font-color2, inherit); opacity: 1 }
    .cs-bar input:focus { outline: none; border-color: var(--jp-brand-color1, currentColor); box-shadow: inset 0 0 0 1px var(--jp-brand-color1, currentColor) }
    .cs-pages { display: inline-flex }
    .cs-bar button { all: unset; box-sizing: border-box; width: 26px; height: 26px; display: grid; place-items: center; cursor: pointer; border-radius: 2px }
    .cs-bar button:hover:not([aria-disabled=true]) { background: var(--jp-layout-color2, rgba(128,128,128,.15)) }
    .cs-bar button[aria-disabled=true] { opacity: .3; cursor: default }
    .cs-bar svg { width: 16px; height: 16px; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round }
    .cs-said { min-width: 11em; font-variant-numeric: tabular-nums; color: var(--jp-ui-font-color2, inherit) }
    .cs-said.cs-failed { color: var(--jp-error-color1, inherit) }`;

  /** What a kernel is asked over: one comm for all tables of a notebook, opened when it is needed. */
  class Line {
    constructor(sessionContext) {
      this.sessionContext = sessionContext;
      this.waiting = new Map();
      this.lastId = 0;
    }

    /** Resolves with the kernel's answer, or with null where there is none to be had. */
    async ask(query) {
      await this.sessionContext.ready;
      const id = ++this.lastId;
      try {
        const comm = this.comm();
        if (!comm) return null;
        const answer = new Promise(resolve => this.waiting.set(id, resolve));
        comm.send({ ...query, id });
        return await answer;
      } catch (error) {
        console.warn('The kernel cannot be asked for the rows of a table:', error);
        this.waiting.delete(id);
        return null;
      }
    }

    comm() {
      const kernel = this.sessionContext.session?.kernel;
      if (this.open && !this.open.isDisposed && this.kernel === kernel) return this.open;
      this.hangUp();
      if (!kernel?.handleComms || kernel.status === 'dead') return null;
      const comm = kernel.createComm(TARGET);
      comm.onMsg = ({ content: { data } }) => this.answered(data.id, data);
      comm.onClose = () => this.open === comm && this.hangUp();
      comm.open();
      [this.open, this.kernel] = [comm, kernel];
      return comm;
    }

    answered(id, answer) {
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    }

    /** Nobody answers any more: the kernel was restarted, has changed, or has no tables. */
    hangUp() {
      this.open = null;
      for (const id of [...this.waiting.keys()]) this.answered(id, null);
    }
  }

  const element = (name, properties = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) key in node && !key.includes('-') ? (node[key] = value) : node.setAttribute(key, value);
    node.append(...children);
    return node;
  };

  /** Keys pressed in a live table are no commands for the notebook; with Control and the like they are. Seen before JupyterLab sees them. */
  function keepKeys(event) {
    const { target, ctrlKey, metaKey, altKey, shiftKey } = event;
    target.closest?.('.cs-live')?.toggleAttribute('data-lm-suppress-shortcuts', !(ctrlKey || metaKey || altKey || shiftKey));
  }

  const icon = (...lines) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 16 16');
    svg.setAttribute('aria-hidden', 'true');
    svg.innerHTML = lines.map(points => `<polyline points="${points}"/>`).join('');
    return svg;
  };

  const counted = number => number.toLocaleString('en');

  /** One table on the page. The HTML that it was shown as comes back when its rows cannot be had any more. */
  class Table {
    constructor(line, host, { table, shown }) {
      Object.assign(this, { line, host, id: table, size: shown, offset: 0, sort: null, descending: false, filter: '' });
      this.saved = [...host.childNodes];
    }

    /** Makes the table on the page a live one, if the kernel still has its rows. */
    async start() {
      const answer = await this.line.ask({ table: this.id, offset: 0, count: this.size });
      if (!answer || answer.error || this.isOver) return;
      this.build();
      this.show(answer);
    }

    /** Leaves the rows that were saved. */
    stop() {
      this.isOver = true;
      clearTimeout(this.typing);
      clearTimeout(this.slow);
      if (this.rows) this.host.replaceChildren(...this.saved);
    }

    build() {
      this.rows = element('div', { className: 'cs-rows' });
      this.search = element('input', { type: 'search', placeholder: 'Filter: text, or Column > 10', 'aria-label': 'Filter the rows: a text, or a column compared with a value' });
      this.search.addEventListener('input', () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.searched(), TYPING_MS);
      });
      this.search.addEventListener('keydown', event => {
        if (event.key === 'Enter') this.searched();
      });
      const turn = (label, page, ...lines) => {
        const button = element('button', { type: 'button', title: label, 'aria-label': label }, icon(...lines));
        button.addEventListener('click', () => button.getAttribute('aria-disabled') === 'true' || this.ask({ offset: page() }));
        return button;
      };
      const last = () => Math.max(0, Math.ceil(this.count / this.size) - 1) * this.size;
      this.back = [turn('First rows', () => 0, '11,3 6,8 11,13', '4,3 4,13'), turn('Previous rows', () => Math.max(0, this.offset - this.size), '10,3 5,8 10,13')];
      this.forth = [turn('Next rows', () => this.offset + this.size, '6,3 11,8 6,13'), turn('Last rows', last, '5,3 10,8 5,13', '12,3 12,13')];
      this.said = element('span', { className: 'cs-said', role: 'status' });
      const bar = element('div', { className: 'cs-bar', role: 'group', 'aria-label': 'Rows of the table' },
        element('span', { className: 'cs-pages' }, ...this.back, ...this.forth), this.said, this.search);

      const live = element('div', { className: 'cs-v cs-live' }, this.rows, bar);
      const style = this.host.querySelector('.cs-v > style');
      if (style) live.prepend(style.cloneNode(true));
      this.host.replaceChildren(live);
    }

    searched() {
      clearTimeout(this.typing);
      if (this.search.value.trim() !== this.filter) this.ask({ filter: this.search.value.trim(), offset: 0 });
    }

    sorted(column) {
      const next = this.sort !== column ? { sort: column, descending: false } : !this.descending ? { descending: true } : { sort: null, descending: false };
      this.ask({ ...next, offset: 0 });
    }

    /** Asks for other rows; of several questions only the latest is of interest. */
    async ask(change) {
      const { offset, sort, descending, filter } = { ...this, ...change };
      const asked = (this.asked = { offset, sort, descending, filter });
      this.rows.setAttribute('aria-busy', 'true');
      clearTimeout(this.slow);
      this.slow = setTimeout(() => this.say('Waiting for the kernel …'), SLOW_MS);
      const answer = await this.line.ask({ table: this.id, count: this.size, ...asked });
      if (this.isOver || asked !== this.asked) return;
      clearTimeout(this.slow);
      this.rows.removeAttribute('aria-busy');
      if (!answer || answer.error) {
        this.say(answer?.error ?? 'The kernel does not answer. Run the cell again to see its rows.', true);
        return;
      }
      this.keepHeight = filter === this.filter;
      Object.assign(this, { sort, descending, filter });
      this.show(answer);
    }

    show({ html, rows, all, offset, process }) {
      const focused = [...this.rows.querySelectorAll('.cs-sort')].indexOf(document.activeElement);
      const { offsetWidth: width, offsetHeight: height } = this.rows.firstElementChild ?? this.saved[0];
      this.rows.style.minHeight = this.keepHeight ? `${Math.max(height, parseFloat(this.rows.style.minHeight) || 0)}px` : '';
      [this.offset, this.count] = [offset, rows];
      this.rows.innerHTML = html; // Encoded by the kernel, as in the saved HTML.
      const table = this.rows.querySelector('table');
      if (this.keepHeight !== undefined) table.style.minWidth = `${width}px`;
      table.setAttribute('aria-rowcount', rows + 1);
      this.rows.querySelectorAll('thead th:not(:first-child)').forEach((header, i) => {
        const name = header.firstChild?.nodeType === Node.TEXT_NODE ? header.firstChild.data : '';
        const button = element('button', { type: 'button', className: 'cs-sort', title: 'Sort' }, ...header.childNodes);
        button.addEventListener('click', () => this.sorted(name));
        header.append(button);
        if (name === this.sort) header.setAttribute('aria-sort', this.descending ? 'descending' : 'ascending');
        if (i === focused) button.focus();
      });
      const isFirst = offset === 0, isLast = offset + this.size >= rows;
      this.back.forEach(button => button.setAttribute('aria-disabled', isFirst));
      this.forth.forEach(button => button.setAttribute('aria-disabled', isLast));
      const range = rows === 0 ? 'No rows' : `${counted(offset + 1)}–${counted(Math.min(rows, offset + this.size))} of ${counted(rows)}`;
      const isFresh = this.process !== undefined && this.process !== process;
      this.process = process;
      this.say(range + (rows < all ? ` (${counted(all)} in all)` : '') + (isFresh ? ', of a fresh worker' : ''));
    }

    say(text, isFailed = false) {
      this.said.classList.toggle('cs-failed', isFailed);
      this.said.textContent = text;
    }
  }

  /** Shows tables of one notebook: as HTML is shown, and then live. */
  function addTo(rendermime, sessionContext) {
    const html = rendermime.getFactory('text/html');
    if (!html || rendermime.getFactory(MIME_TYPE)) return;
    const line = new Line(sessionContext);
    const tables = new Set();
    const end = () => {
      line.hangUp();
      for (const table of tables) table.stop();
      tables.clear();
    };
    sessionContext.kernelChanged.connect((_, { oldValue }) => oldValue && end());
    sessionContext.statusChanged.connect((_, status) => ['restarting', 'autorestarting', 'terminating', 'dead'].includes(status) && end());
    rendermime.addFactory({
      safe: false,
      mimeTypes: [MIME_TYPE],
      createRenderer: options => {
        const widget = html.createRenderer({ ...options, mimeType: 'text/html' });
        const renderHtml = widget.renderModel.bind(widget);
        let table = null;
        const leave = () => {
          if (table) table.isOver = true;
          tables.delete(table);
        };
        widget.renderModel = async model => {
          leave();
          await renderHtml(model);
          table = new Table(line, widget.node, model.data[MIME_TYPE]);
          tables.add(table);
          table.start();
        };
        widget.disposed.connect(leave);
        return widget;
      }
    }, (html.defaultRank ?? 50) - 10);
  }

  const plugin = {
    id: 'jupyter-csharp:tables',
    description: 'Pages, sorts and filters the large tables of C# notebooks.',
    autoStart: true,
    activate: app => {
      document.head.append(element('style', { textContent: STYLE }));
      window.addEventListener('keydown', keepKeys, true);
      app.docRegistry.addWidgetExtension('Notebook', {
        createNew: (panel, context) => {
          addTo(panel.content.rendermime, context.sessionContext);
          return { dispose: () => {}, isDisposed: false };
        }
      });
    }
  };

  (window._JUPYTERLAB ??= {})['jupyter-csharp'] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin })
  };
})();
