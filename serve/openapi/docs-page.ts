import { createRequire } from "node:module";
import { dirname } from "node:path";
import express from "express";

const require = createRequire(import.meta.url);

/** Only what this server itself has sent: the page asks nobody else for anything, and Swagger UI styles by attributes. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kdnas: the API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="routes"></div>
<noscript>The document of the API is at <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;
/** The validator is a service of others that the page would otherwise tell its address. */
const start = `SwaggerUIBundle({ url: "openapi.json", dom_id: "#routes", validatorUrl: null, deepLinking: true });\n`;

const assets = ["swagger-ui.css", "swagger-ui-bundle.js"] as const;

/** `/docs`: the document of the API for people, from packages on this disk. */
export function docsRouter(): express.Router {
  const router = express.Router();
  const folder = dirname(require.resolve("swagger-ui-dist/package.json"));
  router.get("/docs", (_req, res) => {
    res.setHeader("content-security-policy", policy);
    res.type("html").send(page);
  });
  router.get("/docs/start.js", (_req, res) => void res.type("js").send(start));
  for (const asset of assets)
    router.get(`/docs/${asset}`, (_req, res) => res.sendFile(asset, { root: folder, maxAge: "1h" }));
  return router;
}
