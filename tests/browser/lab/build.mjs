// Assembles a JupyterLab front end from the npm packages in ../node_modules, as the JupyterLab
// wheel would hold it: one bundle of every extension package, and beside it the schemas and
// themes that its setting and theme services fetch from the server.
//
// usage: node lab/build.mjs      (writes ../build; server.py serves it)

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = path.join(root, 'node_modules');
const out = path.join(root, 'build');
const readJson = file => JSON.parse(fs.readFileSync(file, 'utf8'));

// A package's `jupyterlab` field says what it adds: plugins, renderers, settings, a theme.
const extensions = Object.keys(readJson(path.join(root, 'package.json')).dependencies)
  .filter(name => /^@jupyterlab\/.*-extension$/.test(name))
  .map(name => {
    const dir = path.join(packages, name);
    const manifest = readJson(path.join(dir, 'package.json'));
    const { extension, mimeExtension, schemaDir, themePath } = manifest.jupyterlab ?? {};
    const module = entry => entry && (entry === true ? name : `${name}/${entry}`);
    const style = manifest.styleModule ?? manifest.style;
    return {
      name, dir, schemaDir, themePath,
      plugins: module(extension), renderers: module(mimeExtension), style: style && `${name}/${style}`
    };
  });

function copySchemas() {
  for (const { name, dir, schemaDir } of extensions.filter(e => e.schemaDir)) {
    const target = path.join(out, 'schemas', name);
    fs.cpSync(path.join(dir, schemaDir), target, { recursive: true });
    // The settings handler reads the package's version from here.
    fs.copyFileSync(path.join(dir, 'package.json'), path.join(target, 'package.json.orig'));
  }
}

// What JupyterLab's own generated index.js does, but with no modules for federated extensions to share.
function entryPoint() {
  const styles = extensions.flatMap(e => e.style ?? []);
  const plugins = extensions.flatMap(e => e.plugins ?? []);
  const renderers = extensions.flatMap(e => e.renderers ?? []);
  const imports = (prefix, modules) => modules.map((m, i) => `import * as ${prefix}${i} from '${m}';`).join('\n');
  const names = (prefix, modules) => modules.map((_, i) => `${prefix}${i}`).join(', ');
  return `
${styles.map(style => `import '${style}';`).join('\n')}
${imports('plugin', plugins)}
${imports('renderer', renderers)}
import { JupyterLab } from '@jupyterlab/application';
import { JupyterPluginRegistry, PageConfig, URLExt } from '@jupyterlab/coreutils';

async function loadFederated({ name, load, extension }) {
  const script = document.createElement('script');
  script.src = URLExt.join(PageConfig.getOption('fullLabextensionsUrl'), name, load);
  await new Promise((resolve, reject) => {
    Object.assign(script, { onload: resolve, onerror: () => reject(new Error(\`cannot load \${script.src}\`)) });
    document.head.append(script);
  });
  const container = window._JUPYTERLAB[name];
  await container.init({});
  return (await container.get(extension))();
}

const loads = await Promise.allSettled(JSON.parse(PageConfig.getOption('federated_extensions') || '[]').filter(e => e.extension).map(loadFederated));
const federated = loads.flatMap(({ value, reason }) => value ?? (console.error(reason), []));
const asList = module => [module.default ?? module].flat();
const plugins = [${names('plugin', plugins)}, ...federated].flatMap(asList).filter(p => p?.id && !PageConfig.Extension.isDisabled(p.id));
const mimeExtensions = [${names('renderer', renderers)}].map(m => ({ __esModule: true, default: asList(m) }));

const pluginRegistry = new JupyterPluginRegistry();
pluginRegistry.registerPlugins(plugins);
const serviceManagerToken = plugins.find(p => p.provides?.name.endsWith(':IServiceManager')).provides;
const serviceManager = await pluginRegistry.resolveRequiredService(serviceManagerToken);
const availablePlugins = plugins.map(({ id, description = '', autoStart }) =>
  ({ id, description, autoStart, requires: [], optional: [], provides: null, enabled: true, extension: id.split(':')[0] }));

const app = new JupyterLab({ pluginRegistry, serviceManager, mimeExtensions, availablePlugins });
window.jupyterapp = app;
await app.start();
`;
}

const webpackHabits = {
  name: 'webpack-habits', // JupyterLab's packages are written for webpack
  setup({ onResolve, onLoad, resolve }) {
    const lookup = ({ path: name, kind, resolveDir, importer }, pluginData) =>
      resolve(name, { kind, resolveDir, importer, pluginData });
    onResolve({ filter: /^~/ }, args => lookup({ ...args, path: args.path.slice(1) }));

    // An svg imported by a script is its text, one named in a style sheet is a data URL.
    onResolve({ filter: /\.svg([?#].*)?$/ }, async args => {
      if (args.pluginData === 'svg') return;
      const found = await lookup({ ...args, path: args.path.replace(/[?#].*$/, '') }, 'svg');
      if (found.errors.length) return { errors: found.errors };
      return { path: found.path, namespace: args.kind === 'url-token' ? 'svg-url' : 'svg-text' };
    });
    onLoad({ filter: /.*/, namespace: 'svg-url' }, args => ({ contents: fs.readFileSync(args.path), loader: 'dataurl' }));
    onLoad({ filter: /.*/, namespace: 'svg-text' }, args => ({ contents: fs.readFileSync(args.path), loader: 'text' }));

    // Node modules that some packages name but do not need in a browser.
    onResolve({ filter: /^(url|buffer|crypto|fs|stream|module)$/ }, args => ({ path: args.path, namespace: 'empty' }));
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  }
};

function bundle(entry, outdir, options = {}) {
  const loader = Object.fromEntries([
    ...['.md', '.txt', '.raw', '.html'].map(ext => [ext, 'text']),
    ...['.png', '.jpg', '.gif', '.ico', '.ttf', '.woff', '.woff2', '.eot'].map(ext => [ext, 'file'])
  ]);
  return esbuild.build({
    ...entry, outdir, loader, bundle: true, minify: true, logLevel: 'warning',
    absWorkingDir: root, nodePaths: [packages], plugins: [webpackHabits], ...options
  });
}

fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out);
copySchemas();

const processShim = path.join(out, 'process.js');
fs.writeFileSync(processShim, `export const process = {
  env: { NODE_ENV: 'production' }, cwd: () => '/', platform: 'browser', argv: [], nextTick: f => Promise.resolve().then(f) };`);
await bundle({ stdin: { contents: entryPoint(), resolveDir: root, sourcefile: 'lab.js' } }, path.join(out, 'static'), {
  entryNames: 'lab', chunkNames: 'chunks/[name]-[hash]', assetNames: 'assets/[name]-[hash]',
  format: 'esm', splitting: true, target: 'es2022', alias: { path: 'path-browserify' }, inject: [processShim],
  define: { global: 'globalThis', __dirname: '"/"', __filename: '"/lab.js"', 'process.env.NODE_ENV': '"production"' }
});
for (const { name, dir, themePath } of extensions.filter(e => e.themePath))
  await bundle({ entryPoints: { index: path.join(dir, themePath) } }, path.join(out, 'themes', name));

// Written last: this file says that the build is complete.
const { version } = readJson(path.join(packages, '@jupyterlab/application/package.json'));
fs.writeFileSync(path.join(out, 'version.json'), JSON.stringify({ version }));
console.log(`built JupyterLab ${version} from ${extensions.length} extension packages`);
