// How the page of `handstream bench --html` is built: into one file of the Python package, with all its code and style inside.
import { defineConfig, type Plugin } from 'vite';

/** Puts scripts and styles into the HTML that asks for them. */
function inOneFile(): Plugin {
  return {
    name: 'in-one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = Object.values(bundle).find((file) => file.type === 'asset' && file.fileName.endsWith('.html'));
      if (page?.type !== 'asset') throw new Error('there is no page to put the code into');
      let html = String(page.source);
      for (const [name, file] of Object.entries(bundle)) {
        if (file === page) continue;
        // The replacements are functions, since a text could hold "$&" and the like.
        html =
          file.type === 'chunk'
            ? html.replace(tag('script', name), () => `<script type="module">${file.code.replaceAll('</script', '<\\/script')}</script>`)
            : html.replace(tag('link', name), () => `<style>${file.source}</style>`);
        delete bundle[name];
      }
      page.source = html;
    },
  };
}

/** The element that asks for that file. */
function tag(name: 'script' | 'link', file: string): RegExp {
  const end = name === 'script' ? '></script>' : '>';
  return new RegExp(`<${name}[^>]*${file.replaceAll('.', '\\.')}"[^>]*${end}`);
}

export default defineConfig({
  plugins: [inOneFile()],
  build: {
    outDir: '../src/handstream/page',
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rollupOptions: { input: 'report.html' },
  },
});
