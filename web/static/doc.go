// Package static serves the files that pages load: the style sheet, the
// scripts and the icons.
//
// # Where they come from
//
// The folder dist is built from web/assets by `npm ci && npm run build` and
// committed with its sources, so building, testing and running the program
// needs no node. Each file is named after its content, app-1cb527f975.css, and
// dist/manifest.json maps the logical name app.css to that name.
//
// # Use
//
//	mux.Handle("GET /static/", static.Handler())
//	<link rel="stylesheet" href={ static.Path("app.css") }>
//	<use href={ static.Path("icons.svg") + "#database" }>
//
// Because a name never stands for two contents, a browser may keep a file for
// ever. The logical names are app.css, app.js, editor.js (the SQL editor,
// loaded by the console only), icons.svg, favicon.svg and licenses.txt (of the
// packages bundled into the others).
package static
